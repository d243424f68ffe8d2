"""Layers of images on their way: how many of how many, and how many bytes, from what the Docker engine reports."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.drawing.trace import seconds
from kitaru._core.settings.environment import plain_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOVING: Final = {"Pushing": "pushing", "Downloading": "pulling", "Extracting": "pulling"}
_DONE: Final = {
    "Pushed": "pushing",
    "Layer already exists": "pushing",
    "Mounted from": "pushing",
    "Pull complete": "pulling",
    "Already exists": "pulling",
}
_WAITING: Final = {"Preparing": "pushing", "Waiting": "pushing", "Pulling fs layer": "pulling"}
# Seconds between two pictures on a terminal, and between two lines elsewhere.
_DRAW, _LINE = 0.1, 10.0
_MEGABYTE: Final = 1e6


@dataclass
class Transfer:
    """Layers that are pushed or pulled, shown on stderr: in place on a terminal, elsewhere now and then in a line."""

    shown: bool
    doing: str = ""
    _layers: dict[str, tuple[float, float, bool]] = field(default_factory=dict)
    _began: float = 0.0
    _next: float = 0.0

    def take(self, report: dict[str, Any]) -> None:
        """Take one report of the engine; what does not tell of a layer is passed over."""
        status, layer = str(report.get("status", "")), report.get("id")
        word = next((text for text in (*_MOVING, *_DONE, *_WAITING) if status.startswith(text)), None)
        if word is None or not layer:
            return
        doing = {**_MOVING, **_DONE, **_WAITING}[word]
        if doing != self.doing:
            self.end()
            self.doing, self._began, self._next = doing, time.monotonic(), 0.0
        detail = report.get("progressDetail") or {}
        _, total, done = self._layers.get(layer, (0.0, 0.0, False))
        total = max(total, float(detail.get("total") or 0))
        done = done or word in _DONE
        current = total if done or word == "Extracting" else float(detail.get("current") or 0)
        self._layers[layer] = (min(current, total) if total else 0.0, total, done)
        self._show()

    def end(self) -> None:
        """Say how it ended, and forget the layers."""
        if self._layers and self.shown:
            self._write(f"{self._summary()}, {seconds(time.monotonic() - self._began)}", final=True)
        self._layers.clear()
        self.doing = ""

    def _show(self) -> None:
        now = time.monotonic()
        if not self.shown or now < self._next:
            return
        if not in_place() and not self._next:
            self._next = now + _LINE  # what is done at once needs no line before its last one
            return
        self._next = now + (_DRAW if in_place() else _LINE)
        self._write(self._summary(), final=False)

    def _summary(self) -> str:
        done = sum(done for _, _, done in self._layers.values())
        moved = sum(current for current, _, _ in self._layers.values()) / _MEGABYTE
        total = sum(total for _, total, _ in self._layers.values()) / _MEGABYTE
        size = f", {moved:.0f} of {total:.0f} MB" if total >= 1 else ""
        return f"kitaru: {self.doing} {done} of {len(self._layers)} layers{size}"

    @staticmethod
    def _write(text: str, *, final: bool) -> None:
        if in_place():
            sys.stderr.write(f"\r\x1b[2K{text}" + ("\n" if final else ""))
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def tee_progress(stream: Iterable[bytes], transfer: Transfer) -> Iterator[bytes]:
    """Pass a stream of the engine's reports on, and tell the transfer what they say."""
    for element in stream:
        for line in element.splitlines():
            try:
                report = json.loads(line)
            except ValueError:  # for ZenML to complain of
                continue
            if isinstance(report, dict):
                transfer.take(report)
        yield element
    transfer.end()


def in_place() -> bool:
    """Whether stderr is a terminal on which a line can be written again."""
    return sys.stderr.isatty() and not plain_terminal()
