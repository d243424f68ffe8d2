"""Builds of images: their output as it comes, and what went wrong in terms of the failed step."""

from __future__ import annotations

import logging
import re
import shutil
import sys
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from docker.errors import DockerException
from zenml.exceptions import AuthorizationException

from kitaru._core.drawing.trace import clipped
from kitaru._zenml.door.private import hear_engine_by
from kitaru._zenml.stacks import transfers
from kitaru._zenml.stacks.transfers import Transfer, tee_progress
from kitaru.errors import KitaruImageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru._core.images.build_context import Context

_LOGGER: Final = logging.getLogger("zenml.container_engines.docker_engine")
_STEP: Final = re.compile(r"^Step \d+/\d+ : ")
_NOISE: Final = re.compile(r"^(--->|Removing intermediate container|Successfully (built|tagged))")
_DULL: Final = re.compile(r"^(Requirement already satisfied|Downloading |Collecting |[━╸╺ ]*\d*[━╸╺])")
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_LAST_LINES: Final = 15
_building: ContextVar[BuildLog | None] = ContextVar("kitaru_building", default=None)


class BuildLog:
    """The output of one build: shown as it comes, its end kept for a message.

    Steps whose layers are taken from the cache are not shown, unless everything is. At a terminal the last line says what
    is being done at the moment, such as a download, and gives way to what is shown.
    """

    def __init__(self, *, shown: bool, everything: bool) -> None:
        self.step = ""
        self.lines: deque[str] = deque(maxlen=_LAST_LINES)
        self.pushing = ""
        self._shown = shown
        self._everything = everything
        self._held = ""
        self._has_status = False
        self.transfer = Transfer(shown)

    def status(self, text: str) -> None:
        """Say at a terminal what is being done, in place of what was said last; nothing ends it."""
        if not self._shown or not transfers.in_place() or not (text or self._has_status):
            return
        self._has_status = bool(text)
        sys.stderr.write(f"\r\x1b[2K{clipped(text, shutil.get_terminal_size().columns - 1)}")
        sys.stderr.flush()

    def add(self, text: str) -> None:
        """Take the next piece of output."""
        for line in _COLOURS.sub("", text).splitlines():
            if line.strip():
                self._add(line.rstrip())

    def _add(self, line: str) -> None:
        if _STEP.match(line):
            self.step, self.lines = line, deque(maxlen=_LAST_LINES)
            self._hold(line)
            self.status(line)
        elif line.startswith("Pushing Docker image"):
            self.pushing = line
            self._print(line)
        elif line.strip() == "---> Using cache" and not self._everything:
            self._held = ""
        elif not _NOISE.match(line.strip()):
            self.lines.append(line)
            if self._everything or not _DULL.match(line.strip()):
                self._print(line)
            else:
                self.status(f"{self.step.partition(' : ')[0]} : {line.strip()}")

    def _hold(self, line: str) -> None:
        if self._everything:
            self._print(line)
        else:
            self._held = line  # until its next line tells whether it comes from the cache

    def _print(self, line: str) -> None:
        if self._shown:
            self.status("")
            held, self._held = self._held, ""
            sys.stderr.write(f"{held}\n{line}\n" if held else f"{line}\n")
            sys.stderr.flush()


def _tee_progress(stream: Iterable[bytes]) -> Iterable[bytes]:
    """Hear what the engine reports of layers, which ZenML reads and does not pass on."""
    log = _building.get()
    return stream if log is None else tee_progress(stream, log.transfer)


class _Router(logging.Handler):
    """Hands what ZenML's engine logs to the build that runs in the same thread."""

    def emit(self, record: logging.LogRecord) -> None:
        log = _building.get()
        if log is not None:
            log.add(record.getMessage())
        elif record.levelno >= logging.WARNING:
            logging.getLogger("zenml").handle(record)


@contextmanager
def watched(context: Context, *, shown: bool, everything: bool = False) -> Iterator[None]:
    """Show the output of the builds inside, and tell their failures as Kitaru's.

    Args:
        context: What is built from; a large one is warned of.
        shown: Whether output goes to stderr.
        everything: Whether that includes steps whose layers come from the cache.

    Raises:
        KitaruImageError: A build or a push failed.
    """
    if context.warning:
        sys.stderr.write(f"kitaru: {context.warning}\n")
    if not any(isinstance(handler, _Router) for handler in _LOGGER.handlers):
        _LOGGER.addHandler(_Router())
        _LOGGER.setLevel(logging.DEBUG)
        _LOGGER.propagate = False
    hear_engine_by(_tee_progress)
    log = BuildLog(shown=shown, everything=everything)
    token = _building.set(log)
    log.status("kitaru: preparing the image")
    try:
        yield
    except (RuntimeError, DockerException, AuthorizationException) as error:
        if log.pushing or log.step or isinstance(error, DockerException):
            raise KitaruImageError(_failure_text(log, error)) from error
        raise
    finally:
        log.transfer.end()
        log.status("")
        _building.reset(token)


def _failure_text(log: BuildLog, error: Exception) -> str:
    reason = " ".join(str(error).split()).removeprefix("Docker error: ").rstrip(".")
    if log.pushing:
        image = log.pushing.partition("`")[2].partition("`")[0]
        return (
            f"The image {image} was built, and could not be pushed: {reason}. See that the registry runs and that you are "
            f"logged in with rights to push: `docker login`; `kitaru stack check` tries it."
        )
    if not log.step:
        return f"The image could not be built: {reason}. {_remedy(reason)}"
    lines = "".join(f"\n  {line}" for line in log.lines)
    return f"The image could not be built. The step that failed:\n  {log.step}{lines}\n{reason}."


def _remedy(reason: str) -> str:
    if "invalid tag" in reason:
        return "Mend image.target_repository, in lower case, or image.image_tag: letters, digits, '.', '_' and '-'."
    if "platform=" in reason:
        return "Mend image.platform, such as linux/amd64, or use a base image that exists for it."
    return "See that the base image exists and can be pulled."
