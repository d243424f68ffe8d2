"""Cleaning up: what belongs to an execution alone goes with it, and what others refer to stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from kitaru import KitaruClient, KitaruUsageError
from kitaru._core.process.places import runner_directory

pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # of ZenML's own filters


def stored(home):
    """Every file in the artifact store."""
    return {str(path.relative_to(home.stores)) for path in home.stores.rglob("*") if path.is_file()} - {
        "default_zen_store/zenml.db",
        "default_zen_store/zenml.db-shm",
        "default_zen_store/zenml.db-wal",
    }


@pytest.fixture
def ran(project, home):
    """Run lines of a program beside the flows, and return what it prints as JSON."""
    project.take("pruning/stored.py")

    def run(code: str, **options: object) -> object:
        project.write("steps.py", f"import json\nfrom stored import count, measure, start\n{code}")
        return json.loads(project.run("steps.py", **options).stdout or "null")

    return run


def test_nothing_is_left_of_what_an_execution_has_stored(ran, project, home):
    exec_id = ran("print(json.dumps(start('text')))")
    assert stored(home)
    assert (runner_directory() / exec_id).exists()
    done = project.run("-m", "kitaru", "executions", "prune", "--keep", "0", "--dry-run", "--output", "json")
    planned = json.loads(done.stdout)
    assert [one["exec_id"] for one in planned["executions"]] == [exec_id]
    assert planned["dry_run"] is True
    assert planned["artifacts"] >= 5
    assert planned["bytes"] > 0
    assert stored(home)
    done = project.run("-m", "kitaru", "executions", "prune", "--keep", "0", "--yes", "--output", "json")
    pruned = json.loads(done.stdout)
    assert (pruned["artifacts"], pruned["artifacts_kept"]) == (planned["artifacts"], 0)
    assert stored(home) == set()
    assert not (runner_directory() / exec_id).exists()
    assert list((runner_directory().parent / "pruning").glob("*.json")) == []
    from zenml.client import Client

    client = Client()
    assert client.list_artifact_versions(size=1).items == []
    assert client.list_artifacts(name="startswith:kitaru_", size=1).items == []
    assert client.list_snapshots(named_only=False, size=1).items == []
    assert KitaruClient().executions.list() == []


def test_what_others_refer_to_stays(ran, home):
    """A file that two executions were given, results that the cache or a replay took, and a value linked to a model."""
    first, second, replay = ran(
        """
first = start('same')
second = start('same')
replay = measure.replay(first, at='size_of')
replay.wait(timeout=120)
print(json.dumps([first, second, replay.exec_id]))
"""
    )
    executions = KitaruClient().executions
    pruned = executions.prune(keep=2, flow="measure")
    assert [one.exec_id for one in pruned.executions] == [first]
    assert pruned.artifacts_kept > 0
    for kept in (second, replay):
        assert executions.result(kept)["size"] == 4
        assert executions.get(kept).inputs["file"] is not None
        for artifact in KitaruClient().artifacts.list(kept):
            artifact.load()
    again = ran(f"print(json.dumps(measure.replay({second!r}, at='size_of').wait(timeout=120)['size']))")
    assert again == 4
    executions.prune(keep=0)
    assert stored(home) == set()


def test_what_a_team_has_stored_by_itself_stays(project, home):
    """An artifact that a checkpoint has loaded, and a folder that it has registered as one."""
    project.run(project.take("pruning/own_artifacts.py"))
    assert len(KitaruClient().executions.prune(keep=0).executions) == 1
    from zenml.client import Client

    assert {version.name for version in Client().list_artifact_versions().items} == {"weights", "dataset"}
    assert Client().get_artifact_version("weights").load() == 3
    assert [name for name in stored(home) if name.endswith("data/rows.csv")]


def test_which_ones_are_deleted(ran, project, home):
    ids = ran("print(json.dumps([count.run(n).exec_id for n in range(3)] + [start('x')]))")
    executions = KitaruClient().executions
    for one in ids:
        from kitaru import FlowHandle

        FlowHandle.from_id(one).wait(timeout=120)
    ahead = datetime.now(UTC) + timedelta(minutes=1)
    assert executions.prune(older_than=timedelta(days=1), dry_run=True).executions == ()
    assert {one.exec_id for one in executions.prune(older_than=ahead, dry_run=True).executions} == set(ids)
    planned = executions.prune(older_than=ahead, keep=1, dry_run=True)
    assert len(planned.executions) == 2
    assert {one.flow_name for one in planned.executions} == {"count"}
    with pytest.raises(KitaruUsageError, match="Did you mean 'count'"):
        executions.prune(keep=1, flow="cuont")
    for wrong in ({}, {"keep": -1}, {"keep": True}):
        with pytest.raises(KitaruUsageError):
            executions.prune(**wrong)
    for wrong in (["--older-than", "30x"], [], ["--keep", "-1"]):
        done = project.run("-m", "kitaru", "executions", "prune", *wrong, check=False)
        assert done.returncode == 2, done.stderr
    done = project.run("-m", "kitaru", "executions", "prune", "--keep", "1", check=False, stdin="")
    assert "say --yes" in done.stderr
    assert len(executions.list()) == 4


def test_the_original_of_a_replay_that_may_be_retried_stays(ran):
    original, replay = ran(
        """
from stored import breaks
original = breaks.run(True)
original.wait(timeout=120)
replay = breaks.replay(original, inputs={'works': False})
try:
    replay.wait(timeout=120)
except Exception:
    print(json.dumps([original.exec_id, replay.exec_id]))
"""
    )
    executions = KitaruClient().executions
    assert executions.prune(keep=1, dry_run=True).executions == ()
    executions.delete(replay)
    assert [one.exec_id for one in executions.prune(keep=0, dry_run=True).executions] == [original]


@pytest.mark.parametrize("point", ["pruning, noted", "pruning, deleted"])
def test_one_that_was_cut_off_is_gone_on_with(ran, project, home, point):
    ran("print(json.dumps(start('text')))")
    project.write("crash", point)
    prune = ["-m", "kitaru", "executions", "prune", "--keep", "0", "--yes"]
    cut = project.run(
        *prune, env={"KITARU_CRASH_POINT": str(project.path / "crash"), "KITARU_HOST": "off"}, check=False
    )
    assert cut.returncode != 0
    # Another store does not know the execution, and has nothing to say of what it has left.
    project.run(*prune, env={"ZENML_STORE_URL": f"sqlite:///{project.path}/other.db"})
    assert list(runner_directory().glob("*-*"))
    project.run(*prune)
    assert stored(home) == set()
    assert not list(runner_directory().glob("*-*"))


def test_two_at_once_delete_everything_once(ran, project, home):
    ran("print(json.dumps([start('a'), start('b')]))")
    prune = ["kitaru", "executions", "prune", "--keep", "0", "--yes"]
    from subprocess import PIPE, Popen

    both = [Popen(prune, stdout=PIPE, stderr=PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=120) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert stored(home) == set()
