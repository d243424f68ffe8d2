"""What a runner has otherwise than its execution had at its start. Standard library only."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru._core.process.surroundings import Surroundings


@dataclass(frozen=True)
class Lack:
    """What a runner has otherwise than its execution had at its start.

    Attributes:
        lines: What is missing or different, in words.
        lacks_secrets: Whether there are secrets among it.
        left_out: Variables that whoever let the execution go on has set otherwise.
        exec_id: The execution.
    """

    lines: tuple[str, ...] = ()
    lacks_secrets: bool = False
    left_out: tuple[str, ...] = ()
    exec_id: str = ""

    def about(self, failure: str) -> str | None:
        """Return what is to be told when the execution fails; None where there is nothing.

        Args:
            failure: What the failure says; variables that were left out are told where it names them.
        """
        named = [name for name in self.left_out if len(name) > 1 and re.search(rf"\b{re.escape(name)}\b", failure)]
        exec_id = self.exec_id
        command = f"kitaru executions retry {exec_id}"
        lines = list(self.lines)
        if self.lacks_secrets:
            lines.append(f"Secrets are kept by name only. Set them where you call: {command}")
        if named:
            lines.append(
                f"{', '.join(named)}: set otherwise where the execution was let go on; the environment of its start "
                f"counts. To take the present one: {command} --env current"
            )
        return "\n".join(lines) or None


_own = [Lack()]


def own() -> Lack:
    """Return what this process, as a runner, lacks."""
    return _own[0]


def note(kept: Surroundings, exec_id: str, left_out: Sequence[str]) -> Lack:
    """Work out what this process lacks as the runner of an execution that goes on, and remember it.

    Args:
        kept: What the execution was started in.
        exec_id: The execution.
        left_out: Variables that whoever let it go on has set otherwise.
    """
    lines = []
    if secrets := kept.lacking(os.environ):
        lines.append(secrets)
    if kept.existing_folder is None and kept.folder is not None:
        lines.append(f"{kept.folder}: the folder in which the execution was started cannot be entered any more")
    if kept.python[1] != sys.prefix:
        lines.append(f"{kept.python[1]}: the Python environment of its start is not there; this is {sys.prefix}")
    _own[0] = Lack(tuple(lines), bool(secrets), tuple(left_out), exec_id)
    return _own[0]
