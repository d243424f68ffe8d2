"""The code that uses private ZenML names, and that changes how ZenML behaves.

Each name stands with its reason in the one list, :mod:`kitaru._zenml.private_names`; no other module uses one, except
that :mod:`kitaru._zenml.running.plain_steps` overrides methods in subclasses. With ``KITARU_SHORTCUTS=off`` nothing is
replaced that is replaced for speed alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import uuid4

from zenml import logger
from zenml.artifacts import utils as artifact_utils
from zenml.artifacts.unmaterialized_artifact import UnmaterializedArtifact
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.console import console
from zenml.container_engines.docker_engine import DockerContainerEngine
from zenml.environment import Environment
from zenml.execution.context import ExecutionContext
from zenml.execution.pipeline.dynamic.outputs import MapResultsFuture, StepFuture, _InlineStepFuture
from zenml.integrations.registry import IntegrationRegistry, integration_registry
from zenml.materializers.materializer_registry import MaterializerRegistry, materializer_registry
from zenml.orchestrators import cache_utils, input_utils, step_launcher, step_runner
from zenml.orchestrators.local.local_orchestrator import LocalOrchestrator
from zenml.orchestrators.step_runner import StepRunner
from zenml.utils import env_utils, exception_utils, logging_utils, notebook_utils, source_utils
from zenml.utils.code_utils import CodeArchive
from zenml.utils.logging_utils import LoggingContext
from zenml.utils.source_utils import ZENML_SOURCE_ATTRIBUTE_NAME
from zenml.zen_stores.rest_zen_store import RestZenStore
from zenml.zen_stores.sql_zen_store import SqlZenStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from logging import LogRecord
    from uuid import UUID

    from sqlalchemy.engine import Engine
    from sqlalchemy.orm import Session
    from zenml.config.source import Source
    from zenml.config.step_configurations import Step
    from zenml.enums import StepRunInputArtifactType
    from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner
    from zenml.materializers.base_materializer import BaseMaterializer
    from zenml.models import (
        ArtifactVersionRequest,
        ExceptionInfo,
        PipelineRunResponse,
        PipelineSnapshotBase,
        PipelineSnapshotResponse,
        StackResponse,
        StepRunResponse,
        UserResponse,
    )
    from zenml.models.v2.core.step_run import StepRunInputResponse
    from zenml.orchestrators import BaseOrchestrator
    from zenml.pipelines.dynamic.pipeline_definition import DynamicPipeline

_bound_stack: ContextVar[StackResponse | None] = ContextVar("kitaru_bound_stack", default=None)
_unbound = cast("property", Client.active_stack_model)


def _active_stack_model(client: Client) -> StackResponse:
    bound = _bound_stack.get()
    return bound if bound is not None else cast("StackResponse", _unbound.__get__(client, Client))


@contextmanager
def bound_stack(stack: StackResponse) -> Iterator[None]:
    """Make a stack ZenML's active one for this thread or task, and write it nowhere."""
    Client.active_stack_model = property(_active_stack_model)  # type: ignore[method-assign, assignment]
    token = _bound_stack.set(stack)
    try:
        yield
    finally:
        _bound_stack.reset(token)


def activate_integrations(is_selected: Callable[[str], bool]) -> None:
    """Have those of ZenML's integrations that are wanted, and installed, register what they bring along."""
    part = IntegrationRegistry()
    for name, integration in integration_registry.integrations.items():
        if is_selected(name):
            part.register_integration(name, integration)
    part.activate_integrations()


def check_integrations() -> Iterator[tuple[str, bool]]:
    """Tell of each of ZenML's integrations whether what it needs is installed."""
    for name, integration in integration_registry.integrations.items():
        yield name, integration.check_installation()


def ask_here(packages: Callable[[], list[str]], activate: Callable[[], None]) -> None:
    """Have ZenML ask these what is installed, and what its integrations bring along."""
    Environment.get_python_packages = staticmethod(packages)  # type: ignore[method-assign]
    integration_registry.activate_integrations = activate  # type: ignore[method-assign]


