"""Stacks from definitions: the shipped ones fit ZenML, bad ones make nothing, and deleting spares what is not ours."""

from __future__ import annotations

import json
import signal
import zipfile
from io import BytesIO

import pytest

from kitaru import KitaruStackError, KitaruUsageError
from kitaru._core.images.shipped import stacks_folder
from kitaru._core.images.wheel import build_wheel, integration_wheels
from kitaru._core.settings.stack_definition import fill

SHIPPED = sorted(path.stem for path in stacks_folder().glob("*.yaml"))


def test_every_stack_type_that_was_promised_is_there():
    promised = {"local", "docker", "kubernetes", "sagemaker", "vertex", "azureml"}
    assert {*SHIPPED} == promised | {"kubernetes-aws", "kubernetes-gcp", "kubernetes-azure"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_definition_says_what_it_needs_and_costs_and_fits_zenml(name, home):
    from kitaru._zenml.stacks.definitions import load_definition
    from kitaru._zenml.stacks.flavors import checked_configuration, find_flavor

    text = (stacks_folder() / f"{name}.yaml").read_text()
    assert "# Needs: " in text
    assert "# Costs: " in text
    definition, where = load_definition(name)
    # Every option given, and then each one left out that decides between variants.
    scheme = {"gcp": "gs", "vertex": "gs", "azure": "az", "azureml": "az"}.get(name.split("-")[-1], "s3")
    urls = {"bucket": f"{scheme}://some", "container": f"{scheme}://some", "endpoint": "https://s3.acme.dev"}
    plain = {"switch": "yes", "number": "1", "text": "some"}
    every = {key: urls.get(key, plain[option.kind]) for key, option in definition.options.items()}
    deciding = {v.given for variants in definition.components.values() for v in variants if v.given}
    for left_out in [set(), *({key} for key in deciding)]:
        given = {key: value for key, value in every.items() if key not in left_out}
        filled = fill(definition, given, where)
        for kind, part in filled.components.items():
            assert part.flavor is not None
            checked_configuration(kind, part.flavor, part.configuration)
            if part.connector:
                assert find_flavor(kind, part.flavor).service_connector_requirements is not None


def test_the_wheel_for_containers_holds_the_package_and_the_definitions_and_is_always_the_same():
    wheel = build_wheel()
    assert wheel.content == build_wheel().content
    names = zipfile.ZipFile(BytesIO(wheel.content)).namelist()
    assert wheel.name.startswith("kitaru_zenml-")
    assert {"kitaru/__init__.py", "kitaru/py.typed", "kitaru/_stacks/docker.yaml"} <= {*names}
    assert not [name for name in names if "__pycache__" in name]


def test_integrations_that_an_image_requires_are_taken_from_where_they_are_installed():
    named = ["httpx", "kitaru-langgraph", "Kitaru_Pydantic.AI[openai]>=0.1 ; python_version > '3'", "kitaru-zenml[llm]"]
    wheels = integration_wheels(
        [
            *named,
            "kitaru_langgraph  # again",
            "kitaru-of-nobody",
            "# kitaru-openai-agents",
            "",
            "-r more.txt",
            "./kitaru-x",
        ]
    )
    assert [wheel.name.partition("-")[0] for wheel in wheels] == ["kitaru_langgraph", "kitaru_pydantic_ai"]
    archive = zipfile.ZipFile(BytesIO(wheels[0].content))
    assert {"kitaru_langgraph/__init__.py", "kitaru_langgraph/py.typed"} <= {*archive.namelist()}
    assert not [name for name in archive.namelist() if "__pycache__" in name]
    assert (
        "Requires-Dist: langgraph" in archive.read(f"kitaru_langgraph-{wheels[0].version}.dist-info/METADATA").decode()
    )


@pytest.mark.parametrize(
    ("definition", "options", "told"),
    [
        ({"description": "x", "components": {"orchestrater": {"flavor": "local"}}}, {}, "Did you mean 'orchestrator'"),
        ({"description": "x", "components": {"orchestrator": {"flavour": "local"}}}, {}, "Did you mean 'flavor'"),
        ({"description": "x", "components": {"orchestrator": {"flavor": "local"}}}, {}, "has no artifact_store"),
        ({"orchestrator": "lokal"}, {}, "Did you mean 'local'"),
        ({"run_args": {}}, {}, "components.orchestrator.run_args is not a field. The fields are given, flavor,"),
        ({"run_args": {}}, {}, "what ZenML configures stands below configuration"),
        ({"configuration": {"run_arg": {}}}, {}, "Did you mean 'run_args'"),
        ({"configuration": {"synchronous": "perhaps"}}, {}, "synchronous"),
        ({"existing": "nobody"}, {}, "there is no artifact_store 'nobody'"),
        ({"connector": "nobody"}, {}, "does not use service connectors"),
        ({"configuration": {"run_args": "${typo}"}}, {}, "an option 'typo' that it does not declare"),
        ("dokcer", {}, "Did you mean 'docker'"),
        ({"orchestrator": "kubernetes"}, {}, "Missing stack components container_registry"),
        ("missing.yaml", {}, "There is no file"),
    ],
)
def test_a_bad_definition_is_told_and_makes_nothing(home, definition, options, told):
    from kitaru import create_stack, list_stacks

    if isinstance(definition, dict) and "components" not in definition:
        orchestrator = {"flavor": definition.pop("orchestrator", "local_docker")}
        store = {"existing": definition.pop("existing")} if "existing" in definition else {"flavor": "local"}
        parts = {"orchestrator": {**orchestrator, **definition}, "artifact_store": store}
        definition = {"description": "x", "components": parts}
    with pytest.raises(KitaruStackError) as caught:
        create_stack("bad", definition, options)
    assert told in str(caught.value)
    assert [stack.name for stack in list_stacks()] == ["default"]


def test_options_are_checked(home):
    from kitaru import plan_stack

    for options, told in [
        ({"registri": "x"}, "Did you mean 'registry'"),
        ({}, "needs registry"),
        ({"registry": "r", "local": "perhaps"}, "true, false"),
        ({"registry": "r", "bucket": "s3://b"}, "needs one of context=..., connector=..."),
    ]:
        with pytest.raises(KitaruUsageError, match=told.replace(".", r"\.")):
            plan_stack("k", "kubernetes", options)


def test_a_step_that_fails_leaves_nothing_behind(home, monkeypatch):
    from zenml.client import Client

    from kitaru import create_stack

    def count():
        client = Client()
        kinds = ("orchestrator", "artifact_store", "image_builder")
        return [client.list_stacks().total, *(client.list_stack_components(type=kind).total for kind in kinds)]

    before = count()

    def fail(*_, **__):
        raise ConnectionError("the server went away")

    monkeypatch.setattr(Client, "create_stack", fail)
    with pytest.raises(Exception, match="the server went away"):
        create_stack("half", "docker")
    assert count() == before


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "There is no kube context 'prod'"), ("a: [", "cannot be read")]
)
def test_a_kubeconfig_that_does_not_lead_to_the_cluster_is_told_once(project, content, problem):
    kubeconfig = project.path / "kubeconfig"
    if content is not None:
        kubeconfig.write_text(content)
    project.run(project.take("stacks/cluster_stack.py"))
    checked = project.kitaru("stack", "check", "prod", env={"KUBECONFIG": str(kubeconfig)}, check=False)
    failed = [line for line in checked.stdout.splitlines() if line.startswith("FAILED") and "'prod'" in line]
    assert failed == ["FAILED  orchestrator 'prod': take its context from the kubeconfig"]
    assert str(kubeconfig) in checked.stdout
    assert problem in checked.stdout
    assert "KUBECONFIG" in checked.stdout


