"""How an execution is handed to a stack's own orchestrator: image, secrets, and settings by flavor."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from zenml.client import Client

from kitaru._core.settings.zenml_values import merged
from kitaru._zenml.records.stack_runners import LABEL
from kitaru._zenml.running.resources import pod_of_flow
from kitaru._zenml.stacks.images import docker_settings
from kitaru.errors import KitaruImageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from zenml.config.docker_settings import DockerSettings
    from zenml.orchestrators import BaseOrchestrator
    from zenml.stack import Stack

    from kitaru._core.images.build_context import Context
    from kitaru._core.images.image import ImageSettings
    from kitaru._core.settings.settings import ResolvedSettings
    from kitaru._zenml.submitting.packed_code import PackedCode


@dataclass(frozen=True)
class Placement:
    """What ZenML is told about where and in what an execution runs.

    Attributes:
        docker: The image.
        context: What the image is built from.
        orchestrator: Settings of the orchestrator, over those that the stack component has.
        secrets: ZenML secrets whose keys become environment variables.
        keys: The keys that the orchestrator's settings may stand at.
        token: Marks the containers of this execution; unlike the execution's id it is known before the run exists.
    """

    docker: DockerSettings
    context: Context
    orchestrator: dict[str, Any]
    secrets: list[UUID | str] = field(default_factory=list)
    keys: tuple[str, ...] = ()
    token: str = ""

    def over(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings as ZenML's pipelines take them, over those that the user gives.

        Args:
            settings: By ZenML's keys.
        """
        if not self.orchestrator:
            return {**settings, "docker": self.docker}
        key = next((key for key in settings if key in self.keys), "orchestrator")
        return {**settings, "docker": self.docker, key: merged(settings.get(key, {}), self.orchestrator)}


def place(stack: Stack, settings: ResolvedSettings, code: PackedCode) -> Placement:
    """Work out the image and the orchestrator's settings of one execution.

    Args:
        stack: The stack.
        settings: The resolved settings.
        code: The code that its containers get.

    Raises:
        KitaruImageError: The image cannot be described, or names a secret that does not exist.
    """
    docker, context = docker_settings(settings.image, stack, code.import_path())
    if settings.image and settings.image.user and stack.orchestrator.config.is_local:
        sys.stderr.write(
            f"kitaru: the image's files belong to image.user {settings.image.user!r}, but its containers run as you on "
            f"stack {stack.name!r}: they write to ZenML's folder on this machine, which is yours.\n"
        )
    token, orchestrator = uuid4().hex, stack.orchestrator
    keys = ("orchestrator", f"orchestrator.{orchestrator.flavor}", f"orchestrator:{orchestrator.name}")
    given = settings.zenml.get("settings", {})
    own: Mapping[str, Any] = next((given[key] for key in keys if key in given), {})
    return Placement(
        docker=docker,
        context=context,
        orchestrator={
            **_orchestrator_settings(orchestrator, settings.retries, token),
            **pod_of_flow(orchestrator, settings.options.resources, own),
        },
        secrets=_secrets(settings.image),
        keys=keys,
        token=token,
    )


def _secrets(image: ImageSettings | None) -> list[UUID | str]:
    names = (image and image.secret_environment_from) or []
    for name in names:
        try:
            Client().get_secret(name, allow_partial_name_match=False, allow_partial_id_match=False)
        except KeyError as error:
            raise KitaruImageError(
                f"image.secret_environment_from: there is no ZenML secret {name!r}. `zenml secret list` shows those that "
                f"exist; `zenml secret create {quote(name)} --KEY=value` makes one."
            ) from error
    return [*names]


def _orchestrator_settings(orchestrator: BaseOrchestrator, retries: int, token: str) -> dict[str, Any]:
    kind = orchestrator.settings_class
    fields = kind.model_fields if kind is not None else {}
    # Submitting returns at once; who wants to wait, waits for the execution.
    settings: dict[str, Any] = {"synchronous": False} if "synchronous" in fields else {}
    if orchestrator.flavor == "local_docker":
        settings["run_args"] = _run_args(orchestrator.config.model_dump().get("run_args") or {}, retries, token)
    if orchestrator.flavor == "kubernetes":
        # A lost pod is one attempt: its job starts another one while retries remain.
        settings["orchestrator_job_backoff_limit"] = retries
    return settings


def _run_args(configured: dict[str, Any], retries: int, token: str) -> dict[str, Any]:
    labels = {**configured.get("labels", {}), LABEL: token}
    restart = {"Name": "on-failure", "MaximumRetryCount": retries} if retries else None
    return {**configured, "labels": labels, **({"restart_policy": restart} if restart else {})}
