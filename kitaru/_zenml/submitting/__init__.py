"""Creating runs: of a flow, of a replay; and where they are placed.

Who may call it: the local runner, and steering, which starts runs again.
"""

import kitaru._zenml  # noqa: F401 - waits until ZenML is loaded, by whatever thread
