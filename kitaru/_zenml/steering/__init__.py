"""Answering, retrying, resuming, cancelling, recovering and deleting executions.

Who may call it: the client and the handle.
"""

import kitaru._zenml  # noqa: F401 - waits until ZenML is loaded, by whatever thread
