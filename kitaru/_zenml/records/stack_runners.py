"""The containers in which orchestrators run flows, seen from outside: whether they live, and how to end them."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING, Any

from zenml.enums import ExecutionStatus

from kitaru._core.process.processes import is_running
from kitaru._core.process.recent import Recent
from kitaru._zenml.records import records
from kitaru._zenml.stacks.stacks import stack_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenml.models import PipelineRunResponse
    from zenml.orchestrators import BaseOrchestrator

LABEL = "kitaru.execution"
"""The Docker label by which the container of an execution is found again."""
# Seconds between two questions to an engine or cluster about one execution: a waiter looks several times a second.
_PAUSE = 3.0
# Reasons for which a pod will never start, however long one waits.
_HOPELESS = frozenset({"InvalidImageName", "ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError"})
_TIMEOUT = 10
_KILLED = frozenset({128 + signal.SIGKILL, 128 + signal.SIGTERM})
_answers: Recent[str, str | None] = Recent(_PAUSE)


def lost_on_stack(run: PipelineRunResponse) -> str | None:
    """Say how the container of an unfinished execution was lost; None where it lives, or nobody can tell."""
    extra = records.extra_of(run)
    if extra.get("runner") != "stack" or run.stack is None:
        return None
    known = _answers.find(str(run.id))
    if known is None:
        known = (_ask(run, extra),)
        _answers.put(str(run.id), *known)
    return known[0]


def ask_anew(run: PipelineRunResponse) -> None:
    """Forget what the engine or cluster said of an execution, which may have a new container since."""
    _answers.forget(str(run.id))


def _ask(run: PipelineRunResponse, extra: Mapping[str, Any]) -> str | None:
    assert run.stack is not None
    try:
        orchestrator = stack_of(run.stack).orchestrator
        if orchestrator.flavor == "local_docker":
            return _lost_in_docker(orchestrator, run, extra)
        if orchestrator.flavor == "kubernetes":
            return _lost_in_kubernetes(orchestrator, run, extra)
    except Exception:  # noqa: BLE001 - an engine that does not answer now says nothing about the execution
        return None
    return None


def start_again_on_stack(run: PipelineRunResponse) -> bool:
    """Start the container of an unfinished execution again that was killed; False where no attempt is left.

    A Docker engine starts a container again that crashed, and not one that somebody killed or stopped. On Kubernetes
    the job does it.
    """
    extra = records.extra_of(run)
    if extra.get("runner") != "stack" or run.stack is None or run.status == ExecutionStatus.STOPPING:
        return False
    orchestrator = stack_of(run.stack).orchestrator
    if orchestrator.flavor != "local_docker" or extra.get("host") != socket.gethostname():
        return False
    attempts = records.attempts_of(run)
    retries = records.retries_of(extra)
    if not attempts or attempts[-1].number - records.first_of_cycle(run.id) >= retries:
        return False
    killed = [
        container
        for container in _containers(orchestrator, extra)
        if container.status == "exited" and container.attrs["State"]["ExitCode"] in _KILLED
    ]
    if not killed:
        return False
    killed[0].start()  # the youngest
    ask_anew(run)
    return True


def stop_on_stack(run: PipelineRunResponse) -> bool:
    """End the containers of an execution; False where the orchestrator is none that Kitaru can do that for."""
    extra = records.extra_of(run)
    if run.stack is None:
        return False
    orchestrator = stack_of(run.stack).orchestrator
    if orchestrator.flavor == "local_docker":
        for container in _containers(orchestrator, extra):
            container.stop(timeout=2)
            container.remove(force=True)
        return True
    if orchestrator.flavor == "kubernetes":
        _delete_jobs(orchestrator, run)
        return True
    return False


def _never_started(run: PipelineRunResponse, extra: Mapping[str, Any]) -> bool:
    """Whether nothing is there of an execution which should have been launched by now."""
    if run.status not in (ExecutionStatus.INITIALIZING, ExecutionStatus.PROVISIONING):
        return True
    submitter = extra.get("submitted_by")
    return extra.get("host") == socket.gethostname() and submitter is not None and not is_running(submitter)


def _lost_in_docker(orchestrator: BaseOrchestrator, run: PipelineRunResponse, extra: Mapping[str, Any]) -> str | None:
    if extra.get("host") != socket.gethostname():
        return None  # another machine's engine
    containers = _containers(orchestrator, extra)
    if not containers:
        return "its container is gone" if _never_started(run, extra) else None
    if any(container.status in ("created", "running", "restarting", "paused") for container in containers):
        return None
    state = containers[0].attrs["State"]
    if state.get("OOMKilled"):
        return "its container ran out of memory and was killed"
    return (
        f"its container ended with exit code {state.get('ExitCode')}; `docker logs {containers[0].short_id}` shows more"
    )


def _containers(orchestrator: BaseOrchestrator, extra: Mapping[str, Any]) -> list[Any]:
    client = orchestrator.docker_client  # type: ignore[attr-defined]  # of the local_docker flavor
    return list(
        client.containers.list(all=True, ignore_removed=True, filters={"label": f"{LABEL}={extra.get('token')}"})
    )


def _lost_in_kubernetes(
    orchestrator: BaseOrchestrator, run: PipelineRunResponse, extra: Mapping[str, Any]
) -> str | None:
    selected = {"label_selector": f"run_id={run.id}", "_request_timeout": _TIMEOUT}
    core, batch, namespace = _kubernetes(orchestrator)
    jobs = [job for job in batch.list_namespaced_job(namespace, **selected).items if _is_flow(job)]
    if not jobs:
        return f"its job in namespace {namespace!r} is gone" if _never_started(run, extra) else None
    names = {job.metadata.name for job in jobs}
    for pod in core.list_namespaced_pod(namespace, **selected).items:
        hopeless = _hopeless(pod) if pod.metadata.labels.get("job-name") in names else None
        if hopeless:
            return f"its pod {pod.metadata.name!r} cannot start: {hopeless}"
    ends = [_end_of(job) for job in jobs]
    return None if None in ends else next(iter(end for end in ends if end))


def _kubernetes(orchestrator: BaseOrchestrator) -> tuple[Any, Any, str]:
    from kubernetes import client

    connection = orchestrator.get_kube_client()  # type: ignore[attr-defined]  # of the kubernetes flavor
    return client.CoreV1Api(connection), client.BatchV1Api(connection), orchestrator.config.kubernetes_namespace  # type: ignore[attr-defined]


def _is_flow(job: Any) -> bool:
    """Whether a job runs the flow itself, not an isolated checkpoint."""
    return "step_run_id" not in (job.metadata.labels or {})


def _hopeless(pod: Any) -> str | None:
    for status in pod.status.container_statuses or []:
        waiting = status.state.waiting
        if waiting is not None and waiting.reason in _HOPELESS:
            return f"{waiting.reason}: {waiting.message or 'no message'}"
    return None


def _end_of(job: Any) -> str | None:
    """Say how a job ended; None while it has not."""
    for condition in job.status.conditions or []:
        if condition.status == "True" and condition.type == "Failed":
            return f"its job {job.metadata.name!r} failed: {condition.message or condition.reason}"
        if condition.status == "True" and condition.type == "Complete":
            return f"its job {job.metadata.name!r} ended without having finished the execution"
    return None


def _delete_jobs(orchestrator: BaseOrchestrator, run: PipelineRunResponse) -> None:
    _core, batch, namespace = _kubernetes(orchestrator)
    selected = {"label_selector": f"run_id={run.id}", "_request_timeout": _TIMEOUT}
    for job in batch.list_namespaced_job(namespace, **selected).items:
        batch.delete_namespaced_job(
            job.metadata.name,
            namespace,
            propagation_policy="Background",
            grace_period_seconds=2,
            _request_timeout=_TIMEOUT,
        )
