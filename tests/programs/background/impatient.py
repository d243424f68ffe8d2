"""Waits for a shorter time than the flow takes, and then until its end."""

from __future__ import annotations

from pathlib import Path

from napping import sleepy

from kitaru import KitaruTimeoutError

handle = sleepy.run()
raised: TimeoutError | None = None
try:
    handle.wait(timeout=0.2)
except TimeoutError as error:
    raised = error
assert isinstance(raised, KitaruTimeoutError), "no timeout"
assert handle.exec_id in str(raised)
Path("go").touch()
print(handle.wait())
