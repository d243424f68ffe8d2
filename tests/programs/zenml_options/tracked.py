"""A flow for which ZenML sets what it can on this machine; prints what was seen of each at work."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import mlflow
from zenml import Tag, get_step_context
from zenml.client import Client

import kitaru
from kitaru import KitaruClient, checkpoint, flow

if TYPE_CHECKING:
    from kitaru import FlowHandle

SECRET = "never-shown-4711"


@checkpoint(
    zenml={
        "experiment_tracker": "tracker",
        "settings": {"experiment_tracker.mlflow": {"experiment_name": "trials", "tags": {"owner": "research"}}},
        "substitutions": {"region": "eu"},
        "environment": {"OF_CHECKPOINT": "7"},
        "secrets": ["keys"],
        "tags": ["gold"],
        "extra": {"team": "vision", "step": "train"},
    }
)
def train(n: int) -> Annotated[list[Any], "weights_{region}"]:
    mlflow.log_metric("accuracy", n / 10)
    variables = [os.environ.get(name) for name in ("OF_FLOW", "OF_CHECKPOINT")]
    extra = get_step_context().step_run.config.extra
    return [*variables, len(os.environ["OF_ALL"]), len(os.environ["TOKEN"]), extra["team"], extra["step"]]


@checkpoint(zenml={"experiment_tracker": True})
async def evaluate(n: int) -> str | None:
    print("not kept by ZenML")
    mlflow.log_metric("loss", n)
    return os.environ.get("OF_CHECKPOINT")


@checkpoint(zenml={"enable_artifact_metadata": True, "enable_artifact_visualization": True})
def report() -> kitaru.Markdown:
    return kitaru.Markdown("# kept")


@checkpoint(zenml={"enable_step_logs": False})
def bare() -> kitaru.Markdown:
    return kitaru.Markdown("# bare")


@checkpoint(runtime="process", zenml={"environment": {"OF_PROCESS": "9"}, "secrets": ["keys"]})
def elsewhere(flows_process: int) -> list[Any]:
    assert os.getpid() != flows_process
    return [os.environ.get("OF_FLOW"), os.environ.get("OF_PROCESS"), len(os.environ["TOKEN"])]


@checkpoint
def breaks() -> None:
    raise LookupError("no such thing")


@flow(
    zenml={
        "tags": ["blue", Tag(name="team-red", cascade=True)],
        "model": {"name": "classifier", "version": "from_{office}", "tags": ["small"]},
        "substitutions": {"office": "oslo"},
        "environment": {"OF_FLOW": 5},
        "secrets": ["shared"],
        "extra": {"team": "search", "owner": "ann"},
        "execution_mode": "continue_on_failure",
        "enable_artifact_metadata": False,
        "enable_artifact_visualization": False,
        "enable_heartbeat": False,
    }
)
def trained(n: int) -> list[Any]:
    seen: list[Any] = [train(n), os.environ.get("OF_FLOW"), os.environ.get("OF_CHECKPOINT")]
    seen += [len(os.environ["OF_ALL"]), elsewhere(os.getpid())]
    try:
        breaks()
    except LookupError as error:
        seen.append(str(error))
    report()
    bare()
    return seen


@flow(zenml={"enable_pipeline_logs": False, "enable_step_logs": False})
async def evaluated(n: int) -> str | None:
    return await evaluate(n)


def metrics(store: Path) -> dict[str, list[float]]:
    """Return what MLflow's files say of each metric."""
    return {file.name: [float(file.read_text().split()[1])] for file in sorted(store.glob("*/*/metrics/*"))}


def of_run(handle: FlowHandle[Any]) -> dict[str, Any]:
    client = Client()
    run = client.get_pipeline_run(handle.exec_id)
    version = run.model_version
    assert version is not None
    outputs = {name: step.regular_outputs for name, step in run.steps.items()}
    [weights] = outputs["train"].values()
    pictures = {name: [artifact.visualizations for artifact in found.values()] for name, found in outputs.items()}
    told = [run.model_dump_json(), *(step.model_dump_json() for step in run.steps.values())]
    told += [line.message for line in handle.logs()]
    return {
        "name of the run": run.name,
        "tags of the run": sorted(tag.name for tag in run.tags),
        "extra of the run": sorted(run.config.extra),
        "model": [version.model.name, version.name, sorted(tag.name for tag in version.tags)],
        "linked": sorted(
            link.artifact_version.artifact.name
            for link in client.list_model_version_artifact_links(model_version_id=version.id).items
        ),
        "name of the output": list(outputs["train"]),
        "tags of the output": sorted(tag.name for tag in weights.tags),
        "metadata of outputs": {
            name: [bool(item.run_metadata) for item in outputs[name].values()] for name in ("bare", "report")
        },
        "pictures of outputs": {name: bool(pictures[name][0]) for name in ("bare", "report")},
        "logs": {name: [log.source for log in run.steps[name].log_collection or ()] for name in ("bare", "report")},
        "tracked": sorted(run.steps["train"].run_metadata),
        "secret": any(SECRET in text for text in told),
    }


def main() -> None:
    client = Client()
    store = Path("tracked").absolute()
    client.create_stack_component(
        name="tracker",
        flavor="mlflow",
        component_type="experiment_tracker",  # type: ignore[arg-type]  # ZenML takes its word as well
        configuration={"tracking_uri": f"file:{store}"},
    )
    parts = {"orchestrator": "default", "artifact_store": "default", "experiment_tracker": "tracker"}
    client.create_stack(name="tracking", components=parts)  # type: ignore[arg-type]  # as above
    client.create_secret(name="keys", values={"TOKEN": SECRET})
    client.create_secret(name="shared", values={"OF_ALL": f"{SECRET}-shared"})
    handle = trained.with_options(stack="tracking", name="trained-in-{office}").run(3)
    value = handle.wait(timeout=180)
    other = evaluated.with_options(stack="tracking").run(2)
    not_set = other.wait(timeout=180)
    of_evaluated = Client().get_pipeline_run(other.exec_id)
    logs = [*(of_evaluated.log_collection or ()), *(of_evaluated.steps["evaluate"].log_collection or ())]
    seen = {
        "value": value,
        **of_run(handle),
        "metrics": metrics(store),
        "experiments": sorted(file.read_text().split("\nname: ")[1].split()[0] for file in store.glob("*/meta.yaml")),
        "variable after its checkpoint": not_set,
        "logs of evaluated": [log.source for log in logs],
        "settings": {
            path: [setting.value, setting.detail]
            for path, setting in KitaruClient().executions.get(handle.exec_id).settings.items()
            if path.startswith("zenml.model.")
        },
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
