"""Secrets among the variables of an execution: which they are, and how they are known again. Standard library only."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SECRET_NAME: Final = re.compile(
    "KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|(^|_)PASS(_|$)|_PWD$|(^|_)(AUTH|PAT)$|SSHPASS|AUTH_CONFIG|WEBHOOK",
    re.IGNORECASE,
)
# Named like secrets, and none: numbers that are read as ZenML is loaded, and so must be there from the beginning.
_NO_SECRETS: Final = ("ZENML_PIPELINE_API_TOKEN_EXPIRATION", "PASSLIB_MAX_PASSWORD_SIZE")
# How values look that hold secrets among other things: URLs with credentials, and settings such as `password=...`.
_SECRET_VALUE: Final = re.compile(
    r"://[^\s:/@]*:[^\s@]+@"
    r"|https?://[^\s/@]+@"
    r"|(passw(or)?d|pwd|secret|token|key|credentials?|sig|signature)([\"']?\s*=|[\"']\s*:)\s*[^\s=]"
    r"|passw(or)?d\s*:\s*\S"
    r"|authorization[\"']?\s*[=:]\s*\S|[\"']auth[\"']\s*:|\b(bearer|basic)\s+\S"
    r"|\bgh[pousr]_\w|\bgithub_pat_|\bglpat-|\bsk-\w|\bxox[abp]-|\beyJ[\w-]+\.[\w-]+\."
    r"|-----BEGIN [A-Z ]*PRIVATE KEY",
    re.IGNORECASE,
)
_ROUNDS: Final = 10_000
# How many values of a variable a host remembers.
_REMEMBERED: Final = 16


def is_secret(name: str, value: str, patterns: Iterable[str]) -> bool:
    """Whether a variable holds a secret.

    Args:
        name: Its name.
        value: Its value.
        patterns: Which further variables do, by name, with ``*`` for anything.
    """
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


@dataclass
class Memory:
    """Secrets that a resident process has seen, by name; they stand in no file."""

    _values: dict[str, list[str]] = field(default_factory=dict)

    def note(self, secrets: Secrets, env: Mapping[str, str]) -> None:
        """Remember the values of some variables."""
        for name in secrets.hashes:
            if name in env:
                known = [value for value in self._values.get(name, ()) if value != env[name]]
                self._values[name] = [env[name], *known[: _REMEMBERED - 1]]

    def fill(self, secrets: Secrets, env: Mapping[str, str]) -> dict[str, str]:
        """Return an environment with the remembered values where they are those that were set, and its own are not."""
        found = {
            name: value
            for name in secrets.hashes
            if not secrets.fits(name, env.get(name))
            for value in self._values.get(name, ())
            if secrets.fits(name, value)
        }
        return {**env, **found}

    def clear(self) -> None:
        """Remember nothing any more."""
        self._values.clear()


def _hash(salt: str, value: str) -> str:
    # Many rounds: a password is short, and who has the file could try those that are likely.
    data = value.encode(errors="surrogateescape")
    return hashlib.pbkdf2_hmac("sha256", data, bytes.fromhex(salt), _ROUNDS).hex()
