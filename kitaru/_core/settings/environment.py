"""The environment, read here and nowhere else.

A variable that is set to nothing counts as not set, as shells and CI systems leave it behind.
"""

from __future__ import annotations

import os
from typing import Final, Literal, cast

from kitaru._core.settings.server_url import checked_url
from kitaru.errors import KitaruUsageError

LocalRunner = Literal["process", "thread", "inline"]

OTHER_VARIABLES: Final = {
    "KITARU_PROGRESS": "auto (the default), on or off: whether wait() shows progress on stderr.",
    "KITARU_LOCAL_RUNNER": "process, thread or inline: where flows of the local stack run. inline blocks, for debuggers.",
    "KITARU_CONCURRENCY": "A whole number, 1 or more: how many checkpoints of one execution run at once.",
    "KITARU_PROCESSES": 'A whole number, 1 or more: how many checkpoints with runtime="process" of one execution run at once; by default as many as there are cores.',
    "KITARU_CANCEL_GRACE": "Seconds, 0 to 3600, 3 by default: how long the code of a local flow that is cancelled may clean up before it is killed, and calls may go on that nobody waits for when an execution ends.",
    "KITARU_SENSITIVE_VARIABLES": "Names, separated by commas, * for anything: which further environment variables hold secrets, so that their values are written into no file.",
    "KITARU_HOST": "on (the default) or off: whether runners, and commands that read, begin as forks of a resident process that has loaded ZenML.",
    "KITARU_SHORTCUTS": "on (the default) or off: whether Kitaru answers for ZenML what that would work out anew each time.",
    "KITARU_FORCE_REPLAY": "on or off (the default): whether a flow's body runs again from its beginning after every outcome, to test that it does the same again.",
    "KITARU_SERVER_URL": "A ZenML server's URL: use it without `kitaru login`, and leave ZenML's configuration as it is.",
    "KITARU_AUTH_TOKEN": "An API key of a service account, or a token, for the server of KITARU_SERVER_URL.",
    "KITARU_PROJECT": "Name or id of the ZenML project to work in.",
    "KITARU_MCP_READ_ONLY": "on or off (the default): whether kitaru-mcp offers only tools that change nothing.",
    "KITARU_LLM_MOCK": "What kitaru.llm() answers without asking a model; JSON where it is asked for more than text.",
}
"""The variables beside the settings, with what they accept; also the manual of ``kitaru config show --help``."""

CANCEL_GRACE: Final = 3
"""Seconds that the code of a cancelled flow has to clean up unless KITARU_CANCEL_GRACE says otherwise."""
_LONGEST_GRACE: Final = 3600

TRUTH_WORDS: Final = "true, false, 1, 0, yes, no, on or off"
_TRUTH: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


def read(variable: str) -> str | None:
    """Return the variable's text without surrounding space; ``None`` where it is not set or empty."""
    return os.environ.get(variable, "").strip() or None


def malformed(name: str, where: str, text: str, accepted: str) -> KitaruUsageError:
    """Return the error for text that ``where`` gives and that is not what ``name`` accepts."""
    return KitaruUsageError(f"{name} must be {accepted}, but {where} gives {text!r}.")


def truth(text: str) -> bool | None:
    """Return what a word such as ``yes`` or ``off`` means, in any case; ``None`` where it is no such word."""
    return _TRUTH.get(text.lower())


