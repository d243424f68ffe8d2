"""A flow's body while it runs: each call told from the others, found in the record, or run as a step.

Who may call it: the runners and the entry functions of flows and checkpoints.
"""

import kitaru._zenml  # noqa: F401 - waits until ZenML is loaded, by whatever thread
