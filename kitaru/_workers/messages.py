"""What the runner and a worker tell each other, and what the runner tells the process that workers are forks of."""

from __future__ import annotations

import importlib
import operator
import struct
from dataclasses import dataclass
from typing import Any, Final

# To the process that workers are forks of: what to do, and to which worker.
COMMAND: Final = struct.Struct("!cI")
FORK: Final = b"F"  # with two descriptors: the worker's connection, and what tells how it has ended
END: Final = b"E"
KILL: Final = b"K"
# What it says of itself.
READY: Final = b"R"
COLD: Final = b"C"  # what it has imported started threads, or failed: its forks had better import it themselves
# How a worker has ended, as ``os.waitpid`` tells it.
STATUS: Final = struct.Struct("!i")

# What a worker says, beside the end of its call.
BEGUN: Final = "begun"  # the function has: its module is imported, and its arguments are there
TEXT: Final = "text"
RECORD: Final = "record"
ASK: Final = "ask"
# The ends of a call.
RETURNED: Final = "returned"
RAISED: Final = "raised"
NO_MEMORY: Final = "no memory"
REFUSED: Final = "refused"
ENDS: Final = (RETURNED, RAISED, NO_MEMORY, REFUSED)


@dataclass(frozen=True)
class Order:
    """A call that a worker is to run.

    Attributes:
        name: Its name in the execution.
        exec_id: The execution.
        replay_of: The execution that it replays.
        module: The name and the file of the module that its function is of.
        level: From which level on lines of ``logging`` are wanted.
        max_memory: How many bytes the worker may have; None for no limit.
        call: The pickled function and its arguments.
        context: ZenML's pickled context of the step.
        environment: The variables that are set for it.
    """

    name: str
    exec_id: str
    replay_of: str | None
    module: tuple[str, str | None]
    level: int
    max_memory: int | None
    call: bytes
    context: bytes
    environment: dict[str, str]


@dataclass(frozen=True)
class Named:
    """A function by its place.

    Attributes:
        module: Its module.
        path: What leads to it in there.
    """

    module: str
    path: str

    def found(self) -> Any:
        """Return it."""
        return operator.attrgetter(self.path)(importlib.import_module(self.module))
