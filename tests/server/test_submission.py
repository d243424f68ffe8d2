"""One execution for one key, where the store is a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project
    from tests.server_process import ServerProcess

pytestmark = pytest.mark.server


def test_eight_processes_with_one_key_have_one_execution_on_a_server(
    stranger: Project, shared_server: ServerProcess
) -> None:
    stranger.take("submission/orders.py")
    command = ("orders.py", "of eight", "7")
    programs = [stranger.popen(*command, *(["loaded"] if n % 2 else []), env=shared_server.env) for n in range(8)]
    printed = [program.communicate(timeout=300) for program in programs]
    assert [program.returncode for program in programs] == [0] * 8, printed
    answers = {out.splitlines()[-1] for out, _ in printed}
    assert len(answers) == 1, answers
    runs = shared_server.call("GET", "/runs?pipeline_name=ship&hydrate=true")["items"]
    assert answers == {f"OUT {runs[0]['id']} 7"}
    assert len(runs) == len(list(stranger.path.glob("*.packed"))) == 1
    snapshots = shared_server.call("GET", "/pipeline_snapshots?pipeline=ship")["items"]
    assert [snapshot["id"] for snapshot in snapshots] == [runs[0]["resources"]["snapshot"]["id"]]
