"""A flow that hands values on to its checkpoints, and counts how often one is read from the store for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from zenml.materializers.built_in_materializer import BuiltInMaterializer, BytesMaterializer
from zenml.utils import logging_utils

from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from zenml.materializers.base_materializer import BaseMaterializer

LOADED: list[str] = []


def counted(materializer: type[BaseMaterializer]) -> None:
    load = materializer.load

    def counting(self: BaseMaterializer, data_type: type[Any]) -> Any:
        LOADED.append(self.uri)
        return load(self, data_type)

    materializer.load = counting  # type: ignore[method-assign]


counted(BytesMaterializer)
counted(BuiltInMaterializer)


@checkpoint(cache=False)
def make(size: int) -> bytes:
    return bytes(size)


@checkpoint(cache=False)
def words() -> str:
    return "a text that is long enough"


@checkpoint(cache=False)
def length(data: Any, others: Any = ()) -> int:
    return len(data) + sum(map(len, others))


@checkpoint(cache=False)
def numbers() -> np.ndarray:
    return np.arange(4.0)


@checkpoint(cache=False)
def spoil(array: np.ndarray) -> float:
    array[0] = 100
    return float(array.sum())


@flow
def handing() -> dict[str, Any]:
    data = make(50 * 2**20)
    seen: dict[str, Any] = {"lengths": [length(data) for _ in range(5)]}
    text = words.submit()
    seen["together"] = length(text, [data, text])
    seen["submitted"] = length.submit(data).result()
    seen["loaded"] = len(LOADED)
    array = numbers()
    seen["spoiled"] = [spoil(array), spoil(array), array.tolist()]
    array[1] = 50  # the body's own value is another one now than its artifact's
    seen["changed"] = spoil(array)
    future = numbers.submit()
    future.result()[2] = 50
    seen["the future's"] = spoil(future)  # type: ignore[arg-type]  # futures stand for their values
    seen["replaced"] = logging_utils.get_run_log_metadata.__module__ != "zenml.utils.logging_utils"
    return seen
