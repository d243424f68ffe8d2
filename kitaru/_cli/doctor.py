"""``kitaru doctor``: a look at the set-up, with a cure for what is wrong."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import click

from kitaru._cli.group import Command
from kitaru._cli.output import coloured_as, is_terminal, output_option, say, terminal_width

if TYPE_CHECKING:
    from kitaru.doctor import Finding

_MARKS = {"ok": ("ok    ", "completed"), "failed": ("FAILED", "failed"), "unused": ("-     ", "pending")}
_CHECK = 13
_MARGIN = len("FAILED  ") + _CHECK + 2
_LEAST = 40


@click.command(cls=Command)
@click.option("--upgrade", is_flag=True, help="First copy the database of an earlier ZenML, and upgrade it.")
@output_option
def doctor(output: str, *, upgrade: bool) -> None:
    """Look at the set-up, and tell a cure for what is wrong.

    It looks at Python, ZenML, settings, store, server, stack, engine and registry. Nothing is started or, without
    --upgrade, changed. Exits with 1 where something does not work.

    \b
    Examples:
      kitaru doctor
      KITARU_STACK=prod kitaru doctor
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.doctor import examine, upgrade_store

    if upgrade:
        copy = upgrade_store()
        message = (
            "The store needs no upgrade." if copy is None else f"The store is upgraded; as it was, it is in {copy}"
        )
        click.echo(message, err=True)
    findings = []
    for finding in examine():
        findings.append(finding)
        if output == "text":
            say(_line(finding))
    failed = sum(finding.state == "failed" for finding in findings)
    if output == "json":
        say(json.dumps([finding.to_json() for finding in findings], indent=2))
    else:
        say(f"\n{_verdict(failed)}")
    if failed:
        raise click.exceptions.Exit(1)


def _verdict(failed: int) -> str:
    if not failed:
        return "Flows can run here."
    return "1 problem found." if failed == 1 else f"{failed} problems found."


def _line(finding: Finding) -> str:
    mark, status = _MARKS[finding.state]
    texts = [finding.found, *([finding.cure] if finding.cure else [])]
    lines = [line for text in texts for line in _wrapped(text)]
    first = f"{coloured_as(mark, status)}  {finding.check:<{_CHECK}}  {lines[0]}"
    return "\n".join([first, *(" " * _MARGIN + line for line in lines[1:])])


def _wrapped(text: str) -> list[str]:
    """Break a text at a terminal's width; another program gets it whole. Commands and paths are not broken."""
    if not is_terminal():
        return [text]
    width = max(terminal_width() - _MARGIN, _LEAST)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
