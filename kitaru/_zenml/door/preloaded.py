"""What ZenML does no sooner than a process runs its first flow, done as this is imported: by the host, and by workers.

As it loads the first stack, ZenML registers the flavors of all stack components and all integrations; at the first
statement SQLAlchemy works out how the tables belong together. A test says whether this list is complete.
"""

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
from sqlalchemy.orm import configure_mappers
from zenml.integrations.registry import integration_registry

configure_mappers()
integration_registry.integrations  # noqa: B018 - registers them, and activates none
