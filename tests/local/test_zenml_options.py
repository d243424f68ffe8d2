"""What ``zenml=`` sets, seen at work in real ZenML; docs/zenml.md names the test of each word."""

from __future__ import annotations

import importlib
import json

import pytest

from kitaru._core.settings.zenml_fields import fields_of, members_of
from kitaru._core.settings.zenml_keys import CHECKPOINT, FLOW


def test_fields_that_are_read_from_source_are_those_of_zenmls_classes():
    classes = {of for words in (FLOW, CHECKPOINT) for of in words.classes} | {
        ("config.resource_settings", "ResourceSettings"),
        ("config.deployment_settings", "DeploymentSettings"),
        ("config.cache_policy", "CachePolicy"),
        ("model.model", "Model"),
        ("utils.tag_utils", "Tag"),
    }
    for module, name in classes:
        model = getattr(importlib.import_module(f"zenml.{module}"), name)
        inherited = {field for base in model.__mro__[1:] for field in getattr(base, "model_fields", ())}
        own = fields_of(module, name)
        assert own
        assert set(own) <= set(model.model_fields) <= set(own) | inherited, name
    kinds = importlib.import_module("zenml.enums").StackComponentType
    assert set(members_of("enums", "StackComponentType")) == {kind.value for kind in kinds}


@pytest.fixture
def tracked(project):
    project.take("zenml_options/tracked.py")
    return json.loads(project.run("tracked.py").stdout.splitlines()[-1])


def test_zenml_words_at_work(tracked):
    of_checkpoint, of_body, after, shared, of_process, caught = tracked["value"]
    # environment of both, secrets, and extra, where the checkpoint's comes on top
    assert of_checkpoint == ["5", "7", shared, len("never-shown-4711"), "vision", "train"]
    assert of_process == ["5", "9", len("never-shown-4711")]
    assert shared == len("never-shown-4711-shared")
    assert (of_body, after, tracked["variable after its checkpoint"]) == ("5", None, None)
    assert not tracked["secret"]  # in nothing that ZenML or Kitaru keeps of the run
    assert caught == "no such thing"  # execution_mode
    assert tracked["extra of the run"] == ["kitaru", "owner", "team"]
    # tags of the run, one of which cascades to what it makes, and of a checkpoint's outputs
    assert tracked["tags of the run"] == ["blue", "kitaru", "team-red", "trained"]
    assert tracked["tags of the output"] == ["gold", "team-red"]
    # substitutions of the flow in the run's name and a model's version, and of a checkpoint in the name of its output
    assert tracked["name of the run"] == "trained-in-oslo"
    assert tracked["model"] == ["classifier", "from_oslo", ["small"]]
    assert tracked["name of the output"] == ["weights_eu"]
    assert tracked["linked"] == [
        "trained::bare::output",
        "trained::elsewhere::output",
        "trained::report::output",
        "weights_eu",
    ]
    # enable_artifact_metadata and enable_artifact_visualization: off by the flow, on again by a checkpoint
    assert tracked["metadata of outputs"] == {"bare": [False], "report": [True]}
    assert tracked["pictures of outputs"] == {"bare": False, "report": True}
    # enable_step_logs of a checkpoint and of a flow, enable_pipeline_logs
    assert {name: "step" in sources for name, sources in tracked["logs"].items()} == {"bare": False, "report": True}
    assert tracked["logs of evaluated"] == []
    assert tracked["settings"]["zenml.model.version"] == ["from_{office}", "@flow(zenml=)"]
    # experiment_tracker and its settings, also of an async checkpoint
    assert tracked["metrics"] == {"accuracy": [0.3], "loss": [2.0]}
    assert tracked["experiments"] == ["Default", "evaluated", "trials"]
    assert tracked["tracked"] == ["experiment_tracker_url", "mlflow_experiment_id", "mlflow_run_id"]


def test_models_and_cache_policies_at_work(project):
    project.take("zenml_options/versions.py")
    seen = json.loads(project.run("versions.py").stdout.splitlines()[-1])
    # short is as old as the flow's policy allows; kept ignores a parameter, and same counts none
    assert seen["second"] == {"short": "completed", "kept": "cached", "kept_2": "completed", "same": "cached"}
    assert seen["values"] == [[1, 2, 12, 10], [2, 2, 23, 10]]
    assert seen["versions"] == {"whole": ["1", "2"], "part": ["for_north"]}
    assert seen["runs"] == ["1", "2"]
    whole = ["kept", "kept_2", "same", "short"]
    assert seen["links"] == [
        [f"fitted::{name}::output 1" for name in whole],
        [f"fitted::{name}::output {version}" for name, version in zip(whole, (1, 2, 1, 2), strict=True)],
        ["part::fit::output 1"],
    ]


