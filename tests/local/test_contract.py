"""What Kitaru takes from ZenML beyond its documented interface: a new release that moves any of it fails here first.

Every name that ``kitaru`` imports from ZenML exists; every call of such a name, and of a method of ZenML's client or
store, fits its signature; objects have the attributes in the table below; the private names are what Kitaru takes them
for, and the list of them in ``kitaru/_zenml/private_names.py`` is whole.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import inspect
import re
import threading
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from zenml.zen_stores.sql_zen_store import SqlZenStore

from kitaru._zenml.door import private
from kitaru._zenml.door.code_files import files_of
from kitaru._zenml.private_names import PRIVATE_NAMES, is_there
from kitaru._zenml.running import log_labels, plain_steps
from kitaru._zenml.running.cache_lookup import find_cached_step
from kitaru._zenml.running.exception_info import describe_exception
from kitaru._zenml.running.log_labels import labels_of
from kitaru._zenml.running.saved_inputs import resolve_inputs
from kitaru._zenml.writing import server_logs, store_methods

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F")

PACKAGE = Path(__file__).resolve().parents[2] / "kitaru"
PRIVATE = PACKAGE / "_zenml" / "door" / "private.py"

# What Kitaru uses of objects that ZenML hands it, which no import and no call shows: attributes by class.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "zenml.execution.context.ExecutionContext": ("get", "step_runs"),
    "zenml.execution.pipeline.dynamic.outputs.OutputArtifact": ("step_name", "output_name", "load"),
    "zenml.execution.pipeline.dynamic.run_context.DynamicPipelineRunContext": ("get", "run", "runner"),
    "zenml.execution.pipeline.dynamic.runner.DynamicPipelineRunner": (
        "run_pipeline",
        "snapshot",
        "pipeline",
        "run",
        "orchestrator_run_id",
    ),
    "zenml.materializers.materializer_registry.MaterializerRegistry": ("__getitem__",),
    "zenml.models.PipelineRunResponse": (
        "config",
        "exception_info",
        "get_hydrated_version",
        "orchestrator_run_id",
        "outputs",
        "run_metadata",
        "snapshot",
        "stack",
        "status",
    ),
    "zenml.models.PipelineRunResponseBody": ("status_reason",),
    "zenml.models.PipelineSnapshotResponse": ("pipeline_configuration", "stack"),
    "zenml.models.StackResponse": ("components", "name"),
    "zenml.models.StepRunResponse": ("config", "spec", "status", "version"),
    "zenml.orchestrators.BaseOrchestrator": ("flavor", "name", "supports_dynamic_pipelines"),
    "zenml.orchestrators.local.local_orchestrator.LocalOrchestrator": ("get_orchestrator_run_id",),
    "zenml.pipelines.dynamic.pipeline_definition.DynamicPipeline": ("prepare", "with_options"),
    "zenml.zen_stores.rest_zen_store.RestZenStore": ("session",),
    "zenml.zen_stores.sql_zen_store.SqlZenStore": ("engine",),
}


@functools.cache
def parsed() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def zenml_imports(tree: ast.Module) -> dict[str, str]:
    """Each name that a module takes from ZenML, by the name it has there: ``{"zenml_step": "zenml.step"}``."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "zenml":
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names = [alias for alias in node.names if alias.name.partition(".")[0] == "zenml"]
            found |= {alias.asname or alias.name: alias.name for alias in names}
    return found


def everything_imported() -> set[str]:
    return {path for tree in parsed().values() for path in zenml_imports(tree).values()}


def load(path: str) -> Any:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)


def attributes(target: Any) -> set[str]:
    """Names that a class, its annotations or its constructor declare, or that a module or an object has."""
    names = set(dir(target))
    for kind in inspect.getmro(target) if inspect.isclass(target) else ():
        names |= set(vars(kind).get("__annotations__", {})) | set(getattr(kind, "model_fields", {}))
        source = inspect.getsource(kind.__init__) if inspect.isfunction(vars(kind).get("__init__")) else ""
        names |= set(re.findall(r"self\.(\w+)\s*(?::[^=\n]+)?=", source))
    return names


@pytest.mark.parametrize("path", sorted(everything_imported()))
def test_every_name_taken_from_zenml_exists(path):
    load(path)


