"""``kitaru stack``: where flows run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kitaru._cli import completion
from kitaru._cli.group import Group
from kitaru._cli.output import as_json, output_option, say, shown, table
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.stack import StackCheck, StackComponent, StackInfo, StackPlan

_LONGEST = 80
_NAME = click.argument("name", required=False, shell_complete=completion.stacks)


@click.group(cls=Group)
def stack() -> None:
    """Choose, make and check the stacks that flows run on.

    Every ZenML stack is there, whatever made it.
    """


@stack.command("list")
@output_option
def list_(output: str) -> None:
    """List the stacks; the active one is marked."""
    from kitaru.stack import list_stacks

    stacks = list_stacks()
    say(as_json(stacks) if output == "json" else table(["ACTIVE", "NAME", "ORCHESTRATOR", "MADE BY"], _rows(stacks)))


@stack.command()
@output_option
def current(output: str) -> None:
    """Print the name of the active stack."""
    from kitaru.stack import current_stack

    active = current_stack()
    say(as_json(active) if output == "json" else active.name)


@stack.command()
@click.argument("name", shell_complete=completion.stacks)
@output_option
def use(name: str, output: str) -> None:
    """Make the stack NAME the active one, for ZenML as well."""
    from kitaru.stack import use_stack

    active = use_stack(name)
    say(as_json(active) if output == "json" else f"Stack {active.name} is active.")


@stack.command()
@_NAME
@output_option
def show(name: str | None, output: str) -> None:
    """Show the components of a stack. Without NAME, it is the active one."""
    from kitaru.stack import describe_stack

    details = describe_stack(name)
    say(as_json(details) if output == "json" else _described(details))


@stack.command()
@click.argument("name")
@click.option(
    "--type",
    "kind",
    metavar="TYPE",
    shell_complete=completion.types,
    help="A ready-made definition; `kitaru stack types` lists them.",
)
@click.option(
    "-f", "--file", type=click.Path(path_type=Path), help="A definition of your own, such as stacks/kubernetes.yaml."
)
@click.option("--set", "pairs", multiple=True, metavar="OPTION=VALUE", help="An option of the definition.")
@click.option("--dry-run", is_flag=True, help="Validate everything, print what would be made, and make nothing.")
@output_option
def create(
    *, name: str, kind: str | None, file: Path | None, pairs: tuple[str, ...], dry_run: bool, output: str
) -> None:
    """Make the stack NAME from a definition.

    \b
    Examples:
      kitaru stack create docker --type docker
      kitaru stack create prod --type kubernetes --set context=prod --set registry=ghcr.io/acme \\
        --set bucket=s3://acme-artifacts
      kitaru stack create prod -f stacks/kubernetes.yaml --set namespace=agents --dry-run
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    definition = _definition(kind, file)
    options = dict(_option(text) for text in pairs)
    from kitaru.stack import create_stack, plan_stack

    if dry_run:
        planned = plan_stack(name, definition, options)
        text = as_json(planned) if output == "json" else _planned(planned)
    else:
        made = create_stack(name, definition, options)
        text = as_json(made) if output == "json" else f"Made stack {made.name}.\n{_described(made)}"
    say(text)


@stack.command()
@output_option
def types(output: str) -> None:
    """List the ready-made definitions for `kitaru stack create --type`."""
    from kitaru.stack import stack_types

    kinds = stack_types()
    say(as_json(kinds) if output == "json" else table(["TYPE", "WHAT IT IS"], list(kinds.items())))


@stack.command()
@click.argument("name", shell_complete=completion.stacks)
@click.option("--force", is_flag=True, help="Also where Kitaru did not make it or others use parts of it; these stay.")
@output_option
def delete(*, name: str, force: bool, output: str) -> None:
    """Delete the stack NAME.

    The components and service connectors that Kitaru made for it go, too.
    """
    from kitaru.stack import delete_stack

    deleted = delete_stack(name, force=force)
    say(as_json(deleted) if output == "json" else "\n".join(f"Deleted {what}." for what in deleted))


@stack.command()
@_NAME
@output_option
def check(name: str | None, output: str) -> None:
    """Try whether flows can run on a stack. Without NAME, it is the active one.

    Exits with 1 where something does not work.
    """
    from kitaru.stack import check_stack

    result = check_stack(name)
    say(as_json(result) if output == "json" else _checked(result))
    if not result.ok:
        raise click.exceptions.Exit(1)


@stack.command()
@_NAME
@click.option("-o", "--to", type=click.Path(path_type=Path, dir_okay=False), help="Write it into this file.")
def export(name: str | None, to: Path | None) -> None:
    """Print the stack NAME as a definition. It can be made from that again; secrets become options."""
    from kitaru.stack import export_stack

    text = export_stack(name)
    if to is None:
        say(text, nl=False)
        return
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise KitaruUsageError(f"{to} cannot be written: {error}.") from error


def _definition(kind: str | None, file: Path | None) -> str | Path:
    if (kind is None) == (file is None):
        raise KitaruUsageError(
            "Give either --type, a ready-made definition (`kitaru stack types` lists them), or -f, a file with one."
        )
    return kind if kind is not None else file  # type: ignore[return-value]  # one of them is given


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (equals and name.strip()):
        raise KitaruUsageError(f"--set takes OPTION=VALUE, not {text!r}.")
    return name.strip(), value


def _rows(stacks: Sequence[StackInfo]) -> list[list[str]]:
    makers = {True: "kitaru", False: "zenml"}
    return [["*" if s.is_active else "", s.name, s.orchestrator, makers[s.made_by_kitaru]] for s in stacks]


def _described(stack: StackInfo) -> str:
    mark = " (active)" if stack.is_active else ""
    maker = "made by Kitaru" if stack.made_by_kitaru else "not made by Kitaru"
    return "\n".join([f"{stack.name}{mark}, {maker}, id {stack.id}", *_components(stack.components)])


def _planned(plan: StackPlan) -> str:
    lines = [f"Stack {plan.name} would be made of:"]
    for connector in plan.connectors:
        lines += [f"  service connector {connector.name}: {connector.type}, by {connector.auth_method}"]
        lines += _fields(connector.configuration)
    return "\n".join([*lines, *_components(plan.components, existing=plan.existing)])


def _components(parts: Sequence[StackComponent], existing: Sequence[str] = ()) -> list[str]:
    lines = []
    for part in parts:
        notes = [f"by connector {part.connector}"] if part.connector else []
        notes += ["exists already"] if part.type in existing else []
        notes += [f"shared with {', '.join(part.shared_with)}"] if part.shared_with else []
        lines.append(f"  {part.type} {part.name}: {', '.join([part.flavor, *notes])}")
        lines += _fields(part.configuration)
    return lines


def _fields(configuration: dict[str, Any]) -> list[str]:
    return [f"    {name} = {_shortened(shown(value))}" for name, value in configuration.items()]


def _shortened(text: str) -> str:
    """Cut certificates and their like; --output json has them whole."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _checked(check: StackCheck) -> str:
    lines = []
    for result in check.results:
        lines.append(f"{'ok    ' if result.ok else 'FAILED'}  {result.component}: {result.tried}")
        lines += [f"        {text}" for text in (result.problem, result.remedy) if text]
    verdict = "Flows can run on it." if check.ok else "Flows cannot run on it as it is."
    return "\n".join([*lines, f"Stack {check.stack}: {verdict}"])
