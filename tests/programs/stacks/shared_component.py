"""Makes a stack that shares the orchestrator of another one."""

from __future__ import annotations

from zenml.client import Client
from zenml.enums import StackComponentType

if __name__ == "__main__":
    client = Client()
    part = client.get_stack("copy").components[StackComponentType.ORCHESTRATOR][0].id
    store = client.get_stack("default").components[StackComponentType.ARTIFACT_STORE][0].id
    client.create_stack("other", {StackComponentType.ORCHESTRATOR: part, StackComponentType.ARTIFACT_STORE: store})
