"""Every command on a page exists, with the options that it is given."""

from __future__ import annotations

import importlib
import re
import shlex
import tomllib

import click
import pytest

from tests.docs.pages import ROOT, Block, blocks

CONSOLE = [pytest.param(block, id=str(block)) for block in blocks("console")]
PIPELINE = {"|", "||", "&&", ";", "&"}


def simple_commands(line: str) -> list[list[str]]:
    """The commands of a line: the parts of its pipes and lists, and what stands in `$(...)`."""
    inner = re.findall(r"\$\(([^()]+)\)", line)
    lexer = shlex.shlex(re.sub(r"\$\([^()]+\)", "substituted", line), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if word in PIPELINE:
            found.append([])
        else:
            found[-1].append(word)
    found = [_without_assignments(_without_redirection(words)) for words in found]
    return [words for words in found if words] + [words for each in inner for words in simple_commands(each)]


def _without_redirection(words: list[str]) -> list[str]:
    at = next((i for i, word in enumerate(words) if word in (">", ">>", "<")), None)
    return words if at is None else words[:at] + words[at + 2 :]


def _without_assignments(words: list[str]) -> list[str]:
    while words and (re.match(r"^\w+=", words[0]) or words[0] in ("export", "while", "until", "do", "if", "then", "!")):
        words = words[1:]
    return words


def resolve(group: click.Group, name: str, words: list[str]) -> None:
    """See that a command takes these words, without running it."""
    command: click.Command = group
    context = click.Context(group, info_name=name)
    while True:
        parser = command.make_parser(context)
        if isinstance(command, click.Group):
            parser.allow_interspersed_args = False
        options, words, _ = parser.parse_args(list(words))
        for parameter in command.params:
            value = options.get(parameter.name or "")
            if isinstance(parameter.type, click.Choice) and isinstance(value, str):
                parameter.type.convert(value, parameter, context)
        if not isinstance(command, click.Group):
            assert not words, f"{context.command_path} takes no {words}"
            return
        if not words:
            return  # the group's help, or an option such as --version
        assert words[0] in command.list_commands(context), f"there is no `{context.command_path} {words[0]}`"
        found = command.get_command(context, words[0])
        assert found is not None
        command, context, words = found, click.Context(found, info_name=words[0], parent=context), words[1:]


def check_kitaru(words: list[str]) -> None:
    resolve(importlib.import_module("kitaru._cli.main").cli, "kitaru", words)


def check_kitaru_mcp(words: list[str]) -> None:
    options = {
        option for parameter in importlib.import_module("kitaru._mcp.main").cli.params for option in parameter.opts
    }
    assert set(words) <= {*options, "--help"}, words


def check_zenml(words: list[str]) -> None:
    for module in ("zenml.cli.stack_components", "zenml.cli"):
        importlib.import_module(module)
    resolve(importlib.import_module("zenml.cli.cli").cli, "zenml", words)


def check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in words:
        assert "=" in word or re.search(rf"^{word}:.*## ", makefile, flags=re.MULTILINE), f"make {word}"


def check_pip(words: list[str]) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert words[0] == "install"
    for word in words[1:]:
        assert not word.startswith("./") or (ROOT / word / "pyproject.toml").is_file(), word
        for names in re.findall(r"^(?:\.|\.\./kitaru|kitaru-zenml)\[(.*)\]$", word):
            assert set(names.split(",")) <= set(extras), word


def check_python(words: list[str]) -> None:
    if words[0].startswith(("examples/", "integrations/")):
        assert (ROOT / words[0]).is_file(), words[0]


CHECKS = {
    "kitaru": check_kitaru,
    "kitaru-mcp": check_kitaru_mcp,
    "zenml": check_zenml,
    "make": check_make,
    "pip": check_pip,
    "python": check_python,
}
# What the pages use beside: tools of the shell, whose options are theirs.
SHELL = {
    ".",
    "cat",
    "cd",
    "done",
    "echo",
    "eval",
    "git",
    "kill",
    "kubectl",
    "mkdir",
    "python3",
    "rm",
    "sleep",
    "sort",
    "[",
}


@pytest.mark.parametrize("block", CONSOLE)
def test_every_command_exists(block: Block) -> None:
    given = [line for line in block.text.splitlines() if line]
    commands = [command for command, _ in block.commands] or given  # README's first block has no prompts
    for command in commands:
        for words in simple_commands(command):
            name = words[0]
            assert name in CHECKS or name in SHELL, f"{block}: what is {name!r}?"
            if name in CHECKS:
                try:
                    CHECKS[name](words[1:])
                except (click.ClickException, AssertionError) as error:
                    pytest.fail(f"{block}: `{command}`: {getattr(error, 'message', None) or error}")


def test_a_wrong_command_or_option_is_found() -> None:
    with pytest.raises(click.NoSuchOption):
        check_kitaru(["executions", "list", "--states", "failed"])
    with pytest.raises(AssertionError, match="there is no `kitaru executions show`"):
        check_kitaru(["executions", "show", "0a1b2c3d"])
    with pytest.raises(click.BadParameter):
        check_kitaru(["executions", "list", "--status", "done"])
    with pytest.raises(AssertionError, match="takes no"):
        check_kitaru(["executions", "get", "0a1b2c3d", "more"])
    with pytest.raises(AssertionError, match="there is no `zenml pipeline show`"):
        check_zenml(["pipeline", "show", "0a1b2c3d"])
