"""Makes a stack with a step operator of the one that there is, and runs flows on it.

The namespace and the registry are the arguments.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from team.operated import operated
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import StackComponentType as Kind

NAMES = {Kind.ORCHESTRATOR: "kube", Kind.ARTIFACT_STORE: "shared", Kind.CONTAINER_REGISTRY: "registry"}
NAMES |= {Kind.IMAGE_BUILDER: "kube", Kind.STEP_OPERATOR: "operator"}


def make_stack(namespace: str, registry: str) -> None:
    client = Client()
    stores = GlobalConfiguration().local_stores_path
    folder = {"name": "stores", "hostPath": {"path": stores}}
    pod = {"volumes": [folder], "volume_mounts": [{"name": "stores", "mountPath": stores}]}
    client.create_flavor("shared_folder.SharedFolderFlavor", Kind.ARTIFACT_STORE)
    parts: dict[Kind, tuple[str, dict[str, Any]]] = {
        Kind.ARTIFACT_STORE: ("shared_folder", {"path": f"{stores}/shared"}),
        Kind.CONTAINER_REGISTRY: ("default", {"uri": registry}),
        Kind.STEP_OPERATOR: ("kubernetes", {"kubernetes_namespace": namespace, "pod_settings": pod}),
    }
    for kind, (flavor, configuration) in parts.items():
        client.create_stack_component(NAMES[kind], flavor, kind, configuration)
    connector = client.get_stack_component(Kind.ORCHESTRATOR, "kube").connector
    assert connector is not None
    client.update_stack_component(
        "operator", Kind.STEP_OPERATOR, connector_id=connector.id, connector_resource_id=connector.resource_id
    )
    client.create_stack("operated", dict(NAMES))
    client.create_secret("keys", {"TOKEN": "s3cret"})


def seen(enable_heartbeat: bool) -> list[Any]:
    handle = operated.with_options(zenml={"enable_heartbeat": enable_heartbeat}, stack="operated").run()
    value = handle.wait(timeout=400)
    step = Client().get_pipeline_run(handle.exec_id).steps["apart"]
    return [handle.exec_id, value, step.heartbeat_threshold, step.latest_heartbeat is not None]


if __name__ == "__main__":
    make_stack(sys.argv[1], sys.argv[2])
    print(json.dumps([seen(enable_heartbeat=True), seen(enable_heartbeat=False)]))