@pytest.mark.parametrize("path", sorted(ATTRIBUTES))
def test_objects_of_zenml_have_the_attributes_that_kitaru_uses(path):
    missing = set(ATTRIBUTES[path]) - attributes(load(path))
    assert not missing, f"{path} has no {missing}"


def calls() -> list[tuple[str, str, int, list[str]]]:
    """Each call in kitaru of a ZenML function, class or client method: where, what, positional arguments, keywords."""
    found = []
    for path, tree in parsed().items():
        names = zenml_imports(tree)
        clients = {"Client()", "open_client()"} | (set() if _imports_another_client(tree) else {"client"})
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or any(isinstance(arg, ast.Starred) for arg in node.args):
                continue
            target = _called(node.func, names, clients)
            if target is not None and all(keyword.arg for keyword in node.keywords):
                place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                found.append((place, target, len(node.args), [keyword.arg for keyword in node.keywords]))
    return found


def _imports_another_client(tree: ast.Module) -> bool:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return any(alias.name == "client" for node in imports for alias in node.names)


def _called(function: ast.expr, names: dict[str, str], clients: set[str]) -> str | None:
    if isinstance(function, ast.Name):
        return names.get(function.id)
    if not isinstance(function, ast.Attribute):
        return None
    owner = ast.unparse(function.value)
    if owner in clients:
        return f"zenml.client.Client.{function.attr}"
    if owner.endswith(".zen_store"):
        return f"zenml.zen_stores.zen_store_interface.ZenStoreInterface.{function.attr}"
    return f"{names[owner]}.{function.attr}" if owner in names else None


def _resolve(path: str) -> Any:
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            target = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        return functools.reduce(getattr, parts[cut:], target)
    raise AssertionError(path)


def test_calls_of_zenml_fit_its_signatures():
    wrong = []
    for place, path, count, keywords in calls():
        target = _resolve(path)
        owner, _, name = path.rpartition(".")
        method = path.startswith(("zenml.client.Client.", "zenml.zen_stores.zen_store_interface.")) or (
            inspect.ismethod(target) is False
            and inspect.isclass(_resolve(owner))
            and not isinstance(inspect.getattr_static(_resolve(owner), name), staticmethod)
        )
        if inspect.isclass(target) and target.__name__.endswith(("Schema", "Response")):
            # Their signatures do not tell: a table's names columns that may be left out, and a response's nothing.
            wrong += [f"{place} calls {path}: {name}" for name in set(keywords) - set(target.model_fields)]
            continue
        try:
            inspect.signature(target).bind(*[None] * (count + method), **dict.fromkeys(keywords))
        except TypeError as error:
            wrong.append(f"{place} calls {path}: {error}")
    assert len(calls()) > 20, "the search for calls finds nothing any more"
    assert not wrong, "\n".join(wrong)


# -- private and replaced names ---------------------------------------------------------------------------------------


def contract(*names: str) -> Callable[[F], F]:
    """Name what a test holds ZenML to: names of the one list."""

    def enter(test: F) -> F:
        TESTED.update(names)
        return test

    return enter


TESTED: set[str] = set()


def test_each_listed_name_has_a_contract_test():
    assert {name.name for name in PRIVATE_NAMES} == TESTED


@pytest.mark.parametrize("name", PRIVATE_NAMES, ids=lambda name: name.name)
def test_each_listed_name_is_there(name):
    assert is_there(name)
    assert not is_there(name._replace(name=f"{name.name}_of_later"))


@contract("Pipeline._create_snapshot", "Pipeline._run_args", "Pipeline._prepare_if_possible", "Pipeline._compile")
def test_a_pipeline_is_compiled_and_stored_in_parts():
    from zenml.pipelines.pipeline_definition import Pipeline

    # DynamicPipeline hands on any keyword to Pipeline, so that its own signature refuses none.
    options = {"name", "entrypoint", "enable_cache", "execution_mode", "tags", "extra"}
    assert options <= set(inspect.signature(Pipeline.__init__).parameters)
    assert "_run_args" in attributes(Pipeline)
    accepted = inspect.signature(Pipeline._create_snapshot).parameters
    assert "run_name" in accepted, "with_options(run_name=) ends up in _run_args, which go to _create_snapshot"
    assert required(Pipeline._compile) == required(Pipeline._prepare_if_possible) == ["self"]


