"""What a shell can complete: ids of executions, names of flows and stacks. At once, and silent where nothing answers.

Opening ZenML's store takes seconds, which nobody waits for at a prompt. So what was found is kept in a file: it answers
at once, and is brought up to date by a process in the background, for the next time.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout, suppress
from glob import escape, glob
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from kitaru.models import ExecutionSummary

_LIMIT = 100
_FILES = 50
# Seconds: what is older is brought up to date behind the prompt, what is much older is no answer; one refresh at a time.
_FRESH, _STALE, _REFRESH = 3.0, 7 * 86400.0, 30.0


def executions(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id of an execution; the shell may show flow and status with it."""
    return [
        CompletionItem(exec_id, help=f"{flow}, {status}")
        for exec_id, flow, status, _ in _known()["executions"]
        if exec_id.startswith(incomplete.lower())
    ]


def flows(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a flow that has run."""
    return _items((flow for _, flow, _, _ in _known()["executions"]), incomplete)


def stacks(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a stack."""
    known = _known()
    return _items([*known["stacks"], *(stack for _, _, _, stack in known["executions"] if stack)], incomplete)


def targets(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the file of a flow with the flows in it, once its name has begun; other paths are the shell's."""
    path, colon, _ = incomplete.partition(":")
    paths = [CompletionItem(incomplete, type="file")]
    if path in ("", "~") or path.endswith("/"):
        return paths
    files = [path] if colon else sorted(glob(f"{escape(path)}*.py"))[:_FILES]  # noqa: PTH207 - keeps "./" as typed
    flows = _items((f"{file}:{name}" for file in files for name in _flows_in(Path(file))), incomplete)
    return flows if colon else [*paths, *flows]


def files(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the path of a file."""
    return [CompletionItem(incomplete, type="file")]


def types(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a ready-made definition of a stack."""
    from kitaru.stack import stack_types

    return [CompletionItem(name, help=what) for name, what in stack_types().items() if name.startswith(incomplete)]


def _flows_in(file: Path) -> list[str]:
    """Return the functions of a file that seem to be flows, by their decorators: nothing is imported at a prompt."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []
    functions = [node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node.name for node in functions if any(_is_flow(decorator) for decorator in node.decorator_list)]


def _is_flow(decorator: ast.expr) -> bool:
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(named).rpartition(".")[2] == "flow"


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in sorted(set(names)) if name.startswith(incomplete)]


# -- what is known ----------------------------------------------------------------------------------------------------


def _known() -> dict[str, Any]:
    """Return what was found last where it is of the same store, else what is there now."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        snapshot: dict[str, Any] = json.loads(_file().read_text(encoding="utf-8"))
        age = time.time() - snapshot["at"]
        if snapshot["store"] == _store() and age < _STALE:
            if age > _FRESH:
                _refresh_behind()
            return snapshot
    return refresh()


def refresh() -> dict[str, Any]:
    """Find what is there now, and keep it for the next time."""
    snapshot = {
        "at": time.time(),
        "store": _store(),
        "executions": [(one.exec_id, one.flow_name, str(one.status), one.stack_name) for one in _listed()],
        "stacks": _stacks(),
    }
    with suppress(OSError):
        path = _file()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(snapshot), encoding="utf-8")
        new.replace(path)
    return snapshot


def _refresh_behind() -> None:
    """Start a process that outlives this one, unless one was started just now."""
    mark = _file().with_suffix(".refreshing")
    with suppress(FileNotFoundError):
        if time.time() - mark.stat().st_mtime < _REFRESH:
            return
    mark.touch()
    environment = {name: value for name, value in os.environ.items() if name != "_KITARU_COMPLETE"}
    nowhere = subprocess.DEVNULL
    code = (
        "import pathlib, sys; from kitaru._cli import completion; completion.refresh(); "
        "pathlib.Path(sys.argv[1]).unlink(missing_ok=True)"
    )
    subprocess.Popen(
        [sys.executable, "-c", code, str(mark)],
        env=environment, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True,
    )  # fmt: skip


def _file() -> Path:
    from kitaru._core.process.places import runner_directory

    return runner_directory().parent / "completion.json"


def _store() -> str:
    """Return what tells stores apart without opening one: what the environment and ZenML's configuration say."""
    from kitaru._core.process.places import runner_directory

    names = ("KITARU_SERVER_URL", "KITARU_PROJECT", "ZENML_STORE_URL", "ZENML_LOCAL_STORES_PATH")
    said = [os.environ.get(name, "") for name in names]
    with suppress(OSError):
        said.append((runner_directory().parent.parent / "config.yaml").read_text(encoding="utf-8"))
    return sha256("\n".join(said).encode()).hexdigest()


def _listed() -> list[ExecutionSummary]:
    """List the latest executions; whatever goes wrong or is said meanwhile would end up in the user's prompt."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            from kitaru.client import KitaruClient

            return KitaruClient().executions.list(limit=_LIMIT)
        except Exception:  # noqa: BLE001 - a completion that fails completes nothing
            return []


def _stacks() -> list[str]:
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            from kitaru.stack import list_stacks

            return [stack.name for stack in list_stacks()]
        except Exception:  # noqa: BLE001 - the same
            return []