def find_packages_by(find: Callable[[str], str | None]) -> None:
    """Have ZenML ask this for the distribution that a module belongs to."""

    def package_for(module_name: str) -> str | None:  # it is called by that keyword
        return find(module_name)

    source_utils._get_package_for_module = package_for


_registered: Final = MaterializerRegistry.__getitem__


def registered_materializer(kind: type[Any]) -> type[BaseMaterializer]:
    """Return the materializer that is registered for a type so far."""
    return _registered(materializer_registry, kind)


def find_materializers_by(find: Callable[[type[Any]], type[BaseMaterializer]]) -> None:
    """Have ZenML ask this for the materializer of a type."""
    MaterializerRegistry.__getitem__ = lambda _, kind: find(kind)  # type: ignore[method-assign]


def replace_engine(store: SqlZenStore, engine: Engine) -> None:
    """Have a store use another engine for its database."""
    store.engine.dispose()
    store._engine = engine


def active_user(store: SqlZenStore, session: Session) -> UserResponse:
    """Return the user whom a local store's rows belong to."""
    return store._get_active_user(cast("Any", session))  # one of SQLModel's


def input_type(store: SqlZenStore, name: str, step: Step) -> StepRunInputArtifactType:
    """Return how a step gets an input, if no replay of ZenML's overrides it."""
    return store._get_step_run_input_type_from_config(
        input_name=name, step_config=step.config, step_spec=step.spec, input_overrides=set()
    )


