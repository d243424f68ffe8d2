"""What code prints stands in the log of the checkpoint that printed it, whichever way it takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from tests.conftest import PROGRAMS

if TYPE_CHECKING:
    from tests.conftest import Project

_ALONE: Final = (
    "first",
    "a program",
    "its stderr",
    "a descriptor",
    "C code",
    "bytes",
    "a process",
    "in between",
    "spawned",
    "a thread",
    "a pool",
    "the module's pool",
    "half of a line",
)


def test_all_that_a_checkpoint_prints_is_its_own(project: Project) -> None:
    project.take("faithful/prints.py")
    done = project.run("prints.py", loads=True)
    spoken, told = done.stdout.splitlines()
    said, of_run, shown = json.loads(told)
    # In its order, by whatever it was printed.
    assert said["alone"] == [*_ALONE]
    # One line that cannot be encoded, or formatted, takes no other with it.
    errors = said["surrogate"]
    assert [line for line in errors if line in ("before", "logged a\\udcff", "%d does not fit", "after")] == [
        "before",
        "logged a\\udcff",
        "%d does not fit",
        "after",
    ]
    assert any(line.startswith("untellable\n") and "UntellableError" in line for line in errors)
    # Threads that print at the same time lose no line of each other.
    assert sorted(said["many"]) == sorted(f"{name} {number}" for name in "xyz" for number in range(200))
    # Checkpoints that run side by side do not mix within a line, in threads or in one event loop.
    assert sorted([said["side"], said["side_2"]]) == [["one one", "program of one"], ["two two", "program of two"]]
    assert (said["beside"], said["beside_2"]) in ((["left left"], ["right right"]), (["right right"], ["left left"]))
    # What several might have put out, and what comes after its checkpoint has ended, is the run's.
    assert of_run == ["late", "C code of one", "C code of two", "the body", "the body's program"]
    assert {*_ALONE, *of_run, *said["side"], *said["side_2"]} <= {*shown}
    assert [line for line in shown if line in _ALONE] == [*_ALONE]
    # The runner's log has what it printed as it imported the script; the live output shows it once, where it was started.
    assert spoken == shown[0] == "the top level speaks"
    assert spoken not in done.stderr
    assert "the body's program" in done.stderr


FIRST_CELL: Final = """\
from kitaru import KitaruClient, checkpoint, flow

@checkpoint(cache=False)
def a(n):
    print("printed", n)

@flow
def f(n):
    a(n)

def said(n):
    handle = f.run(n)
    handle.wait(progress=False)
    print([entry.message for entry in KitaruClient().executions.logs(handle.exec_id, checkpoint="a")])
    return handle

said(1)
"""


def test_prints_of_each_cell_of_a_notebook_are_in_the_log(project: Project) -> None:
    kernel = (PROGRAMS / "runner_files" / "notebook_kernel.py").read_text()
    done = project.run("-", FIRST_CELL, "handle = said(2)", stdin=kernel)
    assert done.stdout.splitlines()[:4] == ["printed 1", "['printed 1']", "printed 2", "['printed 2']"]


def test_what_a_process_prints_just_before_its_runner_is_killed_is_in_the_log(project: Project) -> None:
    project.take("faithful/killed_printer.py")
    assert project.run("killed_printer.py").stdout == "KitaruRunnerLostError 1\n"
