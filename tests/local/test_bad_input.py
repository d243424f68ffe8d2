"""Bad input gets an error that says what happened, why, and what to do next, and leaves nothing half-made.

The programs stand in ``tests/programs/bad_input``; they check the messages, which ``refused`` of ``expecting.py`` compares.
"""

from __future__ import annotations

import pytest

from tests.mounts import run_with_mounts


@pytest.fixture
def taken(project):
    """``taken(*programs)``: the project with copies of programs in it, and of what they share."""

    def taken(*programs):
        project.take("expecting.py", *(f"bad_input/{program}" for program in programs))
        return project

    return taken


def executions(home):
    """Names of the directories of local runners."""
    folder = home.zenml / "kitaru" / "executions"
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.exists() else []


def test_wrong_options_are_refused_at_every_door(taken, home):
    taken("wrong_options.py").run("wrong_options.py")
    assert executions(home) == []
    assert not home.processes()


def test_settings_that_are_wrong_name_their_layer_and_start_nothing(taken, home):
    taken("settled_flows.py", "wrong_settings.py").run("wrong_settings.py")
    assert len(executions(home)) == 1


def test_a_flow_that_the_runner_cannot_import_fails_with_the_reason(taken):
    project = taken("unlicensed.py", "exiting.py", "deleted.py", "unimportable.py")
    (project.path / "gone").mkdir()
    for module in ("__init__.py", "inner.py"):
        project.take(f"bad_input/gone/{module}", name=f"gone/{module}")
    project.run("unimportable.py")


# -- disks that refuse ------------------------------------------------------------------------------------------------


def test_a_read_only_home_is_refused_with_what_to_do(taken, home):
    project = taken("patient_flows.py", "read_only_home.py")
    script = 'mount --bind "$HOME" "$HOME" && mount -o remount,ro,bind "$HOME" && "$PYTHON" read_only_home.py'
    done = run_with_mounts(project, script)
    assert str(home.path) in done.stdout
    assert executions(home) == []


def test_a_full_disk_is_refused_with_what_to_do_and_an_execution_on_it_ends_with_the_reason(taken):
    project = taken("patient_flows.py", "full_disk.py")
    script = """
        mkdir "$HOME.copy" && cp -a "$HOME/." "$HOME.copy" && mount -t tmpfs -o size=24m none "$HOME"
        cp -a "$HOME.copy/." "$HOME" && "$PYTHON" full_disk.py
    """
    run_with_mounts(project, script)
