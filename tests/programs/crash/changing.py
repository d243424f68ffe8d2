"""A flow whose code the test changes between attempts."""

from __future__ import annotations

from mortal_flows import ran

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def load() -> int:
    ran("load")
    return 20


@checkpoint(cache=False)
def double(x: int) -> int:
    ran("double")
    return 2 * x


@checkpoint(cache=False)
def report(x: int) -> str:
    ran("report")
    return str(x)


@flow(cache=False)
def changing() -> str:
    return report(double(load()))
