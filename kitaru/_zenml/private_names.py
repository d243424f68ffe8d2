"""The one list of private ZenML names that Kitaru uses, and of public ones whose behaviour it replaces.

Data only, without an import of ZenML, so that it can be compared with the installed ZenML before anything uses it. The
code that uses the names stands in :mod:`kitaru._zenml.door.private`; ``tests/local/test_contract.py`` compares the two,
and has a test for each name.
"""

from __future__ import annotations

import dis
import importlib
import inspect
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kitaru._core import zenml_version

if TYPE_CHECKING:
    from collections.abc import Iterable


class PrivateName(NamedTuple):
    """A name of ZenML that no documentation promises to keep, or that Kitaru changes."""

    module: str
    """The module that it is in."""
    name: str
    """Its name in there: ``"Pipeline._compile"``."""
    why: str
    """What Kitaru needs it for; begins with "Replaced" where its behaviour is changed."""


_PIPELINE: Final = "zenml.pipelines.pipeline_definition"
_RUNNER: Final = "zenml.execution.pipeline.dynamic.runner"
_OUTPUTS: Final = "zenml.execution.pipeline.dynamic.outputs"
_SOURCES: Final = "zenml.utils.source_utils"
_CONFIGURATION: Final = "zenml.config.global_config"

PRIVATE_NAMES: Final = (
    PrivateName(
        _PIPELINE,
        "Pipeline._create_snapshot",
        "A run must exist, with its settings, before anything is launched; ZenML's public call submits at once, and its "
        "local orchestrator blocks.",
    ),
    PrivateName(
        _PIPELINE, "Pipeline._run_args", "The options that with_options() collected; they belong to the snapshot."
    ),
    PrivateName(_PIPELINE, "Pipeline._compile", "Tells whether an image would be reused, without storing a snapshot."),
    PrivateName(_PIPELINE, "Pipeline._prepare_if_possible", "Goes before _compile, as in ZenML's own build()."),
    PrivateName(
        "zenml.orchestrators.local.local_orchestrator",
        "LocalOrchestrator._orchestrator_run_id",
        "The dynamic runner asks the orchestrator for it; ZenML sets it in the blocking submission only.",
    ),
    PrivateName(
        "zenml.client",
        "Client.active_stack_model",
        "Replaced by a property that asks a context variable first: two threads can then submit to two stacks, and "
        "nothing is written anywhere.",
    ),
    PrivateName(
        _SOURCES,
        "ZENML_SOURCE_ATTRIBUTE_NAME",
        "An entry function says itself how it is imported, so that flows of scripts and of `python -m` resolve.",
    ),
    PrivateName(
        _SOURCES, "_CUSTOM_SOURCE_ROOT", "Whether the user chose a source root; there is a public setter only."
    ),
    PrivateName(
        _SOURCES,
        "_get_package_for_module",
        "Replaced for speed: it goes through the files of all installed distributions, for each class that is recorded.",
    ),
    PrivateName(
        _CONFIGURATION,
        "GlobalConfiguration._write_config",
        "Replaced: public setters write the file. A process whose server the environment names, and a runner in the "
        "background, must not change what its user has set up.",
    ),
    PrivateName(_CONFIGURATION, "GlobalConfiguration._config_file", "Where that file is."),
    PrivateName(
        "zenml.environment",
        "Environment.get_python_packages",
        "Replaced: it starts pip at each submission; see kitaru._zenml.door.installed.",
    ),
    PrivateName(
        "zenml.integrations.registry",
        "integration_registry.activate_integrations",
        "Replaced: it goes through all integrations each time, and imports the library of each that is installed; see "
        "kitaru._zenml.door.installed.",
    ),
    PrivateName(
        "zenml.materializers.materializer_registry",
        "MaterializerRegistry.__getitem__",
        "Replaced: a runner compiles nothing, so that nobody would have had the integrations register what a plain step "
        "needs; see kitaru._zenml.door.installed.",
    ),
    PrivateName(
        "zenml.zen_stores.sql_zen_store",
        "SqlZenStore._engine",
        "Replaced: SQLAlchemy gives a SQLite file fifteen connections, and a thread may need two at once: more threads "
        "wait for each other until they time out.",
    ),
    *(
        PrivateName(
            "zenml.zen_stores.sql_zen_store",
            f"SqlZenStore.{method}",
            "Replaced for speed: a step takes it seventeen transactions, and some queries for each input; see "
            "kitaru._zenml.writing.",
        )
        for method in (
            "create_run_step",
            "update_run_step",
            "batch_create_artifact_versions",
            "create_artifact_version",
            "create_logs",
        )
    ),
    PrivateName(
        "zenml.zen_stores.rest_zen_store",
        "RestZenStore.create_run_step",
        "Replaced: a step's log goes with the step, in place of two requests more; see "
        "kitaru._zenml.writing.server_logs.",
    ),
    PrivateName(
        "zenml.orchestrators.step_launcher", "setup_logging_context", "Replaced for the same reason: it is that log."
    ),
    PrivateName(
        "zenml.zen_stores.sql_zen_store", "SqlZenStore._get_active_user", "Whom the rows belong to that Kitaru writes."
    ),
    PrivateName(
        "zenml.zen_stores.sql_zen_store",
        "SqlZenStore._get_step_run_input_type_from_config",
        "How a step gets an input, as its row says.",
    ),
    PrivateName(
        "zenml.orchestrators.cache_utils",
        "get_cached_step_run",
        "Replaced: it does not look whether what it finds is still there, and loads far more than a launcher takes; see "
        "kitaru._zenml.running.cache_lookup.",
    ),
    PrivateName(
        "zenml.utils.code_utils",
        "CodeArchive.get_files",
        "Replaced: files with spaces or letters beyond ASCII in their names are missing in containers; see "
        "kitaru._zenml.door.code_files.",
    ),
    PrivateName(
        "zenml.utils.code_utils", "CodeArchive._root", "The folder whose files are looked for, for the same reason."
    ),
    PrivateName(
        "zenml.utils.exception_utils",
        "collect_exception_information",
        "Replaced: it fails itself of an exception whose text cannot be had or encoded; see "
        "kitaru._zenml.running.exception_info.",
    ),
    PrivateName(
        "zenml.orchestrators.input_utils",
        "resolve_step_inputs",
        "Replaced: it loads what the body has stored twice, with all that is known of it; see "
        "kitaru._zenml.running.saved_inputs.",
    ),
    PrivateName(
        "zenml.utils.logging_utils",
        "LoggingContext.emit",
        "Replaced: what cannot be encoded or formatted loses other lines, or fails the step; see "
        "kitaru._zenml.writing.log_lines. In a subclass as well: a launcher tells what goes wrong in the log that its step's "
        "runner writes to.",
    ),
    PrivateName(
        "zenml.utils.logging_utils",
        "LoggingContext.dispatch",
        "Replaced: it leaves out the lines of threads that print at the same time; see kitaru._zenml.writing.log_lines.",
    ),
    PrivateName(
        "zenml.utils.logging_utils",
        "LoggingContext.begin",
        "Replaced: tells which checkpoints are running, for the same.",
    ),
    PrivateName("zenml.utils.logging_utils", "LoggingContext.end", "Replaced for the same reason."),
    PrivateName(
        "zenml.logger",
        "_original_stdout_write",
        "Replaced: what ZenML's console handler shows must be told apart from what other processes write to the same log.",
    ),
    PrivateName(
        "zenml.logger",
        "_add_step_name_to_message",
        "The name of a step before what it prints, where a variable asks for it.",
    ),
    PrivateName(
        "zenml.utils.logging_utils",
        "get_run_log_metadata",
        "Replaced: it asks the store for the server's settings, twice for each step; see kitaru._zenml.running.log_labels.",
    ),
    PrivateName(
        "zenml.orchestrators.step_runner",
        "StepRunner._load_input_artifact",
        "Replaced: what the calling process holds is not read again; see kitaru._zenml.values.memory.",
    ),
    PrivateName(
        "zenml.utils.env_utils",
        "temporary_environment",
        "Replaced: of steps that run at once in one process, the first to end takes the variables from the others; see "
        "kitaru._core.process.environments.",
    ),
    PrivateName(
        "zenml.orchestrators.step_runner",
        "StepRunner._evaluate_artifact_names_in_collections",
        "Replaced: an output of any type whose name has placeholders is looked for under its full name, where it is not; "
        "see kitaru._zenml.running.steps.",
    ),
    *(
        PrivateName(
            module,
            "_store_artifact_data_and_prepare_request",
            "Replaced: by ZenML's hashes of contents its cache takes other values for equal, and equal ones for others; see "
            "kitaru._zenml.values.content_hash.",
        )
        for module in ("zenml.artifacts.utils", "zenml.orchestrators.step_runner")
    ),
    PrivateName(
        _OUTPUTS,
        "_InlineStepFuture",
        "What a future of a step is made of; plain steps in a flow's body are started by Kitaru, and their futures stay "
        "ZenML's.",
    ),
    PrivateName(_OUTPUTS, "MapResultsFuture._set_startup_result", "The same for the futures of a step's map()."),
    PrivateName(
        _OUTPUTS,
        "OutputArtifact.load",
        "Replaced in a subclass: a value that a flow's body loads is known to come from there.",
    ),
    PrivateName(
        _OUTPUTS, "StepFuture.result", "Replaced in a subclass: the outputs of a plain step that Kitaru has started."
    ),
    PrivateName(
        _RUNNER,
        "DynamicPipelineRunner.launch_step",
        "Replaced: plain steps are named, recorded and recovered like checkpoints; see kitaru._zenml.running.plain_steps.",
    ),
    PrivateName(_RUNNER, "DynamicPipelineRunner.map", "Replaced for the same reason."),
    PrivateName(
        _RUNNER,
        "DynamicPipelineRunner.submit_child_pipeline",
        "Replaced: a pipeline that is called in a flow's body is refused, as each attempt would run it again.",
    ),
    PrivateName(
        "zenml.execution.context",
        "ExecutionContext.step_runs",
        "Replaced: it keeps a hundred steps, and fails where a step takes more; see kitaru._zenml.records.step_runs.",
    ),
    PrivateName(
        "zenml.container_engines.docker_engine",
        "DockerContainerEngine.process_docker_stream",
        "Replaced: it reads what the engine reports of layers, and does not pass it on; see kitaru._zenml.stacks.builds.",
    ),
    PrivateName(
        "zenml.utils.notebook_utils",
        "get_active_notebook_cell_code",
        "Replaced: it takes every IPython for a notebook, and fails in a terminal.",
    ),
    PrivateName("zenml.console", "console.soft_wrap", "Replaced: the URL of a login is broken where a line ends."),
)
# Loading the runner takes a fifth of a second, which only a process that runs flows has to spend.
_LOADED_LATE: Final = (_RUNNER,)


