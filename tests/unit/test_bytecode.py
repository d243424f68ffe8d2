"""What a function does has one digest, in every process and whatever its file is called."""

from __future__ import annotations

import sys
import types

from kitaru._core.code.bytecode import code_digest
from kitaru._core.identity.digests import digest


def digest_of(source: str, file: str = "one.py") -> str:
    """Return the digest of the function ``call`` that a text defines."""
    names: dict[str, object] = {}
    exec(compile(source, file, "exec"), names)
    return code_digest(names["call"].__code__)  # type: ignore[attr-defined]


def test_a_function_has_another_digest_as_soon_as_it_does_something_else():
    source = "def call(a):\n    return [b + 1 for b in a if b in {1, 'x', 3}] or (lambda: 2)()\n"
    assert digest_of(source) == digest_of(f"\n\n{source}", "another.py")
    changes = {"b + 1": "b + 2", "(lambda: 2)": "(lambda: 3)", "{1, 'x', 3}": "{1, 'y', 3}", "b + 1 ": "b.c "}
    others = {digest_of(source.replace(old, new)) for old, new in changes.items()}
    assert len(others | {digest_of(source)}) == len(changes) + 1


def test_the_cache_tells_functions_of_one_name_apart_by_what_they_do(monkeypatch):
    def given(source: str) -> str:
        module = types.ModuleType("given")
        exec(source, module.__dict__)
        monkeypatch.setitem(sys.modules, "given", module)
        digests = [digest(module.call, strict=cached) for cached in (True, False)]
        return " ".join(digests)

    once, same, other = (given(f"def call(): return {number}") for number in (1, 1, 2))
    assert once == same
    assert [one == two for one, two in zip(once.split(), other.split(), strict=True)] == [False, True]
