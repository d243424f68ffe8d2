"""What ZenML would refuse, warn of or ignore; prints what Kitaru says before anything is started."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from zenml.client import Client

import kitaru
from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable

POD: dict[str, Any] = {"orchestrator.kubernetes": {"pod_settings": {"node_selector": {"disk": "ssd"}}}}


@checkpoint(zenml={"experiment_tracker": "tracker"})
def tracked() -> None: ...


@checkpoint(zenml={"step_operator": True})
def operated() -> None: ...


@checkpoint(runtime="process", zenml={"experiment_tracker": True})
def processed() -> None: ...


@checkpoint(resources={"cpu_count": "two"})
def counted() -> None: ...


@checkpoint(settings=POD)
def selected() -> None: ...


@flow
def tracks() -> None:
    tracked()


@flow
def operates() -> None:
    operated()


@flow
def processes() -> None:
    processed()


@flow
def counts() -> None:
    counted()


@flow
def selects() -> None:
    selected()


@flow
def plain() -> None: ...


WRONG: list[dict[str, Any]] = [
    {"settings": POD},
    {"settings": {"orchestrator.kubernete": {}}},
    {"settings": {"step_operator": {}}},
    {"settings": {"orchestrator:mine": {}}},
    {"settings": {"deployment": {"uvicorn_port": "high"}}},
    {"secrets": ["nowhere"]},
    {"model": {"name": "m", "version": 7}},
    {"enable_step_logs": "perhaps"},
]


def error_of(start: Callable[[], Any]) -> str:
    try:
        start()
    except kitaru.KitaruUsageError as error:
        return str(error)
    return "no error"


if __name__ == "__main__":
    errors = [error_of(one.run) for one in (tracks, operates, processes, counts, selects)]
    errors.append(error_of(plain.with_options(resources={"memory": "much"}).run))
    errors += [error_of(plain.with_options(zenml=wrong).run) for wrong in WRONG]
    kitaru.configure(zenml={"cache_policy": {"expires_after": "soon"}})
    errors.append(error_of(plain.run))
    kitaru.configure(zenml=None)
    os.environ["KITARU_ZENML"] = json.dumps({"environment": {"A": "1"}, "model": {"version": "x"}})
    errors.append(error_of(plain.run))
    print(json.dumps([errors, Client().list_pipeline_runs().total]))
