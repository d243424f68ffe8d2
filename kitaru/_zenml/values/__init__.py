"""Values as ZenML's artifacts: materializers, memory, lineage, visualizations.

Who may call it: the rooms that run, submit and read.
"""

import kitaru._zenml  # noqa: F401 - waits until ZenML is loaded, by whatever thread
