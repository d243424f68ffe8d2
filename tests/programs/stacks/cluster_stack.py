"""Register a stack whose cluster is a context of the local kubeconfig."""

from __future__ import annotations

from zenml.client import Client
from zenml.enums import StackComponentType

if __name__ == "__main__":
    client = Client()
    components: dict[StackComponentType, str] = {
        StackComponentType.ARTIFACT_STORE: "default",
        StackComponentType.ORCHESTRATOR: "prod",
        StackComponentType.CONTAINER_REGISTRY: "images",
    }
    client.create_stack_component("prod", "kubernetes", StackComponentType.ORCHESTRATOR, {"kubernetes_context": "prod"})
    client.create_stack_component("images", "default", StackComponentType.CONTAINER_REGISTRY, {"uri": "localhost:1"})
    client.create_stack("prod", components)
