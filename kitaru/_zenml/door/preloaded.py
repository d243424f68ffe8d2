"""What ZenML does no sooner than a process runs its first flow, done as this is imported: by the host, and by workers.

As it loads the first stack, ZenML registers the flavors of all stack components and all integrations; at the first
statement SQLAlchemy works out how the tables belong together. A test says whether this list is complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import zenml.alerter
import zenml.annotators
import zenml.container_registries
import zenml.data_validators
import zenml.deployers
import zenml.execution.utils
import zenml.experiment_trackers
import zenml.feature_stores
import zenml.image_builders
import zenml.log_stores
import zenml.log_stores.artifact.artifact_log_exporter
import zenml.model_deployers
import zenml.model_registries
import zenml.sandboxes
import zenml.step_operators
import zenml.steps.decorated_step
import zenml.zen_stores.migrations.backup.sqlalchemy
import zenml.zen_stores.migrations.utils  # noqa: F401
from pydantic import BaseModel
from sqlalchemy.orm import configure_mappers
from zenml.integrations.registry import integration_registry

from kitaru._zenml.door import installed

if TYPE_CHECKING:
    from collections.abc import Iterator

configure_mappers()
integration_registry.integrations  # noqa: B018 - registers them, and activates none


def warm() -> None:
    """Do what takes a process a moment each time it is needed for the first time; for the host, all of whose forks have it."""
    installed.look_around()
    for model in _below(BaseModel):
        if not model.__pydantic_complete__ and model.__module__.startswith("zenml."):
            model.model_rebuild(raise_errors=False)  # pydantic would at the first use


def _below(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in kind.__subclasses__():
        yield model
        yield from _below(model)