def test_wrong_values_are_refused_with_their_layer(project):
    project.take("zenml_options/wrong_values.py")
    errors, runs = json.loads(project.run("wrong_values.py").stdout.splitlines()[-1])
    assert runs == 0
    expected = [
        ("experiment_tracker of checkpoint 'tracked'", "no experiment tracker 'tracker'"),
        ("step_operator of checkpoint 'operated'", "no image is built"),
        ("experiment_tracker of checkpoint 'processed' and runtime='process' contradict", "the flow's process"),
        ("resources of checkpoint 'counted'", "cpu_count: input should be a valid number"),
        ("checkpoint 'selected'", "Did you mean 'node_selectors'?"),
        ("resources.memory of flow 'plain'", "memory: "),
        ("pod_settings.node_selector (from plain.with_options(zenml=))", "Did you mean 'node_selectors'?"),
        ("settings.orchestrator.kubernete", "Did you mean 'kubernetes'?"),
        ("settings.step_operator", "stack 'default' has no step_operator"),
        ("settings.orchestrator:mine", "there is no orchestrator 'mine'"),
        ("settings.deployment.uvicorn_port", "input should be a valid integer"),
        ("secrets.0", "there is no ZenML secret 'nowhere'"),
        ("model.version", "model 'm' has no version 7"),
        ("enable_step_logs", "input should be a valid boolean"),
        ("cache_policy.expires_after (from kitaru.configure(zenml=))", "input should be a valid integer"),
        ("model.name (from KITARU_ZENML)", "field required"),
    ]
    for error, parts in zip(errors, expected, strict=True):
        assert all(part in error for part in parts), error


def test_unknown_fields_deep_inside_a_stacks_definition_are_refused_as_it_is_made(project):
    definition = {
        "description": "Pods",
        "components": {
            "orchestrator": {
                "flavor": "kubernetes",
                "configuration": {"pod_settings": {"node_selector": {"disk": "ssd"}}},
            },
            "artifact_store": {"flavor": "local"},
        },
    }
    assert refusal(project, definition).endswith(
        "components.orchestrator.configuration.pod_settings.node_selector is no field of pod_settings. Did you mean "
        "'node_selectors'? Its fields are additional_pod_spec_args, affinity, annotations, container_security_context, env, "
        "env_from, host_ipc, image_pull_secrets, labels, node_selectors, resources, scheduler_name, tolerations, "
        "volume_mounts, volumes."
    )
    definition["components"]["orchestrator"] = {"flavor": "local"}
    cluster = {"tokn": "x", "server": "https://localhost:1", "cluster_name": "c"}
    definition["connectors"] = {"cluster": {"type": "kubernetes", "auth_method": "token", "configuration": cluster}}
    assert "has no attribute 'tokn' with the method 'token' of type 'kubernetes'. Did you mean 'token'?" in refusal(
        project, definition
    )


def refusal(project, definition):
    file = project.write("pods.yaml", json.dumps(definition))
    refused = project.kitaru("stack", "create", "pods", "-f", file, "--dry-run", check=False)
    assert refused.returncode != 0
    return " ".join(refused.stderr.split())


def test_layers_of_zenml_are_merged_key_by_key(project):
    project.write(
        "pyproject.toml",
        """
        [tool.kitaru.zenml]
        tags = ["of-the-project"]
        [tool.kitaru.zenml.environment]
        A = "project"
        B = "project"
        """,
    )
    variable = json.dumps(
        {"environment": {"B": "variable"}, "settings": {"orchestrator.kubernetes": {"pod_startup_timeout": 5}}}
    )
    shown = project.kitaru("config", "show", "--output", "json", env={"KITARU_ZENML": variable}).stdout
    rows = {path: (row["value"], row["layer"]) for path, row in json.loads(shown).items() if path.startswith("zenml.")}
    assert rows == {
        "zenml.tags": (["of-the-project"], "pyproject"),
        "zenml.environment.A": ("project", "pyproject"),
        "zenml.environment.B": ("variable", "environment"),
        "zenml.settings.orchestrator.kubernetes.pod_startup_timeout": (5, "environment"),
    }