@contract("LocalOrchestrator._orchestrator_run_id")
def test_a_local_orchestrator_answers_with_the_id_that_it_was_given():
    from zenml.orchestrators.local.local_orchestrator import LocalOrchestrator

    given = SimpleNamespace(_orchestrator_run_id="an id")
    assert LocalOrchestrator.get_orchestrator_run_id(given) == "an id"


@contract("Client.active_stack_model")
def test_the_active_stack_is_a_property_that_can_be_replaced(home, monkeypatch):
    from zenml.client import Client

    monkeypatch.setattr(Client, "active_stack_model", inspect.getattr_static(Client, "active_stack_model"))
    own, other = Client().active_stack_model, SimpleNamespace(name="other")
    with private.bound_stack(other):
        assert Client().active_stack_model is other
    assert Client().active_stack_model.id == own.id


@contract("ZENML_SOURCE_ATTRIBUTE_NAME")
def test_a_source_that_a_function_carries_is_what_zenml_resolves():
    from zenml.config.source import Source, SourceType
    from zenml.utils import source_utils

    def entry() -> None: ...

    source = Source(module="somewhere.else", attribute="entry", type=SourceType.USER)
    private.set_source(entry, source)
    assert source_utils.resolve(entry) == source


@contract("_CUSTOM_SOURCE_ROOT")
def test_the_source_root_that_was_chosen_can_be_read(monkeypatch, tmp_path):
    from zenml.utils import source_utils

    monkeypatch.setattr(source_utils, "_CUSTOM_SOURCE_ROOT", None)
    assert private.custom_source_root() is None
    source_utils.set_custom_source_root(str(tmp_path))
    assert private.custom_source_root() == str(tmp_path)


@contract("GlobalConfiguration._write_config", "GlobalConfiguration._config_file")
def test_a_setter_of_zenmls_configuration_writes_the_file_unless_it_is_left_alone(home, monkeypatch):
    from zenml.config.global_config import GlobalConfiguration

    monkeypatch.setattr(GlobalConfiguration, "_write_config", GlobalConfiguration._write_config)
    config = GlobalConfiguration()
    file = home.zenml / "config.yaml"
    assert Path(config._config_file) == file
    file.unlink()
    config.user_email = "ada@example.com"
    assert "ada@example.com" in file.read_text()
    private.leave_configuration_alone()
    config.user_email = "grace@example.com"
    assert "grace@example.com" not in file.read_text()
    file.unlink()
    config.user_email = "grace@example.com"
    assert "grace@example.com" in file.read_text()


@contract("Environment.get_python_packages", "integration_registry.activate_integrations")
def test_zenml_asks_kitaru_what_is_installed(monkeypatch):
    from zenml.environment import Environment, get_run_environment_dict
    from zenml.integrations.registry import integration_registry

    monkeypatch.setattr(Environment, "get_python_packages", Environment.get_python_packages)
    monkeypatch.setattr(integration_registry, "activate_integrations", integration_registry.activate_integrations)
    assert required(integration_registry.activate_integrations) == []
    private.ask_here(lambda: ["one==1"], lambda: None)
    assert get_run_environment_dict()["python_packages"] == "one==1"


@contract("_get_package_for_module")
def test_zenml_asks_kitaru_which_distribution_a_module_belongs_to(monkeypatch):
    import yaml
    from zenml.utils import source_utils

    from kitaru._zenml.door.installed import package_of

    own = source_utils._get_package_for_module
    monkeypatch.setattr(source_utils, "_get_package_for_module", own)
    for module in ("yaml", "click.core", "zenml.client", "google.protobuf", "_pytest", "json", "no_such_module"):
        assert package_of(module) == own(module), module
    private.find_packages_by(lambda module: f"the one of {module}")
    assert source_utils.resolve(yaml.YAMLObject).package_name == "the one of yaml"


@contract("MaterializerRegistry.__getitem__")
def test_zenml_asks_kitaru_for_a_materializer(monkeypatch):
    from zenml.materializers.materializer_registry import MaterializerRegistry, materializer_registry

    monkeypatch.setattr(MaterializerRegistry, "__getitem__", MaterializerRegistry.__getitem__)
    own = materializer_registry[int]
    assert private.registered_materializer(int) is own
    private.find_materializers_by(lambda kind: (kind, "found"))
    assert materializer_registry[int] == (int, "found")


