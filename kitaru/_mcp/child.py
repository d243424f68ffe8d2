"""The process that loads the user's code for the server: ``python -m kitaru._mcp.child REQUEST``.

It reads the arguments as a JSON object from stdin and answers with one on stdout: ``{"found": ...}`` or
``{"error": "..."}``.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruBackendError, KitaruError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable


def run(target: str, inputs: dict[str, Any], options: dict[str, Any]) -> str:
    """Start an execution of a flow and return its id."""
    from kitaru._cli.target import load_flow
    from kitaru.json_values import arguments_from_json

    flow = load_flow(target)
    for name in options.keys() & inputs.keys():  # a flow with **kwargs can be given one
        raise KitaruUsageError(f"The input has {name!r}, which is an option and no input: use the argument {name}.")
    args, kwargs = arguments_from_json(flow.func, inputs)
    return flow.run(*args, **options, **kwargs).exec_id


def replay(exec_id: str, change: dict[str, Any], options: dict[str, Any]) -> str:
    """Start a replay and return its id."""
    from kitaru import KitaruClient
    from kitaru.answers import answer_from_text
    from kitaru.json_values import inputs_from_json

    executions = KitaruClient().executions
    flow = executions.flow(exec_id)
    answers = change.pop("answers") or {}
    waits = executions.waits(exec_id) if answers else {}
    for name, answer in answers.items():
        if isinstance(answer, str):
            answers[name] = answer_from_text(answer, waits[name].json_schema if name in waits else {})
    inputs = inputs_from_json(flow.func, change.pop("inputs") or {}) or None
    return flow.replay(exec_id, inputs=inputs, wait_answers=answers or None, **change, **options).exec_id


def result(exec_id: str, offset: int, max_text: int) -> dict[str, Any]:
    """Return the value of a completed execution."""
    from kitaru import KitaruClient

    executions = KitaruClient().executions
    try:
        value = executions.result(exec_id)
    except KitaruBackendError:  # its type may be one of the flow's module
        with suppress(KitaruError):
            executions.flow(exec_id)
        value = executions.result(exec_id)
    return _shown(value, offset, max_text)


def artifact(artifact_id: str, offset: int, max_text: int) -> dict[str, Any]:
    """Return an artifact and its value."""
    from kitaru import KitaruClient

    record = KitaruClient().artifacts.get(artifact_id)
    return {"artifact": record.model_dump(mode="json"), **_shown(record.load(), offset, max_text)}


REQUESTS: Final[dict[str, Callable[..., Any]]] = {"run": run, "replay": replay, "result": result, "artifact": artifact}


def _shown(value: Any, offset: int, max_text: int) -> dict[str, Any]:
    from kitaru._mcp.shortened import value_or_text
    from kitaru.json_values import result_to_json

    if isinstance(value, str):
        return value_or_text(value, value, offset, max_text)
    text = result_to_json(value)
    return value_or_text(text, json.loads(text), offset, max_text)


def _answer(request: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"found": REQUESTS[request](**arguments)}
    except KitaruError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - the one place of this process where errors become text
        traceback.print_exception(error)
        # Its text may be of anywhere, with an address or a key in it: the log stays with the user.
        return {"error": f"Unexpected {type(error).__name__}. What it says stands in the log of this server."}


def main() -> None:
    """Answer one request."""
    # The answer alone belongs there; what ZenML and the user's code print goes to the log of the server, and processes
    # that are started here do not inherit it.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stdout:
        os.dup2(2, 1)
        sys.path.append(str(Path.cwd()))  # values may be of types that are defined there
        json.dump(_answer(sys.argv[1], json.load(sys.stdin)), stdout)


if __name__ == "__main__":
    main()
