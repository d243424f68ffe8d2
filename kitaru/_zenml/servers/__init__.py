"""Servers, their checkup, secrets and aliases of models.

Who may call it: the public functions of these names.
"""

import kitaru._zenml  # noqa: F401 - waits until ZenML is loaded, by whatever thread