def check_at_opening() -> None:
    """See that ZenML has the names that every process may use.

    Raises:
        KitaruBackendError: Names are missing.
        ImportError: A module of ZenML cannot be loaded.
    """
    _check(name for name in PRIVATE_NAMES if name.module not in _LOADED_LATE)


def check_for_running() -> None:
    """See that ZenML has the names that only a process which runs flows uses; raises what ``check_at_opening`` does."""
    _check(name for name in PRIVATE_NAMES if name.module in _LOADED_LATE)


def _check(names: Iterable[PrivateName]) -> None:
    missing, broken = [], None
    for name in names:
        try:
            if not is_there(name):
                missing.append(f"{name.module}.{name.name}")
        except ImportError as error:  # it may be for want of one of the others
            broken = broken or error
    if missing:
        raise zenml_version.incomplete(f"has no {' and no '.join(missing)}, which Kitaru uses")
    if broken is not None:
        raise broken


def is_there(name: PrivateName) -> bool:
    """Whether the installed ZenML has a name.

    Raises:
        ImportError: Its module is there and cannot be loaded.
    """
    try:
        owner: Any = importlib.import_module(name.module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name.module}.".startswith(f"{error.name}."):
            return False
        raise
    *outer, attribute = name.name.split(".")
    for part in outer:
        owner = getattr(owner, part, None)
    return hasattr(owner, attribute) or _is_set_by_init(owner, attribute)


def _is_set_by_init(owner: Any, attribute: str) -> bool:
    """Whether a class gives its instances an attribute that it does not have itself."""
    own = [vars(kind).get("__init__") for kind in inspect.getmro(owner)] if inspect.isclass(owner) else []
    return any(
        instruction.opname == "STORE_ATTR" and instruction.argval == attribute
        for function in own
        if inspect.isfunction(function)
        for instruction in dis.get_instructions(function)
    )
