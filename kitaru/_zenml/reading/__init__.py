"""Executions, artifacts, logs and differences, read from the store into Kitaru's records.

Who may call it: the client, the handle and the terminal.
"""

import kitaru._zenml  # noqa: F401 - waits until ZenML is loaded, by whatever thread
