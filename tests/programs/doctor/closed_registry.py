"""Gives the stack ``containers`` a registry at an address where nothing answers."""

from __future__ import annotations

from zenml.client import Client
from zenml.enums import StackComponentType

if __name__ == "__main__":
    kind = StackComponentType.CONTAINER_REGISTRY
    client = Client()
    client.create_stack_component("closed", "default", kind, {"uri": "127.0.0.1:1"})
    client.update_stack("containers", component_updates={kind: ["closed"]})
