"""From a flow and its arguments to a run in the store, and on to whatever executes it."""

from __future__ import annotations

import inspect
import socket
import sys
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import BaseModel
from zenml.client import Client
from zenml.enums import ExecutionMode
from zenml.exceptions import EntityExistsError
from zenml.execution.pipeline.utils import submit_pipeline
from zenml.pipelines.dynamic.pipeline_definition import DynamicPipeline
from zenml.pipelines.run_utils import create_placeholder_run

from kitaru._core.code.modules import alias_main, import_path, locate
from kitaru._core.code.stored_retry import RETRY_KEY, stored
from kitaru._core.identity.submission_key import flow_path
from kitaru._core.package import VERSION
from kitaru._core.process import crash_points
from kitaru._core.process.processes import this_process
from kitaru._core.settings.environment import cancel_grace, progress, shortcuts_enabled
from kitaru._core.settings.hook_references import hook_references
from kitaru._zenml.door.installed import ask_once
from kitaru._zenml.door.private import bound_stack, create_snapshot
from kitaru._zenml.door.source_root import ensure_source_root, refuse_store_in_code, warn_of_keys_in_code
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.hooks import calling
from kitaru._zenml.records.hook_record import HOOKS_KEY
from kitaru._zenml.records.original import PLAN_KEY
from kitaru._zenml.records.records import EXTRA_KEY, IDEMPOTENCY_KEY, mark_lost
from kitaru._zenml.records.runs import TAG
from kitaru._zenml.running.configuration import check_checkpoints, check_resources, flow_configuration
from kitaru._zenml.running.inputs import ARTIFACT_KEY
from kitaru._zenml.running.isolation import warn_of
from kitaru._zenml.running.limits import CONCURRENCY_KEY, warn_of_limits
from kitaru._zenml.running.resources import warn_of_flow
from kitaru._zenml.running.steps import give_source
from kitaru._zenml.running.time_limits import BODY_TIMEOUT_KEY
from kitaru._zenml.stacks.builds import watched
from kitaru._zenml.stacks.stack_checks import require
from kitaru._zenml.stacks.stacks import load_stack
from kitaru._zenml.submitting.packed_code import check, pack_code
from kitaru._zenml.submitting.placement import Placement, place
from kitaru._zenml.submitting.taken_names import naming, refuse_taken
from kitaru._zenml.values.saving import save
from kitaru._zenml.values.values import AS_INPUT, is_parameter, storable
from kitaru.errors import KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from zenml.models import PipelineRunResponse, PipelineSnapshotResponse, StackResponse
    from zenml.stack import Stack

    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.code.modules import ModuleRef
    from kitaru._core.identity.submission_key import SubmissionKey
    from kitaru._core.settings.settings import ResolvedSettings
    from kitaru._zenml.submitting.replay_plan import Draft


@dataclass(frozen=True)
class Identity:
    """What a process says of the execution that this one submits for it.

    Attributes:
        module: The flow's module, as a runner finds it.
        run_name: The run's name.
        submission: What tells the execution from another one of that name.
        created: Called with the execution's id as soon as there is one.
        key: What tells the order for which it is started, where there is something.
    """

    module: ModuleRef | None
    run_name: str
    submission: str
    created: Callable[[str], None]
    key: SubmissionKey | None = None


def new_identity(
    flow: FlowDefinition[..., Any], settings: ResolvedSettings, key: SubmissionKey | None = None
) -> Identity:
    """Return the identity of an execution that this process submits for itself.

    Args:
        flow: The flow.
        settings: The resolved settings.
        key: What tells the order for which it is started, where there is something.

    Raises:
        KitaruUsageError: The name that the settings give cannot be filled in.
    """
    name = key.run_name if key else settings.run_name(flow.name)
    return Identity(locate(flow.func), name, str(uuid4()), lambda _: None, key)


class RunExistsError(KitaruStateError):
    """Another process has created the execution of the same key meanwhile; nothing was started."""