def whole_number(text: str) -> int | None:
    """Return the number that plain digits spell; ``None`` for signs, points, exponents and all else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004 - no count needs ten digits


def progress() -> bool | None:
    """Return what KITARU_PROGRESS says: show progress, show none, or ``None`` to decide by the terminal.

    Raises:
        KitaruUsageError: The variable holds anything but auto, on or off.
    """
    text = read("KITARU_PROGRESS")
    if text is None or text.lower() == "auto":
        return None
    shown = truth(text)
    if shown is None:
        raise malformed("Progress", "KITARU_PROGRESS", text, "auto, on or off")
    return shown


def plain_terminal() -> bool:
    """Whether a terminal is to be treated as one that shows lines and nothing else: ``NO_COLOR``, or a dumb one."""
    return read("NO_COLOR") is not None or (read("TERM") or "dumb") in ("dumb", "unknown")


def host_enabled() -> bool:
    """Return what KITARU_HOST says: whether runners, and commands that read, begin as forks of a resident process.

    Raises:
        KitaruUsageError: The variable holds anything but on or off.
    """
    return _on("Host", "KITARU_HOST", read("KITARU_HOST"))


def shortcuts_enabled() -> bool:
    """Return what KITARU_SHORTCUTS says: whether ZenML does some of its work as Kitaru has it done.

    Raises:
        KitaruUsageError: The variable holds anything but on or off.
    """
    return _on("Shortcuts", "KITARU_SHORTCUTS", read("KITARU_SHORTCUTS"))


def replay_forced() -> bool:
    """Return what KITARU_FORCE_REPLAY says: whether a body runs again after every outcome that it is given.

    Raises:
        KitaruUsageError: The variable holds anything but on or off.
    """
    return _on("Forced replay", "KITARU_FORCE_REPLAY", read("KITARU_FORCE_REPLAY") or "off")


def _on(name: str, variable: str, text: str | None) -> bool:
    value = True if text is None else truth(text)
    if value is None:
        raise malformed(name, variable, text or "", "on or off")
    return value


def local_runner() -> LocalRunner | None:
    """Return what KITARU_LOCAL_RUNNER says: where flows of the local stack run; ``None`` where it is not set.

    Raises:
        KitaruUsageError: The variable holds anything but process, thread or inline.
    """
    text = read("KITARU_LOCAL_RUNNER")
    if text is None:
        return None
    if text.lower() not in {"process", "thread", "inline"}:
        raise malformed("The local runner", "KITARU_LOCAL_RUNNER", text, "process, thread or inline")
    return cast("LocalRunner", text.lower())


def concurrency() -> int | None:
    """Return what KITARU_CONCURRENCY says: how many checkpoints of one execution run at once; ``None`` if not set.

    Raises:
        KitaruUsageError: The variable holds anything but a whole number, 1 or more.
    """
    text = read("KITARU_CONCURRENCY")
    if text is None:
        return None
    limit = whole_number(text)
    if not limit:
        raise malformed("Concurrency", "KITARU_CONCURRENCY", text, "a whole number, 1 or more")
    return limit


def processes() -> int | None:
    """Return what KITARU_PROCESSES says: how many checkpoints of one execution run in processes of their own at once.

    Raises:
        KitaruUsageError: The variable holds anything but a whole number, 1 or more.
    """
    text = read("KITARU_PROCESSES")
    limit = whole_number(text) if text is not None else None
    if text is not None and not limit:
        raise malformed("The number of processes", "KITARU_PROCESSES", text, "a whole number, 1 or more")
    return limit


def cancel_grace() -> int:
    """Return what KITARU_CANCEL_GRACE says: for how many seconds the code of a cancelled local flow may clean up.

    Raises:
        KitaruUsageError: The variable holds anything but a whole number up to 3600.
    """
    text = read("KITARU_CANCEL_GRACE")
    if text is None:
        return CANCEL_GRACE
    seconds = whole_number(text)
    if seconds is None or seconds > _LONGEST_GRACE:
        raise malformed(
            "The grace of a cancelled flow", "KITARU_CANCEL_GRACE", text, "a whole number of seconds up to 3600"
        )
    return seconds


def sensitive_variables() -> list[str]:
    """Return what KITARU_SENSITIVE_VARIABLES says: further variables that hold secrets, by name or pattern."""
    text = read("KITARU_SENSITIVE_VARIABLES") or ""
    return [name.strip() for name in text.split(",") if name.strip()]


def server_url() -> str | None:
    """Return the server that KITARU_SERVER_URL names; ``None`` where it is not set.

    Raises:
        KitaruUsageError: The variable holds no URL of a server.
    """
    text = read("KITARU_SERVER_URL")
    return None if text is None else checked_url(text, "KITARU_SERVER_URL")


def auth_token() -> str | None:
    """Return the key or token that KITARU_AUTH_TOKEN holds; ``None`` where it is not set.

    Raises:
        KitaruUsageError: The variable holds what can be no key; the message does not repeat it.
    """
    text = read("KITARU_AUTH_TOKEN")
    if text is not None and not (text.isascii() and text.isprintable() and " " not in text):
        raise KitaruUsageError(
            "KITARU_AUTH_TOKEN holds no key: there are spaces, line breaks or other signs inside. Copy it again."
        )
    return text


def project() -> str | None:
    """Return the name or id of the project that KITARU_PROJECT holds; ``None`` where it is not set."""
    return read("KITARU_PROJECT")


def mcp_read_only() -> bool:
    """Return what KITARU_MCP_READ_ONLY says: whether assistants may only look.

    Raises:
        KitaruUsageError: The variable holds anything but on or off.
    """
    return _on("Read-only mode", "KITARU_MCP_READ_ONLY", read("KITARU_MCP_READ_ONLY") or "off")


def llm_mock() -> str | None:
    """Return the answer that KITARU_LLM_MOCK gives in the place of models; ``None`` where it is not set."""
    return read("KITARU_LLM_MOCK")
