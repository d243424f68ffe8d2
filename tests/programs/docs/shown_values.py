"""Values of every kind that a dashboard shows, as they are in a first run, a cached one and a replay.

``survey.py`` beside it is the program of the page about the dashboard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd  # type: ignore[import-untyped]
from survey import rate, report, survey  # type: ignore[import-not-found]  # the page has it
from zenml.client import Client

import kitaru
from kitaru import KitaruClient, checkpoint, flow

if TYPE_CHECKING:
    from kitaru import Execution

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cf50000003040180e1a5d3e30000000049454e44ae426082"
)


@checkpoint(type="tool_call")
def gather(name: str) -> dict[str, Any]:
    kitaru.log(signs=len(name))
    kitaru.save("page", kitaru.HTML("<p>"))
    return {
        "text": kitaru.Markdown("# a"),
        "pixel": kitaru.Picture(PIXEL),
        "rows": kitaru.Table([{"x": (1, 2)}]),
        "n": 3,
    }


@checkpoint(type="thinking")
def frame(parts: dict[str, Any]) -> pd.DataFrame:
    assert [type(part).__name__ for part in parts.values()] == ["Markdown", "Picture", "Table", "int"], parts
    return pd.DataFrame({"x": [1, 2]})


@flow(cache=True)
def look(name: str) -> kitaru.Markdown:
    parts = gather(name)
    frame(parts)
    text: kitaru.Markdown = report(rate([name]))
    return text


def shown(exec_id: str) -> dict[str, tuple[str, list[str]]]:
    steps = Client().get_pipeline_run(exec_id).steps
    return {
        name: (
            str(one.status),
            [v.type.value for out in one.regular_outputs.values() for v in out.visualizations or []],
        )
        for name, one in sorted(steps.items())
    }


def print_values(execution: Execution) -> None:
    first = execution.checkpoints[0]
    print(first.status, first.metadata, kitaru.load(execution.exec_id, "page"))
    for artifact in execution.artifacts:
        print(artifact.name, artifact.type, type(KitaruClient().artifacts.get(artifact.id).load()).__name__)


def main() -> None:
    assert survey.run("tides").wait().startswith("# PAGES")
    handle = look.run("tides")
    assert type(handle.wait()) is kitaru.Markdown
    run = Client().get_pipeline_run(handle.exec_id)
    print(run.name)
    print(sorted(tag.name for tag in run.tags))
    print(run.run_metadata["kitaru_settings"])
    print({name: one.type for name, one in sorted(run.steps.items())})
    print(shown(handle.exec_id))
    again = look.run("tides")
    again.wait()
    replay = look.replay(again.exec_id, at="frame")
    replay.wait()
    for execution in (handle.execution, again.execution, replay.execution):
        print_values(execution)
    print(shown(again.exec_id)["gather"])


if __name__ == "__main__":
    main()