def submit(
    flow: FlowDefinition[..., Any],
    values: Mapping[str, Any],
    settings: ResolvedSettings,
    stack: StackResponse,
    *,
    runner: str,
    launch: Callable[[str, dict[str, Any]], None],
    replay: Draft | None = None,
    identity: Identity | None = None,
) -> str:
    """Create an execution and launch it.

    Args:
        flow: The flow.
        values: Its bound arguments by parameter.
        settings: The resolved settings; stored with the run before it is launched.
        stack: The stack that the settings name.
        runner: What runs it: ``"process"``, ``"thread"``, ``"inline"``, or ``"stack"`` for the stack's orchestrator.
        launch: Hands the run to the local runner; not called for ``"stack"``.
        replay: What the execution replays, where it does; ``values`` are then the inputs that are new.
        identity: What another process says of it, for which this one submits it, or what tells its order.

    Returns:
        The execution's id.

    Raises:
        RunExistsError: There is an execution of the same key by now.
    """
    alias_main()
    if shortcuts_enabled():
        ask_once()
    open_client()
    identity = identity or new_identity(flow, settings)
    hooks = hook_references(flow, settings.options, identity.module, may_be_local=runner in ("thread", "inline"))
    job = {**_job(flow, settings, identity.module), "hooks": bool(hooks)}
    with translated(f"submitting flow {flow.name!r}"), bound_stack(stack):
        loaded = load_stack(stack)
        crash_points.reach("submitter, bound")
        check_checkpoints(flow, loaded)
        check_resources(flow.name, settings.options.resources)
        if settings.options.name is not None:
            refuse_taken(identity.run_name)
        warn_of_flow(stack, settings.options.resources)
        placement = _placement(flow, identity.module, stack, loaded, settings) if runner == "stack" else None
        extra = {
            **_extra(flow, settings, stack, runner, job),
            **_of_this_one(settings, identity, placement),
            HOOKS_KEY: hooks,
        }
        parameters = {flow.record_names[name]: _recorded(flow, name, value) for name, value in values.items()}
        if replay is not None:
            extra[PLAN_KEY] = replay.store()
            parameters = {**replay.parameters, **parameters}
        pipeline = make_pipeline(flow, parameters, settings, extra, placement, run_name=identity.run_name)
        with watched(placement.context, shown=progress() is not False) if placement else nullcontext():
            snapshot = create_snapshot(pipeline)
        crash_points.reach("submitter, compiled")
        run = _create_run(snapshot, replay.original.id if replay else None, identity)
        identity.created(str(run.id))
        if hooks and runner in ("thread", "inline"):
            calling.remember(str(run.id), {event: getattr(settings.options, event) for event in hooks})
        crash_points.reach("submitter, created")
        with _fail_run_on_error(run.id):
            if runner == "stack":
                submit_pipeline(snapshot=snapshot, stack=loaded, placeholder_run=run)
                crash_points.reach("submitter, launched")
            else:
                launch(str(run.id), job)
    return str(run.id)


def _create_run(snapshot: PipelineSnapshotResponse, original: UUID | None, identity: Identity) -> PipelineRunResponse:
    """Create the run; of processes that give it one name at once, one does."""
    try:
        with naming(identity.run_name) if identity.key is None else nullcontext():
            return create_placeholder_run(snapshot=snapshot, original_run_id=original)
    except EntityExistsError as error:
        if identity.key is None:
            raise
        with suppress(Exception):  # nobody will use it; it does no harm where it stays
            Client().delete_snapshot(str(snapshot.id))
        raise RunExistsError(f"There is an execution of idempotency_key {identity.key.key!r}.") from error


def _placement(
    flow: FlowDefinition[..., Any],
    module: ModuleRef | None,
    stack: StackResponse,
    loaded: Stack,
    settings: ResolvedSettings,
) -> Placement:
    """Work out how a stack's own orchestrator is to run the flow, and see that it can."""
    code = pack_code()
    check(flow, module, code, settings.image)
    refuse_store_in_code()
    warn_of_keys_in_code()
    placement = place(loaded, settings, code)
    require(stack, loaded, placement.docker.target_repository)
    warn_of(flow, loaded)
    warn_of_limits(flow, settings, loaded)
    return placement


@contextmanager
def _fail_run_on_error(run_id: UUID) -> Iterator[None]:
    """See that a run whose runner could not be started does not look as if it had one."""
    try:
        yield
    except BaseException as error:
        with suppress(Exception):  # the disk or the store that failed may fail again
            mark_lost(run_id, f"its runner could not be started: {type(error).__name__}: {error}")
        raise


