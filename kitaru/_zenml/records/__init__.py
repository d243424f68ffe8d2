"""What Kitaru records in ZenML's runs and steps beside what ZenML does, and reads again.

Who may call it: the rooms above: running, submitting, reading, steering.
"""

import kitaru._zenml  # noqa: F401 - waits until ZenML is loaded, by whatever thread
