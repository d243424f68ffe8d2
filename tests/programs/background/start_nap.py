"""Starts a flow and ends before it does; there is no value to get yet."""

from __future__ import annotations

from napping import sleepy

from kitaru import KitaruStateError

handle = sleepy.run(2.5)
assert handle.status in ("pending", "running"), handle.status
message = "nothing was raised for an unfinished execution"
try:
    handle.get()
except KitaruStateError as error:
    message = str(error)
assert "wait()" in message, message
print(handle.exec_id)
