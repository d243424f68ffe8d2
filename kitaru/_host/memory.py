"""Secrets that the host remembers, so that they are there when an execution goes on. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru._core.process.kept_secrets import Secrets

# How many values of a variable are remembered.
_REMEMBERED: Final = 16


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
