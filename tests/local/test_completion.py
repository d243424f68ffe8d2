"""The key Tab in real shells: ids, flows and stacks are completed, by the script that the manual tells to load."""

from __future__ import annotations

import shutil

import pytest

from tests.terminal import Terminal

FLOWS = "completion/word_flows.py"
# How each is started without the files of a user, and the line that loads the script.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(kitaru completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'eval "$(kitaru completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "kitaru completion fish | source"),
}


def test_a_shell_completes_ids_flows_stacks_and_options(project) -> None:
    installed = {name: shell for name, shell in SHELLS.items() if shutil.which(name)}
    if not installed:
        pytest.skip("no bash, zsh or fish is installed")
    project.take(FLOWS, name="words.py")
    (project.path / "sub").mkdir()
    project.take(FLOWS, name="sub/other.py")
    exec_id = project.kitaru("run", "words.py:longest", "--input", '{"words": ["ebb"]}', "--detach").stdout.strip()
    # What is typed before the key, and what it adds.
    cases = [
        (f"kitaru executions get {exec_id[:6]}", exec_id[8:]),
        ("kitaru executions list --flow l", "ongest"),
        ("kitaru run words.py:sh", "ortest"),
        ("kitaru stack use d", "efault"),
        ("kitaru executions list --status=fa", "iled"),
        ("kitaru run su", "b/"),
    ]
    for name, (command, load) in installed.items():
        terminal = Terminal(project, "-c", f"import os; os.execvp({name!r}, {command!r})")
        terminal.type(f"{load}; echo loa''ded\r")
        terminal.until("loaded")
        for typed, added in cases:
            terminal.type(f"{typed}\t")
            terminal.until(added)
            terminal.type("\x15")  # forgets the line
        terminal.type("exit\r")
        terminal.end()
