"""A flow in a pod with a checkpoint that a step operator runs."""

from __future__ import annotations

import os
import socket
from typing import Any

from kitaru import checkpoint, flow


@checkpoint(
    cache=False,
    zenml={
        "step_operator": "operator",
        "settings": {"step_operator": {"pod_settings": {"labels": {"asked-by": "checkpoint"}}}},
        "environment": {"OF_CHECKPOINT": "7"},
        "secrets": ["keys"],
        "heartbeat_healthy_threshold": 12,
    },
)
def apart() -> list[Any]:
    return [socket.gethostname(), os.environ["OF_FLOW"], os.environ["OF_CHECKPOINT"], len(os.environ["TOKEN"])]


@flow(
    cache=False,
    zenml={
        "settings": {"orchestrator.kubernetes": {"orchestrator_pod_settings": {"labels": {"asked-by": "flow"}}}},
        "environment": {"OF_FLOW": "5"},
    },
)
def operated() -> list[Any]:
    return [socket.gethostname(), apart()]
