"""A flow that lets go of what its checkpoints have returned, and tells whether that is gone."""

from __future__ import annotations

import gc
import weakref

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - Kitaru reads it when the flow is loaded

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def zeros(count: int) -> NDArray[np.float64]:
    return np.zeros(count)


@flow
def letting_go() -> list[bool]:
    called = zeros(3)
    future = zeros.submit(4)
    submitted = future.result()
    futures = zeros.map([5, 6])
    mapped = futures.results()
    seen = [weakref.ref(value) for value in (called, submitted, *mapped)]
    del called, future, submitted, futures, mapped
    gc.collect()
    return [value() is None for value in seen]


if __name__ == "__main__":
    print(letting_go.run().wait())
