"""A script that starts its flow at its top level, where the container comes by as well."""

from __future__ import annotations

from handing_out import out

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def one() -> int:
    return 1


@flow(cache=False)
def bare() -> int:
    return one() + one()


handle = bare.run()
print(f"told {handle.exec_id}")
print("result", handle.wait())
out([handle.exec_id, handle.wait()])