@contract("SqlZenStore._engine")
def test_a_store_uses_the_engine_that_it_was_given(home):
    from zenml.client import Client

    store = Client().zen_store
    engine = create_engine(store.engine.url)
    private.replace_engine(store, engine)
    assert store.engine is engine
    assert store.get_store_info().id


@contract(
    "SqlZenStore.create_run_step",
    "SqlZenStore.update_run_step",
    "SqlZenStore.batch_create_artifact_versions",
    "SqlZenStore.create_artifact_version",
    "SqlZenStore.create_logs",
    "SqlZenStore._get_active_user",
)
def test_a_store_writes_the_rows_of_a_step_by_kitaru_what_is_plain(home, monkeypatch):
    from sqlmodel import Session
    from zenml.client import Client
    from zenml.enums import StackComponentType
    from zenml.models import LogsRequest

    for name, write in store_methods.WRITERS.items():
        own = getattr(SqlZenStore, name)
        monkeypatch.setattr(SqlZenStore, name, own)
        assert required(own)[1:] == required(write)[2:], name
    store_methods.replace_store_methods()
    replaced = SqlZenStore.create_logs
    store_methods.replace_store_methods()
    assert SqlZenStore.create_logs is replaced

    client = Client()
    store = client.zen_store
    with Session(store.engine) as session:
        assert private.active_user(store, session).id == client.active_user.id
    [artifact_store] = client.active_stack_model.components[StackComponentType.ARTIFACT_STORE]
    asked = LogsRequest(
        project=client.active_project.id, source="a", uri="nowhere", artifact_store_id=artifact_store.id
    )
    written = store.create_logs(asked)
    read = store.get_logs(written.id)
    assert (written.body, written.metadata) == (read.body, read.metadata)


@contract("SqlZenStore._get_step_run_input_type_from_config")
def test_an_input_that_no_step_makes_is_loaded_by_hand():
    from zenml.config.step_configurations import StepConfiguration, StepSpec
    from zenml.enums import StepRunInputArtifactType

    step = SimpleNamespace(
        config=StepConfiguration(name="a_step"), spec=StepSpec(source="builtins.str", upstream_steps=[], inputs={})
    )
    kind = SqlZenStore._get_step_run_input_type_from_config
    store = SimpleNamespace(_get_step_run_input_type_from_config=functools.partial(kind, None))
    assert private.input_type(store, "x", step) == StepRunInputArtifactType.MANUAL


@contract("get_cached_step_run")
def test_the_launcher_asks_kitaru_for_a_cached_step(monkeypatch):
    from zenml.orchestrators import cache_utils, step_run_utils

    monkeypatch.setattr(cache_utils, "get_cached_step_run", cache_utils.get_cached_step_run)
    assert required(cache_utils.get_cached_step_run) == required(find_cached_step) == ["cache_key"]
    private.find_cached_steps_by(find_cached_step)
    assert step_run_utils.cache_utils.get_cached_step_run is find_cached_step


@contract("collect_exception_information")
def test_of_an_exception_without_a_text_something_is_stored(monkeypatch):
    from zenml.orchestrators import step_launcher, step_runner
    from zenml.utils import exception_utils

    own = exception_utils.collect_exception_information
    monkeypatch.setattr(exception_utils, "collect_exception_information", own)
    assert list(inspect.signature(own).parameters) == list(inspect.signature(describe_exception).parameters)
    private.describe_exceptions_by(describe_exception)
    for module in (step_launcher, step_runner):
        assert module.exception_utils.collect_exception_information is describe_exception
    error = ValueError("plain")
    assert describe_exception(error) == own(error)
    assert describe_exception(OSError("a\udcffb")).message == "a\\udcffb"


