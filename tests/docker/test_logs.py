"""What a checkpoint in a container prints stands in its log, whichever way it takes."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.docker


def test_programs_and_processes_of_a_checkpoint_print_to_its_log(script):
    logs, _ = script("printing.py")
    assert logs == [["first", "a program", "its stderr", "a process", "a thread", "last"]]
