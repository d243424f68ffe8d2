"""What a function does, as one digest."""

from __future__ import annotations

import hashlib
from types import CodeType


def code_digest(code: CodeType) -> str:
    """Hash what a function does; the same in every process.

    Args:
        code: Its code.
    """
    digest = hashlib.sha256(code.co_code)
    for constant in code.co_consts:
        digest.update(_constant(constant).encode("utf-8", "surrogatepass") + b"\0")
    digest.update(repr(code.co_names).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _constant(constant: object) -> str:
    if isinstance(constant, CodeType):
        return code_digest(constant)
    return repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)