@contract("CodeArchive.get_files", "CodeArchive._root")
def test_files_of_code_are_packed_whatever_their_names_are(monkeypatch, tmp_path):
    from git import Repo
    from zenml.utils.code_utils import CodeArchive

    monkeypatch.setattr(CodeArchive, "get_files", CodeArchive.get_files)
    private.list_code_by(files_of)
    tracked = ["a.py", "b c.txt", "größe.txt", "folder of/its own/d.txt", 'quo"te.txt', ".zen/config.yaml"]
    others = ["new one.py", "ignored.txt", "also ignored.txt"]
    for name in (*tracked, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("*ignored.txt\n")
    repository = Repo.init(tmp_path)
    repository.index.add([*tracked, ".gitignore"])
    (tmp_path / "a.py").write_text("changed")
    packed = CodeArchive(root=str(tmp_path)).get_files()
    assert sorted(packed) == sorted([*tracked[:-1], "new one.py", ".gitignore"])
    assert all(Path(path).read_text() for path in packed.values())
    below = CodeArchive(root=str(tmp_path / "folder of")).get_files()
    assert list(below) == ["its own/d.txt"]
    elsewhere = tmp_path.parent / "no repository"
    elsewhere.mkdir()
    (elsewhere / "e f.py").touch()
    assert list(CodeArchive(root=str(elsewhere)).get_files()) == ["e f.py"]
    assert CodeArchive(root=None).get_files() == {}


@contract("resolve_step_inputs")
def test_the_launcher_asks_kitaru_for_the_inputs_of_a_step(monkeypatch):
    from zenml.orchestrators import input_utils, step_run_utils

    monkeypatch.setattr(input_utils, "resolve_step_inputs", input_utils.resolve_step_inputs)
    own, other = inspect.signature(input_utils.resolve_step_inputs), inspect.signature(resolve_inputs)
    assert list(own.parameters) == list(other.parameters)
    private.resolve_inputs_by(resolve_inputs)
    assert step_run_utils.input_utils.resolve_step_inputs is resolve_inputs


@contract("RestZenStore.create_run_step")
@contract("setup_logging_context", "LoggingContext.emit")
def test_the_launcher_has_its_log_from_kitaru(monkeypatch):
    from zenml.orchestrators import step_launcher
    from zenml.zen_stores.rest_zen_store import RestZenStore

    monkeypatch.setattr(RestZenStore, "create_run_step", RestZenStore.create_run_step)
    monkeypatch.setattr(step_launcher, "setup_logging_context", step_launcher.setup_logging_context)
    sent = []
    private.send_steps_by(lambda own: sent.append(own.__name__) or own, "the log of a source".replace)
    assert sent == ["create_run_step"]
    source = inspect.getsource(step_launcher.StepLauncher.launch)
    assert 'setup_logging_context(source="prepare_step")' in source
    assert step_launcher.setup_logging_context("source", "step") == "the log of a step"
    own = inspect.signature(step_launcher.LoggingContext.emit)
    assert list(own.parameters) == list(inspect.signature(server_logs._StepLog.emit).parameters)


@contract("LoggingContext.dispatch", "LoggingContext.begin", "LoggingContext.end")
def test_lines_are_handed_to_logs_by_kitaru(monkeypatch):
    from zenml.utils.logging_utils import LoggingContext

    assert list(inspect.signature(LoggingContext.dispatch).parameters) == ["record", "metadata"]
    for name in ("begin", "end"):
        assert required(getattr(LoggingContext, name)) == ["self"]
        assert f"self.{name}()" in inspect.getsource(
            LoggingContext.__enter__ if name == "begin" else LoggingContext.__exit__
        )
    for name in ("dispatch", "begin", "end", "emit"):
        monkeypatch.setattr(LoggingContext, name, inspect.getattr_static(LoggingContext, name))
    told = []
    private.log_lines_by(
        told.append,
        lambda log: told.append(("begun", log)),
        lambda log: told.append(("ending", log)),
        lambda record: f"plain {record}",
    )
    log = LoggingContext.__new__(LoggingContext)
    emitted = []
    log._origin, log._lock, log._log_store = (
        None,
        threading.RLock(),
        SimpleNamespace(
            register_origin=lambda **_: "origin",
            deregister_origin=lambda *_, **__: told.append("ended"),
            emit=lambda **options: emitted.append(options["record"]),
        ),
    )
    log._name, log.log_model, log._metadata, log._block_on_exit = "log", None, {}, True
    log.begin()
    LoggingContext.dispatch("record")
    with pytest.raises(AttributeError, match="getMessage"):
        log.emit("record")
    log.end()
    assert told == [("begun", log), "record", ("ending", log), "ended"]


@contract("_original_stdout_write", "_add_step_name_to_message")
def test_what_is_shown_goes_through_kitaru(monkeypatch):
    from zenml import logger

    monkeypatch.setattr(logger, "_original_stdout_write", logger._original_stdout_write)
    shown = []
    private.show_logging_by(shown.append)
    logger.ZenMLConsoleHandler().stream.write("a line\n")
    assert shown == ["a line\n"]
    assert private.named_step("text") == "text"
    assert "step_context.step_name" in inspect.getsource(logger._add_step_name_to_message)


@contract("get_run_log_metadata")
def test_the_lines_of_a_log_are_labelled_as_before(monkeypatch):
    from zenml.utils import logging_utils

    asked = []
    monkeypatch.setattr(log_labels, "get_run_log_metadata", lambda run: asked.append(run) or {"run": str(run.id)})
    assert required(logging_utils.get_run_log_metadata) == required(labels_of) == ["pipeline_run"]
    monkeypatch.setattr(logging_utils, "get_run_log_metadata", logging_utils.get_run_log_metadata)
    private.label_logs_by(labels_of)
    one, other = SimpleNamespace(id=uuid4()), SimpleNamespace(id=uuid4())
    context = logging_utils.LoggingContext.__new__(logging_utils.LoggingContext)
    context._origin = SimpleNamespace(metadata={})
    for run in (one, one, other, one):
        context.update(pipeline_run=run)
        assert context._origin.metadata == {"run": str(run.id)}
    assert asked == [one, other]


@contract("StepRunner._load_input_artifact")
def test_a_step_takes_an_input_that_is_held(monkeypatch):
    from zenml.orchestrators.step_runner import StepRunner

    own = StepRunner._load_input_artifact
    assert required(own) == ["self", "artifact", "data_type"]
    monkeypatch.setattr(StepRunner, "_load_input_artifact", own)
    private.load_inputs_by({"held": 1}.__getitem__, missing=None)
    assert StepRunner._load_input_artifact(None, SimpleNamespace(id="held", chunk_index=None), int) == 1


@contract("temporary_environment")
def test_variables_of_runs_and_steps_are_set_by_the_replacement(monkeypatch):
    from zenml.orchestrators import step_runner
    from zenml.utils import env_utils

    monkeypatch.setattr(env_utils, "temporary_environment", own := env_utils.temporary_environment)
    assert required(own) == ["environment"]
    assert step_runner.env_utils is env_utils
    set_by = []
    private.set_environments_by(lambda environment: nullcontext(set_by.append(environment)))
    config = SimpleNamespace(environment={"A": 1}, secrets=[])
    stack = SimpleNamespace(environment={}, secrets=[], components={})
    with env_utils.temporary_runtime_environment(config, stack):
        assert set_by == [{"A": "1"}]


@contract("StepRunner._evaluate_artifact_names_in_collections")
def test_an_output_is_found_by_its_full_name(monkeypatch):
    from zenml.orchestrators.step_runner import StepRunner

    own = StepRunner._evaluate_artifact_names_in_collections
    monkeypatch.setattr(StepRunner, "_evaluate_artifact_names_in_collections", own)
    private.find_outputs_by_their_names()
    runner = SimpleNamespace(configuration=SimpleNamespace(outputs={"from_{region}": 1}))
    step_run = SimpleNamespace(config=SimpleNamespace(substitutions={"region": "eu"}))
    annotations = {"from_{region}": SimpleNamespace(artifact_config=SimpleNamespace(name="from_{region}"))}
    StepRunner._evaluate_artifact_names_in_collections(runner, step_run, annotations, [places := {"from_{region}": 2}])
    assert (places, runner.configuration.outputs["from_eu"]) == ({"from_eu": 2}, 1)
    assert list(annotations) == ["from_eu"]


@contract("get_active_notebook_cell_code")
def test_ipython_in_a_terminal_is_no_notebook(monkeypatch):
    from zenml.utils import notebook_utils

    monkeypatch.setattr(builtins, "get_ipython", SimpleNamespace, raising=False)
    plain = notebook_utils.get_active_notebook_cell_code
    monkeypatch.setattr(notebook_utils, "get_active_notebook_cell_code", plain)
    private.allow_terminals()
    assert notebook_utils.get_active_notebook_cell_code() is None
    notebook = SimpleNamespace(get_parent=lambda: {"content": {"code": "1 + 1"}})
    monkeypatch.setattr(builtins, "get_ipython", lambda: notebook, raising=False)
    assert notebook_utils.get_active_notebook_cell_code() == "1 + 1"


@contract("_store_artifact_data_and_prepare_request")
def test_what_is_stored_is_recorded_with_the_hash_that_kitaru_gives(home, monkeypatch):
    from zenml.artifacts import utils
    from zenml.orchestrators import step_runner
    from zenml.utils import source_utils

    monkeypatch.setattr(source_utils, "_CUSTOM_SOURCE_ROOT", str(PACKAGE.parent))
    store = utils._store_artifact_data_and_prepare_request
    assert step_runner._store_artifact_data_and_prepare_request is store
    for module in (utils, step_runner):
        monkeypatch.setattr(module, "_store_artifact_data_and_prepare_request", store)
    private.hash_contents_by(lambda value, request: request.model_copy(update={"content_hash": f"of {value}"}))
    assert step_runner._store_artifact_data_and_prepare_request is utils._store_artifact_data_and_prepare_request
    saved = utils.save_artifact([1, 2], "numbers")
    assert saved.content_hash == "of [1, 2]"
    assert saved.load() == [1, 2]


@contract("_InlineStepFuture", "StepFuture.result")
def test_a_future_of_a_step_waits_for_what_it_was_given():
    from zenml.execution.pipeline.dynamic.outputs import StepFuture

    step_run: Future[str] = Future()
    future = private.inline_step_future(step_run, "name")
    assert (future.running(), future.invocation_id) == (True, "name")
    step_run.set_result("a step run")
    assert (future.running(), future.result()) == (False, "a step run")
    assert required(StepFuture.result) == required(plain_steps._Started.result)
    assert not StepFuture("name", [], future).running()


@contract("MapResultsFuture._set_startup_result")
def test_a_future_of_a_map_has_the_futures_that_it_was_given():
    started = private.started_map("name", [])
    assert (started.startup_succeeded, started.futures, started.result()) == (True, [], [])


@contract("OutputArtifact.load")
def test_the_output_of_a_step_is_loaded_by_kitaru():
    from zenml.execution.pipeline.dynamic.outputs import OutputArtifact

    ours, theirs = (inspect.signature(kind.load).parameters for kind in (plain_steps.StepOutput, OutputArtifact))
    assert {name: one.default for name, one in ours.items()} == {name: one.default for name, one in theirs.items()}


@contract("DynamicPipelineRunner.launch_step", "DynamicPipelineRunner.map")
@pytest.mark.parametrize(("method", "ours"), [("launch_step", plain_steps._launch), ("map", plain_steps._map)])
def test_a_step_calls_the_runner_with_what_kitaru_takes(method, ours):
    from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner
    from zenml.steps import base_step

    tree = ast.parse(inspect.getsource(base_step))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = [call for call in calls if ast.unparse(call.func).endswith(f".runner.{method}")]
    assert len(calls) == 2
    for call in calls:
        given = {str(keyword.arg): None for keyword in call.keywords}
        inspect.signature(getattr(DynamicPipelineRunner, method)).bind(None, **given)
        inspect.signature(ours).bind(None, **given)


@contract("DynamicPipelineRunner.submit_child_pipeline")
def test_a_pipeline_calls_the_runner_with_what_kitaru_refuses():
    from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner
    from zenml.pipelines.dynamic import pipeline_definition

    tree = ast.parse(inspect.getsource(pipeline_definition))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = [call for call in calls if ast.unparse(call.func).endswith(".runner.submit_child_pipeline")]
    assert len(calls) == 2
    for call in calls:
        given = {str(keyword.arg): None for keyword in call.keywords}
        inspect.signature(DynamicPipelineRunner.submit_child_pipeline).bind(None, **given)
        inspect.signature(plain_steps._refuse_pipeline).bind(**given)


@contract("ExecutionContext.step_runs")
def test_zenml_finds_a_step_where_it_was_told_to_look():
    from zenml.execution.context import ExecutionContext
    from zenml.orchestrators.step_run_utils import StepRunRequestFactory

    step_runs = {"train": "its step run"}
    with ExecutionContext(SimpleNamespace(id="run")) as context:
        private.find_step_runs_in(step_runs)
        assert context.step_runs is step_runs
        factory = StepRunRequestFactory(snapshot=None, pipeline_run=context.pipeline_run, stack=None)
    assert factory._step_runs is step_runs


@contract("DockerContainerEngine.process_docker_stream")
def test_what_an_engine_reports_is_heard(monkeypatch):
    from zenml.container_engines.docker_engine import DockerContainerEngine

    own = inspect.getattr_static(DockerContainerEngine, "process_docker_stream")
    monkeypatch.setattr(DockerContainerEngine, "process_docker_stream", own)
    heard: list[bytes] = []
    private.hear_engine_by(lambda stream: [heard.append(line) or line for line in stream])
    line = b'{"aux": {"ID": "an image"}}\n'
    assert DockerContainerEngine.process_docker_stream([line]) == [{"ID": "an image"}]
    assert heard == [line]


@contract("console.soft_wrap")
def test_a_line_of_zenmls_console_is_not_broken(monkeypatch):
    from zenml.console import console

    monkeypatch.setattr(console, "soft_wrap", False)
    monkeypatch.setattr(console, "_width", 20)
    private.leave_lines_whole()
    with console.capture() as printed:
        console.print("https://example.com/" + "a" * 40)
    assert printed.get().splitlines() == ["https://example.com/" + "a" * 40]


def required(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD]


# -- the list and the code --------------------------------------------------------------------------------------------

# Classes of ZenML that are there to be derived from; what their subclasses override is documented.
_EXTENDED = ("BaseMaterializer",)


def test_the_list_of_private_names_has_what_the_code_uses_and_nothing_else():
    listed = {name.name.rpartition(".")[2] for name in PRIVATE_NAMES}
    assert len({(name.module, name.name) for name in PRIVATE_NAMES}) == len(PRIVATE_NAMES)
    overridden = {name for tree in parsed().values() for name in overrides(tree)}
    assert listed == uses(parsed()[PRIVATE]) | overridden


@pytest.mark.parametrize("path", sorted((PACKAGE / "_zenml").rglob("*.py")), ids=lambda path: path.stem)
def test_private_names_are_used_in_one_place(path):
    if path != PRIVATE:
        assert uses(parsed()[path]) - {"_exit"} - own_attributes() == set()


def uses(tree: ast.Module) -> set[str]:
    """The private names of other objects that a module uses, and names that it sets on what is ZenML's."""
    imported = set(zenml_imports(tree))
    used = {name for name in (path.rpartition(".")[2] for path in zenml_imports(tree).values()) if is_private(name)}
    of_zenml = imported | objects_of_zenml(tree, imported)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls", "super()"):
            is_set = isinstance(node.ctx, ast.Store) and root(node) in of_zenml
            used |= {node.attr} if is_set or is_private(node.attr) else set()
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr":
            used |= {ast.unparse(node.args[1])} & imported
    return used


def objects_of_zenml(tree: ast.Module, imported: set[str]) -> set[str]:
    """The parameters and variables of a module that a class of ZenML's annotates, or that one has returned.

    Not rows of its tables, which who writes one fills.
    """
    imported = {name for name in imported if not name.endswith("Schema")}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            found |= {node.arg} if ast.unparse(node.annotation).strip('"') in imported else set()
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and root(node.value.func) in imported:
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def overrides(tree: ast.Module) -> set[str]:
    """The methods of ZenML's classes that classes of a module override, and that are there for ZenML alone."""
    imports = zenml_imports(tree)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = [load(imports[base]) for base in map(ast.unparse, node.bases) if base in imports]
            names = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
            theirs = {name for base in bases if base.__name__ not in _EXTENDED for name in attributes(base)}
            found |= {name for name in names & theirs if not name.startswith("__")}
    return found


@functools.cache
def own_attributes() -> set[str]:
    """The private attributes that Kitaru's own classes give their instances."""
    nodes = [node for tree in parsed().values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"}


def root(node: ast.expr) -> str:
    return ast.unparse(node).partition(".")[0].partition("(")[0]


def is_private(name: str) -> bool:
    return bool(re.match(r"_[^_]", name)) or name == "__getitem__"


def test_runners_keep_their_files_beside_zenmls_configuration(monkeypatch, tmp_path):
    from zenml.utils.io_utils import get_global_config_directory

    from kitaru._core.process.places import runner_directory

    for given in (str(tmp_path / "named"), ""):
        monkeypatch.setenv("ZENML_CONFIG_PATH", given)
        assert runner_directory() == Path(get_global_config_directory()) / "kitaru" / "executions"