def test_the_life_of_a_stack_on_the_command_line(project):
    dry = project.kitaru("stack", "create", "box", "--type", "docker", "--set", "network=host", "--dry-run")
    assert "network" in dry.stdout
    assert "box" not in project.kitaru("stack", "list").stdout
    project.kitaru("stack", "create", "box", "--type", "docker", "--set", "network=host")
    again = project.kitaru("stack", "create", "box", "--type", "docker", check=False)
    assert (again.returncode, "already" in again.stderr) == (1, True)

    listed = json.loads(project.kitaru("stack", "list", "--output", "json").stdout)
    assert [(s["name"], s["is_active"], s["made_by_kitaru"]) for s in listed] == [
        ("box", False, True),
        ("default", True, False),
    ]
    exported = project.kitaru("stack", "export", "box").stdout
    project.write("copy.yaml", exported)
    project.kitaru("stack", "create", "copy", "-f", "copy.yaml")
    shown = json.loads(project.kitaru("stack", "show", "copy", "--output", "json").stdout)
    assert shown["components"][0]["configuration"] == {"run_args": {"network": "host"}}

    project.kitaru("stack", "use", "copy")
    assert project.kitaru("stack", "current").stdout == "copy\n"
    active = project.kitaru("stack", "delete", "copy", check=False)
    assert "is the active one" in active.stderr
    project.kitaru("stack", "use", "default")
    foreign = project.kitaru("stack", "delete", "default", "--force", check=False)
    assert foreign.returncode == 1

    project.run(project.take("stacks/shared_component.py"))
    refused = project.kitaru("stack", "delete", "copy", check=False)
    assert "is used by other" in refused.stderr
    deleted = project.kitaru("stack", "delete", "copy", "--force").stdout
    assert "Deleted stack copy." in deleted
    assert "orchestrator" not in deleted
    assert "was not made by Kitaru" in project.kitaru("stack", "delete", "other", check=False).stderr
    project.kitaru("stack", "delete", "box")
    assert [s["name"] for s in json.loads(project.kitaru("stack", "list", "--output", "json").stdout)] == [
        "default",
        "other",
    ]


def test_a_submission_killed_anywhere_leaves_the_active_stack_as_it_was(project):
    project.take("stacks/located.py")
    project.run("-c", 'from kitaru import create_stack; create_stack("box", "local")')
    armed, config = project.path / "armed", project.home.zenml / "config.yaml"
    before = config.read_text()
    for point in ("bound", "compiled", "created", "handing over", "handed over"):
        armed.write_text(f"submitter, {point}")
        submit = "from located import located; located.run(stack='box')"
        killed = project.run("-c", submit, env={"KITARU_CRASH_POINT": str(armed)}, check=False)
        assert (killed.returncode, armed.read_text()) == (-signal.SIGKILL, ""), point
        assert config.read_text() == before, point
    assert project.kitaru("stack", "current").stdout == "default\n"


def test_threads_submit_to_two_stacks_at_once_and_each_gets_its_own(project):
    done = project.run(project.take("stacks/located.py", "stacks/two_stacks_at_once.py"))
    assert json.loads(done.stdout.splitlines()[-1]) == [[[name, name], name] for name in ["left", "right"] * 2]
    assert project.kitaru("stack", "current").stdout == "default\n"
    # The stack has no containers, and the flow's log says so once.
    assert done.stderr.count("has no containers for single checkpoints") == 4
