"""The host is not there, not the one that is wanted, or another's: flows run all the same, each once."""

from __future__ import annotations

import json
import os
import signal

import pytest

from kitaru._host import address, control
from tests.crash.test_submissions import PROGRAM, THREE, begun, seen

pytestmark = pytest.mark.usefixtures("own_host")

ALL_THE_SAME = "runs all the same"
# Where a host would have its socket: on a file system that takes none.
NOWHERE = {
    "host, read-only": "mount -t tmpfs -o ro,mode=700 none /mnt",
    "host, no space": "mount -t tmpfs -o mode=700,nr_inodes=1 none /mnt",
}


def ran_once(faults, *programs):
    """Wait for programs, and see that each has run its flow, once; gives whether they loaded ZenML."""
    loads = []
    for program in programs:
        exec_id, loaded = seen(faults, program)
        assert faults.runs(exec_id) == THREE
        loads.append(loaded)
    return loads


def folders():
    """The folders of hosts that there are."""
    return {folder for folder in address.folders() if (folder / address.SOCKET).exists()}


def test_a_folder_or_socket_of_somebody_else_is_not_used(faults, observed, tmp_path):
    (tmp_path / "run" / "kitaru").mkdir(mode=0o755)
    assert ran_once(faults, begun(faults)) == [True]
    assert not list(control.running())
    observed("host, open folder", ALL_THE_SAME, "nothing", THREE)

    (tmp_path / "run" / "kitaru").chmod(0o700)
    ran_once(faults, begun(faults))
    (host,) = control.running()
    (folder,) = folders()
    control.end(host)
    if os.geteuid() != 0:
        pytest.skip("only root can have a process of another user")
    foreign = faults.project.popen(faults.take("foreign_host.py"), str(folder / address.SOCKET), stdin=True)
    assert foreign.stdout.readline() == "listening\n"
    ran_once(faults, begun(faults))
    heard, _ = foreign.communicate()
    assert heard == "0\n", "it was told something"
    observed("host, another's socket", ALL_THE_SAME, "nothing", THREE)


def test_a_host_that_is_stopped_or_of_something_older_is_done_without(faults, observed):
    library = faults.project.path / "library"
    faults.project.write("library/sitecustomize.py", "import shipped")
    package = faults.project.write("library/shipped.py", "VERSION = 1")
    env = {**faults.arm(), "PYTHONPATH": str(library)}

    def program():
        return faults.project.popen(faults.take(PROGRAM), env=env)

    ran_once(faults, program())
    (old,) = control.running()
    package.write_text("VERSION = 2  # upgraded")
    assert ran_once(faults, program()) == [False]
    (new,) = control.running()
    assert new["pid"] != old["pid"]
    observed("host, older", "runs, in a new host", "nothing", THREE)

    os.kill(new["pid"], signal.SIGSTOP)
    stopped = program()
    stdout, stderr = stopped.communicate(timeout=300)
    assert stderr.count("the host does not answer") == 1
    exec_id, value, loaded = json.loads(stdout.removeprefix("OUT"))
    assert (value, loaded, faults.runs(exec_id)) == (3, True, THREE)
    os.kill(new["pid"], signal.SIGKILL)
    observed("host, stopped", "runs all the same after ten seconds", "nothing", THREE)


def test_of_two_hosts_that_start_at_once_one_serves_both(faults, observed):
    assert ran_once(faults, begun(faults), begun(faults)) == [False, False]
    assert len(list(control.running())) == 1
    observed("host, two", "both run, by the one that was first", "nothing", THREE)


@pytest.mark.parametrize("fault", NOWHERE)
def test_where_a_host_can_have_no_socket_there_is_none(faults, observed, fault):
    faults.arm()
    shell = f'{NOWHERE[fault]}; export XDG_RUNTIME_DIR=/mnt; "$PYTHON" "$1"'
    exec_id, value, loaded = faults.in_own_mounts(shell, PROGRAM)
    assert (value, loaded, faults.runs(exec_id)) == (3, True, THREE)
    observed(fault, ALL_THE_SAME, "nothing", THREE)