def write_rows_by(replaced: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace the methods by which a local store writes the rows of a step.

    Args:
        replaced: Returns what takes the place of a method, which it is given; that itself where it has been replaced.
    """
    SqlZenStore.create_run_step = replaced(SqlZenStore.create_run_step)  # type: ignore[method-assign]
    SqlZenStore.update_run_step = replaced(SqlZenStore.update_run_step)  # type: ignore[method-assign]
    SqlZenStore.batch_create_artifact_versions = replaced(SqlZenStore.batch_create_artifact_versions)  # type: ignore[method-assign]
    SqlZenStore.create_artifact_version = replaced(SqlZenStore.create_artifact_version)  # type: ignore[method-assign]
    SqlZenStore.create_logs = replaced(SqlZenStore.create_logs)  # type: ignore[method-assign]


def send_steps_by(
    replaced: Callable[[Callable[..., Any]], Callable[..., Any]], log_for: Callable[[str], LoggingContext]
) -> None:
    """Replace the method by which steps are sent to a server, and what their launcher takes for its log.

    Args:
        replaced: Returns what takes the place of the method; that itself where it has been replaced.
        log_for: Returns the log for a source.
    """
    RestZenStore.create_run_step = replaced(RestZenStore.create_run_step)  # type: ignore[method-assign]
    step_launcher.setup_logging_context = log_for  # type: ignore[assignment]


def find_cached_steps_by(find: Callable[[str], Any]) -> None:
    """Have ZenML's launcher ask this for the step run that a cache key stands for."""
    cache_utils.get_cached_step_run = find  # type: ignore[assignment]


def resolve_inputs_by(resolve: Callable[..., dict[str, Any]]) -> None:
    """Have ZenML's launcher ask this for the inputs of a step."""
    input_utils.resolve_step_inputs = resolve


listed_by_zenml: Final = CodeArchive.get_files


def root_of_code(archive: CodeArchive) -> str | None:
    """Return the folder whose code an archive holds."""
    return archive._root


def list_code_by(files_of: Callable[[CodeArchive], dict[str, str]]) -> None:
    """Have ZenML ask this for the files of an archive of code."""
    CodeArchive.get_files = files_of  # type: ignore[method-assign, assignment]


def describe_exceptions_by(describe: Callable[..., ExceptionInfo]) -> None:
    """Have ZenML ask this for what it stores of an exception."""
    exception_utils.collect_exception_information = describe


def label_logs_by(labels: Callable[[PipelineRunResponse], dict[str, Any]]) -> None:
    """Have ZenML ask this for what the lines of a run's logs are labelled with."""
    logging_utils.get_run_log_metadata = labels  # type: ignore[assignment]


def log_lines_by(
    dispatch: Callable[..., None],
    begun: Callable[[LoggingContext], None],
    ending: Callable[[LoggingContext], None],
    plain: Callable[[LogRecord], LogRecord],
) -> None:
    """Have ZenML hand lines to logs by these; further calls do nothing.

    Args:
        dispatch: Hands a record to the log that it belongs to.
        begun: Called with a log that has begun.
        ending: Called with a log that is about to end.
        plain: Returns what a log is given in place of a record.
    """
    begin, end, emit = LoggingContext.begin, LoggingContext.end, LoggingContext.emit
    if begin.__module__ == __name__:
        return

    def begin_log(log: LoggingContext) -> None:
        begin(log)
        begun(log)

    def end_log(log: LoggingContext) -> None:
        ending(log)
        end(log)

    def emit_plain(log: LoggingContext, record: LogRecord, metadata: dict[str, Any] | None = None) -> None:
        emit(log, plain(record), metadata)

    LoggingContext.dispatch = staticmethod(dispatch)  # type: ignore[method-assign]
    LoggingContext.begin = begin_log  # type: ignore[method-assign, assignment]
    LoggingContext.end = end_log  # type: ignore[method-assign, assignment]
    LoggingContext.emit = emit_plain  # type: ignore[method-assign, assignment]


def named_step(text: str) -> str:
    """Return what ZenML shows on the console of what a step puts out: with its name, where a variable asks for it."""
    return logger._add_step_name_to_message(text)


def show_logging_by(write: Callable[[str], Any]) -> None:
    """Have ZenML's console handler write by this."""
    logger._original_stdout_write = write


def load_inputs_by(held: Callable[[UUID], Any], missing: object) -> None:
    """Have ZenML's runner of steps take inputs from here first.

    Args:
        held: Returns the value of an artifact.
        missing: What it returns where the artifact store must be asked.
    """
    load = StepRunner._load_input_artifact
    if load.__module__ == __name__:
        return

    def load_input(runner: StepRunner, artifact: StepRunInputResponse, data_type: type[Any]) -> Any:
        plain = artifact.chunk_index is None and data_type is not UnmaterializedArtifact
        value = held(artifact.id) if plain else missing
        return load(runner, artifact, data_type) if value is missing else value

    StepRunner._load_input_artifact = load_input  # type: ignore[method-assign, assignment]


def set_environments_by(temporarily: Callable[[dict[str, str]], AbstractContextManager[None]]) -> None:
    """Have ZenML set the variables of runs and steps by this."""
    env_utils.temporary_environment = temporarily  # type: ignore[assignment]  # nobody looks into its generator


def find_outputs_by_their_names() -> None:
    """Have ZenML find outputs of any type whose names have placeholders; further calls do nothing."""
    evaluate = StepRunner._evaluate_artifact_names_in_collections
    if evaluate.__module__ == __name__:
        return

    def evaluate_all(runner: StepRunner, step_run: StepRunResponse, annotations: Any, collections: list[Any]) -> None:
        outputs = cast("dict[str, Any]", runner.configuration.outputs)
        evaluated = dict(outputs)
        evaluate(runner, step_run, annotations, [*collections, evaluated])
        outputs |= evaluated

    StepRunner._evaluate_artifact_names_in_collections = evaluate_all  # type: ignore[method-assign, assignment]


def hash_contents_by(with_hash: Callable[[Any, ArtifactVersionRequest], ArtifactVersionRequest]) -> None:
    """Have ZenML ask this for the request by which it records a value that it has stored.

    Args:
        with_hash: Is given the value and ZenML's own request.
    """
    store = artifact_utils._store_artifact_data_and_prepare_request

    def store_and_hash(data: Any, **options: Any) -> ArtifactVersionRequest:
        return with_hash(data, store(data, **options))

    artifact_utils._store_artifact_data_and_prepare_request = store_and_hash  # type: ignore[assignment]
    step_runner._store_artifact_data_and_prepare_request = store_and_hash  # type: ignore[assignment]


def allow_terminals() -> None:
    """Have ZenML find no code of a cell where there is IPython and no notebook; further calls do nothing."""
    cell_code = notebook_utils.get_active_notebook_cell_code
    if cell_code.__module__ == __name__:
        return

    def code_of_notebooks() -> str | None:
        try:
            return cell_code()
        except AttributeError:  # IPython in a terminal
            return None

    notebook_utils.get_active_notebook_cell_code = code_of_notebooks


def create_snapshot(pipeline: DynamicPipeline) -> PipelineSnapshotResponse:
    """Compile a prepared pipeline and store it, building its images where the stack needs some."""
    return pipeline._create_snapshot(**pipeline._run_args)


def compile_pipeline(pipeline: DynamicPipeline) -> PipelineSnapshotBase:
    """Compile a pipeline and store nothing."""
    pipeline._prepare_if_possible()
    return pipeline._compile()[0]


def give_orchestrator_run_id(orchestrator: BaseOrchestrator) -> None:
    """Let a local orchestrator answer for a run that it did not start itself."""
    if isinstance(orchestrator, LocalOrchestrator):
        orchestrator._orchestrator_run_id = str(uuid4())


def set_source(function: Callable[..., Any], source: Source) -> None:
    """Tell ZenML how a function is imported in another process."""
    setattr(function, ZENML_SOURCE_ATTRIBUTE_NAME, source)


def custom_source_root() -> str | None:
    """Return the source root that was chosen for this process, or None where ZenML is to guess."""
    return source_utils._CUSTOM_SOURCE_ROOT


def leave_configuration_alone(*, new: bool = True) -> None:
    """See that this process does not change ZenML's configuration file.

    Args:
        new: Whether one is made as always where there is none.
    """
    write = GlobalConfiguration._write_config

    def write_first(config: GlobalConfiguration) -> None:
        if new and not Path(config._config_file).exists():
            write(config)

    if getattr(write, "__name__", "") != write_first.__name__:
        GlobalConfiguration._write_config = write_first  # type: ignore[method-assign, assignment]


def inline_step_future(step_run: Any, name: str) -> _InlineStepFuture:
    """Make what a future of a step waits for; ``step_run`` has ``done()`` and ``result()``."""
    return _InlineStepFuture(step_run, name)


def started_map(name: str, futures: list[StepFuture]) -> MapResultsFuture:
    """Make the future of a step's ``map`` whose calls have been started."""
    future = MapResultsFuture(name)
    future._set_startup_result(futures)
    return future


def take_calls(
    runner: DynamicPipelineRunner,
    launch: Callable[..., Any],
    start_map: Callable[..., Any],
    start_pipeline: Callable[..., Any],
) -> None:
    """Have a runner call these for the plain steps and pipelines of a flow's body.

    Args:
        runner: The runner.
        launch: Called instead of its ``launch_step``.
        start_map: Called instead of its ``map``.
        start_pipeline: Called instead of its ``submit_child_pipeline``.
    """
    runner.launch_step = launch  # type: ignore[method-assign]
    runner.map = start_map  # type: ignore[method-assign]
    runner.submit_child_pipeline = start_pipeline  # type: ignore[method-assign]


def find_step_runs_in(step_runs: dict[str, StepRunResponse]) -> None:
    """Have ZenML look for the successful steps of the run that goes on here in this dictionary."""
    context = ExecutionContext.get()
    if context is not None:  # a user may have switched it off
        context.step_runs = step_runs


def hear_engine_by(hear: Callable[[Iterable[bytes]], Iterable[bytes]]) -> None:
    """Have ZenML read through this what a Docker engine reports; further calls do nothing."""
    read = DockerContainerEngine.process_docker_stream
    if read.__module__ == __name__:
        return

    def process_docker_stream(stream: Iterable[bytes]) -> list[dict[str, Any]]:
        return read(hear(stream))

    DockerContainerEngine.process_docker_stream = staticmethod(process_docker_stream)  # type: ignore[method-assign]


def leave_lines_whole() -> None:
    """Have ZenML's console break no line, for a URL in it could not be clicked."""
    console.soft_wrap = True
