"""Starts a flow that takes long and waits for it, in a process group of its own that the test interrupts."""

from __future__ import annotations

import os

from gated_work import gated

os.setsid()  # a process group of its own, as a shell gives to what it starts
handle = gated.run()
print(handle.exec_id, flush=True)
handle.wait()
