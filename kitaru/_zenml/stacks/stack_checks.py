"""Trying whether flows can run on a stack, before one is submitted: every try has a limit of time."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse
from uuid import uuid4

import requests
from docker.errors import DockerException
from zenml.client import Client
from zenml.exceptions import AuthorizationException
from zenml.io import fileio

from kitaru._core.records.stacks import StackCheck, StackCheckResult
from kitaru._zenml.door.store import translated
from kitaru._zenml.door.time_limit import within
from kitaru._zenml.stacks import kube_contexts
from kitaru._zenml.stacks.registries import PushRefusedError, try_push
from kitaru._zenml.stacks.stack_admin import find
from kitaru._zenml.stacks.stacks import load_stack, require_valid
from kitaru.errors import KitaruError, KitaruStackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zenml.models import StackResponse
    from zenml.stack import Stack, StackComponent

REACH_ENGINE = "reach the Docker engine"
_PATIENCE = 20
_ENGINE = (
    "Start the Docker engine, or see that this user may use it: `docker info` tells. DOCKER_HOST names another one."
)


class _ProblemError(Exception):
    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class _Try:
    component: str
    tried: str
    call: Callable[[], object]


def check(name: str | None) -> StackCheck:
    """Try everything that a flow on the stack would need, and tell what was found."""
    model = find(name)
    try:
        with translated(f"loading stack {model.name!r}"):
            stack = load_stack(model)
    except KitaruStackError as error:
        result = StackCheckResult(component="stack", tried="load its components", ok=False, problem=str(error))
        return StackCheck(stack=model.name, results=(result,))
    loaded = StackCheckResult(component="stack", tried="load its components and their integrations", ok=True)
    return StackCheck(stack=model.name, results=(loaded, *map(_result, _tries(stack))))


def require(model: StackResponse, stack: Stack, repository: str | None) -> None:
    """See that a flow can run on a stack.

    Args:
        model: The stack.
        stack: The same, loaded.
        repository: Where in its registry the image goes; None for where ZenML puts it.

    Raises:
        KitaruStackError: Something does not work; the message says which component, what was tried and what to do.
    """
    failed = [result for result in map(_result, _tries(stack, repository)) if not result.ok]
    if failed:
        lines = "\n".join(f"  {r.component}: {r.tried}: {r.problem}\n    {r.remedy or ''}".rstrip() for r in failed)
        raise KitaruStackError(
            f"Flows cannot run on stack {model.name!r} as it is:\n{lines}\n`kitaru stack check {quote(model.name)}` tries again."
        )


def _result(attempt: _Try) -> StackCheckResult:
    problem = remedy = None
    try:
        within(_PATIENCE, attempt.call)
    except _ProblemError as error:
        problem, remedy = error.problem, error.remedy
    except TimeoutError as error:
        problem, remedy = str(error), "See that its address is right and reachable from here."
    except KitaruError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - whatever a component raises is what is wrong with it
        problem = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
    return StackCheckResult(
        component=attempt.component, tried=attempt.tried, ok=problem is None, problem=problem, remedy=remedy
    )


def _tries(stack: Stack, repository: str | None = None) -> Iterator[_Try]:
    orchestrator = stack.orchestrator
    context = _Try(
        _called(orchestrator), "take its context from the kubeconfig", lambda: _require_context(orchestrator)
    )
    if _result(context).ok:
        yield from _tries_of_orchestrator(stack, orchestrator)
    else:  # nothing that asks the cluster would say why
        yield context
    builder = stack.image_builder
    if builder is not None and builder.flavor == "local" and orchestrator.flavor not in ("local", "local_docker"):
        yield _Try(_called(builder), REACH_ENGINE, _reach_engine)
    if stack.container_registry is not None:
        yield _Try(_called(stack.container_registry), "begin a push, and cancel it", lambda: _push(stack, repository))
    yield _Try(_called(stack.artifact_store), "write, read and delete a file", lambda: _use_store(stack))
    yield _Try(
        _called(stack.artifact_store), "see whether flows reach what they need", lambda: _reached_from_there(stack)
    )


def _tries_of_orchestrator(stack: Stack, orchestrator: Any) -> Iterator[_Try]:
    yield _Try("stack", "see whether its components fit together", lambda: require_valid(stack))
    if orchestrator.flavor == "local_docker":
        yield _Try(_called(orchestrator), REACH_ENGINE, _reach_engine)
    elif orchestrator.flavor == "kubernetes":
        yield _Try(_called(orchestrator), "reach the cluster and its namespace", lambda: _reach_cluster(orchestrator))
        yield _Try(_called(orchestrator), "ask whether jobs may be created", lambda: _may_create(orchestrator))
    elif orchestrator.connector is not None:
        yield _Try(_called(orchestrator), "log in by its service connector", lambda: _log_in(orchestrator))


def _require_context(orchestrator: Any) -> None:
    if (
        orchestrator.flavor == "kubernetes"
        and orchestrator.connector is None
        and orchestrator.config.kubernetes_context
    ):
        kube_contexts.require(orchestrator.config.kubernetes_context)


def _called(component: StackComponent) -> str:
    return f"{component.type.value} {component.name!r}"


def engine() -> tuple[StackCheckResult, str]:
    """Try whether a Docker engine answers, and tell which one."""
    names: list[str] = []
    result = _result(_Try("Docker engine", REACH_ENGINE, lambda: names.append(_reach_engine())))
    return result, "".join(names)


def _reach_engine() -> str:
    import docker

    try:
        client = docker.from_env(timeout=10)
        version = client.version()["Version"]
        url = client.api.base_url
        client.close()
        return f"{version}, {'the local one' if url.startswith('http+docker://') else url}"
    except DockerException as error:
        raise _ProblemError(f"no engine answers ({error})", _ENGINE) from error


def _reach_cluster(orchestrator: Any) -> None:
    from kubernetes import client
    from urllib3.exceptions import HTTPError

    namespace = orchestrator.config.kubernetes_namespace
    try:
        client.CoreV1Api(orchestrator.get_kube_client()).read_namespace(namespace, _request_timeout=10)
    except client.ApiException as error:
        _judge(error, namespace)
    except (HTTPError, OSError, RuntimeError) as error:
        raise _ProblemError(
            f"the cluster does not answer ({' '.join(str(error).split())[:300]})",
            "See that the cluster runs and its address is reachable from here: `kubectl cluster-info` tells.",
        ) from error


def _judge(error: Any, namespace: str) -> None:
    """Tell what the refusal of a namespace means; who may not look at it may still create jobs in it."""
    if error.status == requests.codes.not_found:
        raise _ProblemError(
            f"there is no namespace {namespace!r} in the cluster",
            f"Create it: `kubectl create namespace {quote(namespace)}`.",
        ) from error
    if error.status == requests.codes.unauthorized:
        raise _ProblemError(
            "the cluster refuses the credentials",
            "Renew them: those of the kube context, or of the service connector (`zenml service-connector update`).",
        ) from error


def _may_create(orchestrator: Any) -> None:
    from kubernetes import client

    api = client.AuthorizationV1Api(orchestrator.get_kube_client())
    namespace = orchestrator.config.kubernetes_namespace
    resources = [("batch", "jobs")]
    if not orchestrator.config.service_account_name:  # then ZenML makes one
        resources += [("", "serviceaccounts"), ("rbac.authorization.k8s.io", "rolebindings")]
    for group, resource in resources:
        attributes = client.V1ResourceAttributes(namespace=namespace, verb="create", group=group, resource=resource)
        review = client.V1SelfSubjectAccessReview(
            spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
        )
        answer = api.create_self_subject_access_review(review, _request_timeout=10)
        if not answer.status.allowed:
            account = "" if resource == "jobs" else " Or name one that exists: its field service_account_name."
            raise _ProblemError(
                f"these credentials may not create {resource} in namespace {namespace!r}",
                f"Give them a role that may, such as edit.{account}",
            )


def _log_in(component: StackComponent) -> None:
    connector = component.connector
    assert connector is not None
    try:
        Client().verify_service_connector(connector)
    except AuthorizationException as error:
        raise _ProblemError(
            f"the service connector does not work ({' '.join(str(error).split())[:300]})",
            "Renew its credentials: `zenml service-connector update`.",
        ) from error


def _push(stack: Stack, repository: str | None) -> None:
    registry = stack.container_registry
    assert registry is not None
    try:
        try_push(registry, repository)
    except PushRefusedError as error:
        raise _ProblemError(
            str(error), f"Log in with rights to push: `docker login {quote(registry.config.uri.partition('/')[0])}`."
        ) from error
    except requests.RequestException as error:
        raise _ProblemError(
            f"the registry {registry.config.uri} does not answer ({type(error).__name__})",
            "See that it runs, that its address is right and that it is reachable from here.",
        ) from error


def _use_store(stack: Stack) -> None:
    store = stack.artifact_store
    path = f"{store.path.rstrip('/')}/kitaru-check-{uuid4().hex}"
    try:
        fileio.makedirs(store.path)
        with fileio.open(path, "w") as file:
            file.write("kitaru")
        with fileio.open(path, "r") as file:
            content = file.read()
        fileio.remove(path)
    except Exception as error:
        raise _ProblemError(
            f"{store.path} cannot be used ({type(error).__name__}: {' '.join(str(error).split())[:300]})",
            "See that it exists, and that the credentials here may read and write it.",
        ) from error
    if content != "kitaru":
        raise _ProblemError(f"{store.path} gave back something else than was written", "Check the storage behind it.")


def _reached_from_there(stack: Stack) -> None:
    """Components of this machine and a flow elsewhere do not find each other."""
    if not stack.orchestrator.config.is_remote:
        return
    if stack.artifact_store.config.is_local:
        raise _ProblemError(
            f"flows run elsewhere, where {stack.artifact_store.path} is not",
            "Use an artifact store that both reach, such as a bucket. A cluster on this machine that mounts ZenML's "
            "folder is marked as such: local=true of the Kubernetes orchestrator.",
        )
    url = urlparse(Client().zen_store.url)
    if url.scheme not in ("http", "https"):
        raise _ProblemError(
            "flows run elsewhere, and ZenML's database is a file of this machine",
            "Use a ZenML server that both reach: `zenml login URL`.",
        )
    if url.hostname in ("localhost", "127.0.0.1", "::1"):
        raise _ProblemError(
            f"flows run elsewhere, and {url.geturl()} leads to this machine only from here",
            "Log in to the ZenML server by an address that leads here from there as well.",
        )
