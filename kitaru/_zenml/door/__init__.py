"""Opening ZenML: its store, its connection, what is replaced in it, and Kitaru's errors for its own.

Who may call it: the other rooms of ``_zenml``, and whoever needs the store open.
"""

import kitaru._zenml  # noqa: F401 - waits until ZenML is loaded, by whatever thread
