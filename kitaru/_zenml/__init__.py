"""The only room that imports ZenML. It returns Kitaru's own types and raises Kitaru's own errors."""

import os

# ZenML reads these when it is imported, so they stand before any module of this room.
# It tells about every registration and upload; a person who runs a flow asked for the flow's own output.
os.environ.setdefault("ZENML_LOGGING_VERBOSITY", "WARN")
# It would replace Python's tracebacks in the whole process by its own.
os.environ.setdefault("ZENML_ENABLE_RICH_TRACEBACK", "false")