def make_pipeline(
    flow: FlowDefinition[..., Any],
    parameters: dict[str, Any],
    settings: ResolvedSettings,
    extra: dict[str, Any],
    placement: Placement | None,
    *,
    run_name: str,
) -> DynamicPipeline:
    """Make the ZenML pipeline of a flow, prepared with the parameters of one execution."""
    give_source(flow.entry, flow.func)
    _ensure_source(flow)
    zenml = flow_configuration(settings, Client().active_stack) if settings.zenml else {}
    own = {
        "name": flow.name,
        "entrypoint": flow.entry,
        "enable_cache": settings.cache,
        # A failed checkpoint is the body's business: it may catch the exception and go on.
        "execution_mode": ExecutionMode.CONTINUE_ON_FAILURE,
        "tags": [*sorted({TAG, flow.name, *settings.options.tags}), *zenml.get("tags", ())],
        "extra": {**zenml.get("extra", {}), EXTRA_KEY: extra},
        "settings": placement.over(zenml.get("settings", {})) if placement else zenml.get("settings"),
        "secrets": [*(placement.secrets if placement else ()), *zenml.get("secrets", ())],
    }
    pipeline = DynamicPipeline(**{**zenml, **own})
    named = pipeline.with_options(run_name=run_name.replace("{", "{{").replace("}", "}}"))  # ZenML fills it in again
    named.prepare(**parameters)
    return named  # type: ignore[return-value]


def _ensure_source(flow: FlowDefinition[..., Any]) -> None:
    try:
        inspect.getsource(flow.entry)  # ZenML stores it with the run
    except OSError as error:
        raise KitaruUsageError(
            f"The source of flow {flow.name!r} cannot be read: {flow.func.__code__.co_filename} is not there any more, or "
            f"has changed since it was imported. Start Python again where it is."
        ) from error


def _extra(
    flow: FlowDefinition[..., Any], settings: ResolvedSettings, stack: StackResponse, runner: str, job: dict[str, Any]
) -> dict[str, Any]:
    """Return what Kitaru stores with the run, before anything is launched."""
    frozen = settings.to_json()
    frozen["stack"]["value"] = stack.name
    only_here = job["module"] is None and runner != "stack"
    return {
        "version": VERSION,
        "flow": flow_path(flow, job["module"]["name"] if job["module"] else None),
        "settings": frozen,
        RETRY_KEY: stored(settings.retry, settings.provenance["retries"].detail, only_here=only_here),
        "runner": runner,
        "job": job,
        "host": socket.gethostname(),
        "submitted_by": this_process(),
    }


def _of_this_one(settings: ResolvedSettings, identity: Identity, placement: Placement | None) -> dict[str, Any]:
    """Return what tells one execution from others of the flow: its order, its limit, and the token of its container."""
    extra = {
        "submission": identity.submission,
        IDEMPOTENCY_KEY: identity.key.to_json() if identity.key else None,
        CONCURRENCY_KEY: settings.options.concurrency,
        BODY_TIMEOUT_KEY: settings.options.timeout,
        "token": placement.token if placement else None,
    }
    return {name: value for name, value in extra.items() if value is not None}


def _job(flow: FlowDefinition[..., Any], settings: ResolvedSettings, module: ModuleRef | None) -> dict[str, Any]:
    """Tell how a local runner finds the flow; stored with the run, so that any process can let it go on."""
    return {
        "flow": flow.name,
        "entry": flow.entry.__name__,
        "module": vars(module) if module is not None else None,
        "source_root": ensure_source_root(flow),
        "path": [entry for entry in import_path() if not entry.startswith(sys.prefix)],
        "retries": settings.retries,
        "grace": cancel_grace(),
    }


def _recorded(flow: FlowDefinition[..., Any], name: str, value: Any) -> Any:
    """Return an input as it is recorded: plain JSON as it is, anything else as a reference to its artifact."""
    if is_parameter(value) and not (isinstance(value, dict) and ARTIFACT_KEY in value):
        return value
    try:
        stored = storable(value, f"Input {name!r} of flow {flow.name!r}", AS_INPUT)
        artifact = save(stored, "flow_input")
    except KitaruUsageError:
        raise
    except Exception as error:
        raise KitaruUsageError(
            f"Input {name!r} of flow {flow.name!r} cannot be stored: {type(value).__name__}: {error}. Pass plain data, "
            f"or a path or an id from which the flow loads it."
        ) from error
    kind = type(value)
    reference: dict[str, Any] = {ARTIFACT_KEY: str(artifact.id), "type": f"{kind.__module__}.{kind.__qualname__}"}
    if isinstance(value, BaseModel):
        shown = value.model_dump(mode="json")
        if is_parameter(shown):
            reference["value"] = shown  # for people who look at the run; the artifact is what the flow gets
    return reference
