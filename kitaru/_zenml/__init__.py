"""The only room that imports ZenML. It returns Kitaru's own types and raises Kitaru's own errors.

The other rooms come in by ``from kitaru._zenml.records import runs``, never by
``from kitaru._zenml.records.runs import ...``. The modules of ZenML and SQLAlchemy import each other in circles, and
break where two threads load them from two ends. Each room waits for this module, and so does whoever imports from a
room, in every thread; the second form waits for ``kitaru._zenml.records.runs`` alone.

Where ZenML is missing, of a version that Kitaru does not work with, or without a name that Kitaru uses, the import of
this room raises a ``KitaruBackendError`` that says so in one line, in whatever process and thread it is.
"""

import gc
import logging
import os

from kitaru._core import zenml_version
from kitaru._core.code.parsing import parse_in_turn
from kitaru._zenml import private_names

zenml_version.check()
parse_in_turn()
# ZenML reads these when it is imported. By default it tells about every registration and upload, and replaces the
# whole process's tracebacks by its own; a person who runs a flow asked for the flow's own output. What the user has
# set stands, and child processes do not inherit ours.
_QUIET = {"ZENML_LOGGING_VERBOSITY": "WARN", "ZENML_ENABLE_RICH_TRACEBACK": "false"}
_ours = {name: value for name, value in _QUIET.items() if name not in os.environ}
os.environ.update(_ours)
_collects = gc.isenabled()
gc.disable()  # looking through what is loaded, for nothing, takes a quarter of the time that loading takes
try:
    import zenml.logger
    import zenml.zen_stores.sql_zen_store  # noqa: F401

    private_names.check_at_opening()
except ImportError as _error:
    raise zenml_version.hidden_library(_error) or zenml_version.incomplete(
        f"cannot be loaded: {type(_error).__name__}: {_error}"
    ) from _error
finally:
    if _collects:
        gc.enable()
    for _name in _ours:
        del os.environ[_name]

# It tells, on stdout, when what it reads again has changed: an execution that goes on, nothing else.
logging.getLogger("zenml.models.v2.base.base").setLevel(logging.ERROR)
# ZenML keeps ten connections to a server; that an eleventh checkpoint at once opens one of its own is no warning.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


def hear_prints() -> None:
    """Let what a flow prints and logs reach the logs of its checkpoints, which ZenML fills from INFO upwards."""
    if "ZENML_LOGGING_VERBOSITY" in _ours:
        logging.getLogger("zenml").setLevel(logging.WARNING)
        logging.root.setLevel(logging.INFO)
