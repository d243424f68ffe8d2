"""Stacks, their components and connectors, and the images of those that have containers.

Who may call it: submitting, running, and the public functions about stacks and images.
"""

import kitaru._zenml  # noqa: F401 - waits until ZenML is loaded, by whatever thread
