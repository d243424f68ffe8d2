"""What a shell can complete: ids of executions, names of flows and stacks; silent where nothing answers.

What is in the store, the host looks up, which has ZenML loaded: nobody waits for that at a prompt.
"""

from __future__ import annotations

import ast
import os
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from glob import escape, glob
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from kitaru._cli.entry import run_in_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click

    from kitaru.models import ExecutionSummary

_LIMIT = 100
_FILES = 50


def executions(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id of an execution; the shell may show flow and status with it."""
    return [
        CompletionItem(one.exec_id, help=f"{one.flow_name}, {one.status}")
        for one in _executions()
        if one.exec_id.startswith(incomplete.lower())
    ]


def flows(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a flow that has run."""
    return _items((one.flow_name for one in _executions()), incomplete)


def stacks(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a stack; also of one that executions ran on and that is gone."""
    ran_on = (one.stack_name for one in _executions() if one.stack_name)
    return _items([*_stacks(), *ran_on], incomplete)


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


def _executions() -> list[ExecutionSummary]:
    with _looking_up():
        from kitaru.client import KitaruClient

        return KitaruClient().executions.list(limit=_LIMIT)
    return []


def _stacks() -> list[str]:
    with _looking_up():
        from kitaru.stack import list_stacks

        return [stack.name for stack in list_stacks()]
    return []


@contextmanager
def _looking_up() -> Iterator[None]:
    """Look into the store: in a fork of the host that answers in place of this process, or else here.

    Whatever is said meanwhile would end up in the user's prompt, and what fails completes nothing.
    """
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere), suppress(Exception):
        code = run_in_host(sys.argv[1:])
        if code is not None:
            sys.exit(code)
        yield
