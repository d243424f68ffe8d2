"""Steps of every kind, in one home; then prints each row of ZenML's database, with ids told by what they stand for."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel
from zenml import ArtifactConfig, Model, add_tags, log_metadata, save_artifact, step
from zenml.client import Client
from zenml.utils.pagination_utils import depaginate

import kitaru
from kitaru import HTML, KitaruClient, checkpoint, flow
from kitaru._core.settings.environment import shortcuts_enabled
from kitaru._zenml.records.step_list import list_steps
from kitaru._zenml.writing.store_methods import WRITERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from zenml.models import StepRunResponse

# Runs of the functions that fail the first time.
runs: Counter[str] = Counter()


class Point(BaseModel):
    x: int


@dataclass
class Node:
    name: str
    below: list[Node] = field(default_factory=list)


# -- checkpoints ------------------------------------------------------------------------------------------------------


@checkpoint
def number(x: int = 1) -> int:
    return x + 1


@checkpoint
def remembered(x: int) -> int:
    kitaru.log(seen=x, more={"a": [1, None]})
    return x * 2


@checkpoint
def nothing(_x: int) -> None:
    print("nothing to return")


@checkpoint
def several(x: int) -> tuple[Annotated[int, "one"], Annotated[str, "other"]]:
    return x, f"{x}"


@checkpoint
def named(x: int) -> Annotated[str, ArtifactConfig(name="a_named_artifact", tags=["mine"])]:
    return f"named {x}"


@checkpoint
def versioned(x: int) -> Annotated[str, ArtifactConfig(name="a_version", version="first")]:
    return f"versioned {x}"


@checkpoint
def total(*values: int) -> int:
    return sum(values)


@checkpoint
def walked(tree: dict[str, Any]) -> list[str]:
    return sorted(tree)


@checkpoint
def anything(value: Any) -> Any:
    return value


@checkpoint(cache=False)
def fails(x: int) -> int:
    raise ValueError(f"no {x}")


@checkpoint(retries=2)
def fails_once(x: int) -> int:
    runs["fails_once"] += 1
    if runs["fails_once"] == 1:
        raise ValueError("the first time")
    return x


@checkpoint(retries=1)
def always_fails(x: int) -> int:
    raise ValueError(f"never {x}")


@checkpoint
def page(x: int) -> HTML:
    return HTML(f"<b>{x}</b>")


@checkpoint
def saves(x: int) -> int:
    kitaru.save("aside", {"x": x}, tags=["saved"])
    save_artifact(x, name="by_zenml")
    return x


@checkpoint
def loads(x: int, exec_id: str) -> Any:
    return kitaru.load(exec_id, "aside")["x"] + x


@checkpoint(type="tool_call", resources={"cpu_count": 1}, settings={})
def tool(x: int) -> int:
    return x


@checkpoint
async def awaits(x: int) -> int:
    await asyncio.sleep(0)
    return x


@checkpoint
async def awaits_and_fails(x: int) -> int:
    raise ValueError(f"async {x}")


# -- plain steps ------------------------------------------------------------------------------------------------------


@step
def plain(x: int) -> int:
    log_metadata({"of": "a plain step"})
    return x


@step(enable_cache=False)
def makes_list() -> list[int]:
    return [1, 2, 3]


@step(enable_step_logs=False, enable_artifact_metadata=False)
def without_logs(x: int) -> str:
    return "x" * x


@step(model=Model(name="a_model"))
def with_model(x: int) -> int:
    return x


@step(enable_cache=False)
def tags_its_run(x: int) -> int:
    add_tags(tags=["run_tag"], run=Client().get_pipeline_run(kitaru.current_execution_id() or "").id)
    return x


# -- flows ------------------------------------------------------------------------------------------------------------


def caught(call: Callable[[], object]) -> str:
    try:
        return f"returned {call()}"
    except ValueError as error:
        return str(error)


@flow
def many(x: int) -> list[Any]:
    one = number(x)
    pair = several(one)
    nodes = Node("top", [Node("a"), Node("b")])
    return [
        one,
        number(),
        remembered(one),
        nothing(one),
        pair,
        named(one),
        versioned(one),
        total(one, one, pair[0]),
        total(*(part.result() for part in number.map([1, 2, 3]))),
        walked({"one": one, "other": [pair[1], pair[0]], "plain": 3}),
        len(anything([one, {"k": pair[1]}])),
        anything(Point(x=1)),
        anything(b"bytes"),
        anything("long " * 20_000),
        anything(None),
        anything([]),
        len(anything(nodes).below),
        caught(lambda: fails(1)),
        fails_once(one),
        caught(lambda: always_fails(one)),
        page(one) and 1,
        saves(one),
        tool(one),
        number.with_options(id="its own")(one),
        number.submit(one).result(),
        plain(one),
        sum(part.load() for part in plain.map(makes_list())),
        without_logs(3),
        with_model(one),
        tags_its_run(one),
        kitaru.save("in_body", [one]),  # type: ignore[func-returns-value]
    ]


@flow
async def side_by_side(x: int) -> list[Any]:
    done = await asyncio.gather(*(awaits(x + i) for i in range(3)), awaits_and_fails(x), return_exceptions=True)
    return [str(one) for one in done]


@flow(retries=1)
def tried_again(x: int) -> int:
    done = number(x)
    runs["tried_again"] += 1
    if runs["tried_again"] == 1:
        raise ValueError("the first attempt")
    return number(done)


@flow
def loading(exec_id: str) -> Any:
    return loads(1, exec_id)


@flow
def asking(x: int) -> str:
    answer = kitaru.wait(str, name="who", timeout=0)
    return f"{answer} {number(x)}"


@flow
def failing(x: int) -> int:
    return fails(number(x))


def everything() -> None:
    os.environ["KITARU_LOCAL_RUNNER"] = "inline"
    first = many.run(5)
    first.wait(progress=False)
    many.run(5).wait(progress=False)  # most of it from the cache
    side_by_side.run(1).wait(progress=False)
    tried_again.run(1).wait(progress=False)
    loading.run(first.exec_id).wait(progress=False)
    loading.run(first.exec_id).wait(progress=False)
    asked = asking.run(1)
    KitaruClient().executions.input(asked.exec_id, value="me")
    asked.wait(progress=False)
    failing.run(1)
    replayed = many.replay(first.exec_id, at="total[1]")
    replayed.wait(progress=False)


# -- rows -------------------------------------------------------------------------------------------------------------

ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])")
TIME = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?|\d{4}_\d\d_\d\d(-\d\d_\d\d_\d\d-[0-9a-f]{6})?|\d\d_\d\d_\d\d_\d{6}"
)
# Of a text or a value, and the end of an artifact's folder.
DIGEST = re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{24})\b|(?<=>/)[0-9a-f]{8}\b")
PROCESS = re.compile(r'(?<="submitted_by":)\{[^}]*\}')
# Tables that say nothing of runs, or that each start of a program writes.
OTHER = {"alembic_version", "server_settings", "step_run_parents", "user", "api_transaction"}
# A colour is drawn by lot, and what is installed is listed by Kitaru in other words.
LEFT_OUT = {"tag": {"color"}, "pipeline_snapshot": {"client_environment"}}


def rows(database: Path, home: str) -> dict[str, list[str]]:
    """Return the rows of each table as sorted text: ids are told by their kind, times and digests are left out."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    names = called(connection)

    def told(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        value = ID.sub(lambda found: names.get(found[0].replace("-", ""), "<id>"), value.replace(home, "<home>"))
        return PROCESS.sub("<process>", DIGEST.sub("<digest>", TIME.sub("<time>", value)))

    def lines(table: str) -> list[str]:
        told_rows = []
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            left = set(row.keys()) - LEFT_OUT.get(table, set())
            told_rows.append(json.dumps({key: told(row[key]) for key in sorted(left)}, default=repr))
        return sorted(told_rows)

    listed = {table: lines(table) for table in tables}
    parents = connection.execute("SELECT child_id, parent_id FROM step_run_parents")
    listed["parents"] = sorted(f"{names[child]} after {names[parent]}" for child, parent in parents)
    return {table: lines for table, lines in listed.items() if table not in OTHER}


def called(connection: sqlite3.Connection) -> dict[str, str]:
    """Return what ids stand for: runs by their order, steps by run and name, versions by artifact and number."""
    names = {}
    for number_of_run, (key,) in enumerate(connection.execute("SELECT id FROM pipeline_run ORDER BY created")):
        names[key] = f"<run {number_of_run}>"
    for key, run, name, version in connection.execute("SELECT id, pipeline_run_id, name, version FROM step_run"):
        names[key] = f"<step {name} {version} of {names[run]}>"
    for key, name in connection.execute("SELECT id, name FROM artifact"):
        names[key] = f"<artifact {ID.sub('<id>', name)}>"
    for key, artifact, version in connection.execute("SELECT id, artifact_id, version FROM artifact_version"):
        names[key] = f"<version {version} of {names[artifact]}>"
    for key, step_id, run, source in connection.execute("SELECT id, step_run_id, pipeline_run_id, source FROM logs"):
        names[key] = f"<log {source} of {names.get(step_id or run)}>"
    return names


def steps_are_read_as_zenml_reads_them() -> None:
    """Compare the steps of each run, in their order, with all that ZenML tells of them."""
    client = Client()
    for run in depaginate(client.list_pipeline_runs):
        for hydrate, without in ((True, True), (False, False)):
            filters: dict[str, Any] = {"exclude_retried": True} if without else {}
            theirs = list(depaginate(client.list_run_steps, pipeline_run_id=run.id, hydrate=hydrate, **filters))
            ours = list_steps(run.id, hydrate=hydrate, exclude_retried=without)
            assert theirs
            for one, other in zip(ours, theirs, strict=True):
                assert told_of(one) == told_of(other), one.name


def told_of(step_run: StepRunResponse) -> dict[str, Any]:
    told = step_run.model_dump(mode="json")
    if step_run.metadata is not None:
        told["metadata"]["parent_step_ids"].sort()  # as the database has them
    return told


def main() -> None:
    written: Counter[str] = Counter()

    def counted(name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **kwargs: Any) -> Any:
            result = write(*args, **kwargs)
            written[name] += 1
            return result

        return counting

    for name, write in list(WRITERS.items()):
        WRITERS[name] = counted(name, write)
    everything()
    if shortcuts_enabled():  # else they are read by ZenML
        steps_are_read_as_zenml_reads_them()
    home = os.environ["HOME"]
    [database] = Path(home).rglob("zenml.db")
    sys.stdout.write(json.dumps({"rows": rows(database, home), "written": written}))


if __name__ == "__main__":
    main()
