"""Secrets among the variables of an execution: which they are, and how they are known again. Standard library only."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SECRET_NAME: Final = re.compile(
    "KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|(^|_)PASS(_|$)|_PWD$|(^|_)(AUTH|PAT)$|SSHPASS|AUTH_CONFIG|WEBHOOK",
    re.IGNORECASE,
)
# None, whatever they look like: numbers that are read as ZenML is loaded, and what a process cannot do without.
_NO_SECRETS: Final = (
    *("ZENML_PIPELINE_API_TOKEN_EXPIRATION", "PASSLIB_MAX_PASSWORD_SIZE"),
    *("PATH", "HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "SHELL", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH"),
)
# How values look that hold secrets among other things: URLs with credentials, and settings such as `password=...`.
_SECRET_VALUE: Final = re.compile(
    r"://[^\s:/@]*:[^\s@]+@"
    r"|https?://[^\s/@]+@"
    r"|(passw(or)?d|pwd|secret|token|key|credentials?|sig|signature)([\"']?\s*=|[\"']\s*:)\s*[^\s=]"
    r"|passw(or)?d\s*:\s*\S"
    r"|authorization[\"']?\s*[=:]\s*\S|[\"']auth[\"']\s*:|\bbearer\s+\S|(?-i:\bBasic\s+\S)"
    r"|\bgh[pousr]_\w|\bgithub_pat_|\bglpat-|(?<![\w/.-])sk-\w|\bxox[abp]-|(?-i:\beyJ[\w-]+\.[\w-]+\.)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY",
    re.IGNORECASE,
)
_ROUNDS: Final = 10_000
# How long a value is at least that is looked for elsewhere.
_LEAST: Final = 8


def secrets_among(env: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
    """Return the variables that hold secrets: by their names, by their values, or as they contain the value of another.

    Args:
        env: All variables.
        patterns: Which further ones do, by name, with ``*`` for anything.
    """
    secrets = {name: value for name, value in env.items() if _is_secret(name, value, patterns)}
    shown = [value for value in secrets.values() if tells(value)]
    copies = {
        name: value for name, value in env.items() if name not in _NO_SECRETS and any(map(value.__contains__, shown))
    }
    return {**secrets, **copies}


def tells(value: str) -> bool:
    """Whether a value, where it stands elsewhere too, is there for what it is: short ones and paths are common."""
    is_path = os.path.isabs(value) and os.path.exists(value)  # noqa: PTH110, PTH117 - no error for what is no path
    return len(value) >= _LEAST and not is_path


def _is_secret(name: str, value: str, patterns: Iterable[str]) -> bool:
    return name not in _NO_SECRETS and bool(
        _SECRET_NAME.search(name)
        or _SECRET_VALUE.search(value)
        or any(fnmatchcase(name.upper(), pattern.upper()) for pattern in patterns)
    )


@dataclass(frozen=True)
class Secrets:
    """Secrets as they are kept.

    Attributes:
        salt: What their hashes are salted with; for each execution another one.
        hashes: The hash of each value, by the name of its variable.
    """

    salt: str
    hashes: dict[str, str]

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Secrets:
        """Return what is kept of some secrets."""
        salt = os.urandom(16).hex()
        return cls(salt, {name: _hash(salt, value) for name, value in values.items()})

    def fits(self, name: str, value: str | None) -> bool:
        """Whether a variable has the value that it had."""
        return value is not None and _hash(self.salt, value) == self.hashes[name]


def _hash(salt: str, value: str) -> str:
    # Many rounds: a password is short, and who has the file could try those that are likely.
    data = value.encode(errors="surrogateescape")
    return hashlib.pbkdf2_hmac("sha256", data, bytes.fromhex(salt), _ROUNDS).hex()
