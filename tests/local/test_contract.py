"""What Kitaru takes from ZenML beyond its documented interface: a new release that moves any of it fails here first.

Every name that ``kitaru`` imports from ZenML exists; every call of such a name, and of a method of ZenML's client or
store, fits its signature; objects have the attributes in the table below; the private names are what Kitaru takes them
for, and the list of them in ``kitaru/_zenml/door/private.py`` is whole.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

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
        try:
            inspect.signature(target).bind(*[None] * (count + method), **dict.fromkeys(keywords))
        except TypeError as error:
            wrong.append(f"{place} calls {path}: {error}")
    assert len(calls()) > 20, "the search for calls finds nothing any more"
    assert not wrong, "\n".join(wrong)


def test_the_private_names_are_there_and_work_as_kitaru_uses_them():
    from zenml.client import Client
    from zenml.orchestrators.local.local_orchestrator import LocalOrchestrator
    from zenml.pipelines.pipeline_definition import Pipeline
    from zenml.utils import source_utils

    # DynamicPipeline hands on any keyword to Pipeline, so that its own signature refuses none.
    options = {"name", "entrypoint", "enable_cache", "execution_mode", "tags", "extra"}
    assert options <= set(inspect.signature(Pipeline.__init__).parameters)
    assert "_run_args" in attributes(Pipeline)
    accepted = inspect.signature(Pipeline._create_snapshot).parameters
    assert "run_name" in accepted, "with_options(run_name=) ends up in _run_args, which go to _create_snapshot"
    assert "_orchestrator_run_id" in inspect.getsource(LocalOrchestrator.get_orchestrator_run_id)
    assert isinstance(inspect.getattr_static(Client, "active_stack_model"), property)
    assert "_CUSTOM_SOURCE_ROOT" in inspect.getsource(source_utils.set_custom_source_root)
    assert source_utils._CUSTOM_SOURCE_ROOT is None or isinstance(source_utils._CUSTOM_SOURCE_ROOT, str)
    assert isinstance(source_utils.ZENML_SOURCE_ATTRIBUTE_NAME, str)


def test_a_source_that_a_function_carries_is_what_zenml_resolves():
    from zenml.config.source import Source, SourceType
    from zenml.utils import source_utils

    def entry() -> None: ...

    source = Source(module="somewhere.else", attribute="entry", type=SourceType.USER)
    setattr(entry, source_utils.ZENML_SOURCE_ATTRIBUTE_NAME, source)
    assert source_utils.resolve(entry) == source


def test_the_table_in_private_py_lists_what_its_code_uses_and_nothing_else():
    tree = parsed()[PRIVATE]
    docstring = ast.get_docstring(tree) or ""
    listed = {name.rpartition(".")[2] for name in re.findall(r"^``([\w.]+)``", docstring, re.MULTILINE)}
    code = ast.Module([node for node in tree.body if not isinstance(node, ast.Expr)], [])
    used = {node.attr for node in ast.walk(code) if isinstance(node, ast.Attribute)}
    used |= {node.id for node in ast.walk(code) if isinstance(node, ast.Name)}
    private = {
        node.attr for node in ast.walk(code) if isinstance(node, ast.Attribute) and re.match(r"_[^_]", node.attr)
    }
    own = {node.name for node in ast.walk(code) if isinstance(node, ast.FunctionDef)}
    assert listed, "the table was not found in the docstring"
    assert listed <= used, f"listed and not used: {listed - used}"
    assert private - own <= listed, f"used and not listed: {private - own - listed}"


def test_runners_keep_their_files_beside_zenmls_configuration(monkeypatch, tmp_path):
    from zenml.utils.io_utils import get_global_config_directory

    from kitaru._core.process.places import runner_directory

    for given in (str(tmp_path / "named"), ""):
        monkeypatch.setenv("ZENML_CONFIG_PATH", given)
        assert runner_directory() == Path(get_global_config_directory()) / "kitaru" / "executions"
