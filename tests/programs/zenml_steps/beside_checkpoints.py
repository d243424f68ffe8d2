"""Steps and checkpoints in one flow, which pass their results on to each other."""

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from artifact_edges import edges
from number_steps import count, double, has_run_once, inc, keep, load, one, ran, split, total
from zenml import step
from zenml.config.retry_config import StepRetryConfig

import kitaru
from kitaru import flow

if TYPE_CHECKING:
    from collections.abc import Callable


@step(retry=StepRetryConfig(max_retries=1, delay=0))
def flaky() -> int:
    ran("flaky")
    if has_run_once("flaky"):
        raise ValueError("not yet")
    return 5


@step
def broken() -> None:
    raise LookupError("no such thing")


@step
def nosy() -> str:
    kitaru.log(seen=True)
    try:
        double([1])
    except kitaru.KitaruContextError:
        return f"{inc(1)} inside"
    return "called"


def refusals() -> list[str]:
    started = inc.submit(1)  # inc_7
    mistakes: list[Callable[[], object]] = [
        lambda: load(nn=3),
        lambda: inc(1, id="by_name"),
        lambda: inc(2, start_after=started),
    ]
    messages = []
    for mistake in mistakes:
        try:
            mistake()
        except kitaru.KitaruUsageError as error:
            messages.append(str(error))
    return messages


def failure_of_broken() -> str | None:
    try:
        broken()
    except LookupError as error:
        return str(error)
    return None


@flow
def mixed(n: int) -> dict[str, Any]:
    numbers = load(n)  # ZenML's word: an artifact
    doubled = double(numbers)  # Kitaru's: a value
    assert doubled == [0, 2, 4, 6, 8], doubled
    whole = total(doubled)
    text = total(numbers.load())  # total_2: a loaded value is known
    few = count({"all": doubled, "more": 1})  # more than a list of artifacts: its values are stored
    small, large = split(doubled)
    keep([small, {"large": large}])
    ones = one.map([7, 8])
    both = total(ones)  # total_3: a list of futures
    started = inc.submit(n=ones[0])
    later = keep(started)  # keep_2: a future of ZenML's
    mapped = inc.map(doubled)  # inc_2 to inc_6
    every = keep(mapped)  # keep_3
    named = inc(1, id="by_name", after=started)
    return {
        "caught": failure_of_broken(),
        "mistakes": refusals(),
        "whole": whole,
        "text": text.load(),
        "few": few,
        "both": both,
        "later": later,
        "every": every,
        "mapped": mapped,
        "named": named,
        "flaky": flaky(),
        "nosy": nosy(),
        "started": started,
    }


def main() -> None:
    handle = mixed.run(5)
    value = handle.wait()
    calls = {call.name: call for call in handle.execution.checkpoints}
    facts = {
        "value": value,
        "edges": {name: list(chain(*inputs.values())) for name, inputs in edges(handle.exec_id).items()},
        "parents of by_name": calls["by_name"].parents,
        "metadata of nosy": calls["nosy"].metadata,
        "parents of count": calls["count"].parents,
        "attempts at flaky": [attempt.status for attempt in calls["flaky"].attempts],
        "status of broken": calls["broken"].status,
    }
    print(json.dumps(facts))
    again = mixed.run(5)
    again.wait()
    print(json.dumps({call.name: call.status for call in again.execution.checkpoints}))


if __name__ == "__main__":
    main()
