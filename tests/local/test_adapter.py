"""``kitaru.adapter``: callables of this process as checkpoints, found again by name and key, also after a crash."""

from __future__ import annotations


def test_calls_are_found_again_whatever_order_they_come_in(project):
    project.take("adapter/adapted_calls.py")
    project.run("adapted_calls.py")
    listed = project.kitaru("executions", "list", "--usage").stdout.splitlines()
    assert listed[0].split()[-5:] == ["IN", "TOKENS", "OUT", "COST", "SAVED"]
    assert listed[1].split()[-5:] == ["0", "0", "0", "$0.0000", "$0.0002+"]
    assert listed[2].split()[-4:] == ["2", "1,001", "100", "$0.0002+"]
