"""A flow whose checkpoints say on which stack they run."""

from __future__ import annotations

from zenml.client import Client

from kitaru import checkpoint, flow


@checkpoint(cache=False, runtime="isolated")
def where() -> str:
    return Client().active_stack_model.name


@flow(cache=False)
def located() -> list[str]:
    return [where(), where()]
