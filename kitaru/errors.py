"""Every error that Kitaru raises, in one tree.

::

    KitaruError
    ├── KitaruUsageError (ValueError)         the call itself is wrong
    │   └── KitaruWaitValidationError         an answer does not fit the question's schema
    ├── KitaruContextError                    the right call in the wrong place
    ├── KitaruStateError                      not possible in the execution's present state
    ├── KitaruTimeoutError (TimeoutError)     a wait, a checkpoint or a flow took longer than it was allowed to
    ├── KitaruBackendError                    the store, server or file system did not answer
    ├── KitaruStackError                      a stack is missing, incomplete or unreachable
    ├── KitaruImageError                      a container image cannot be described or built
    ├── KitaruProcessError                    the process of a checkpoint ended before its function did
    │   └── KitaruMemoryError (MemoryError)   its function needed more than its ``max_memory``
    └── KitaruExecutionError                  an execution ended without a value
        ├── KitaruUserCodeError               the flow's own code raised
        ├── KitaruRunnerLostError             the process that ran the flow is gone
        └── KitaruDivergenceError             the body asked for something else than was recorded

A message says what happened, why, and what to do next. All of them pickle.
Exceptions of ZenML, SQLAlchemy or Docker are always wrapped: they are the ``__cause__``.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "KitaruBackendError",
    "KitaruContextError",
    "KitaruDivergenceError",
    "KitaruError",
    "KitaruExecutionError",
    "KitaruImageError",
    "KitaruMemoryError",
    "KitaruProcessError",
    "KitaruRunnerLostError",
    "KitaruStackError",
    "KitaruStateError",
    "KitaruTimeoutError",
    "KitaruUsageError",
    "KitaruUserCodeError",
    "KitaruWaitValidationError",
]


class KitaruError(Exception):
    """Base of every error that Kitaru raises."""


class KitaruUsageError(KitaruError, ValueError):
    """A call, setting or input is wrong; nothing was submitted or changed."""


class KitaruWaitValidationError(KitaruUsageError):
    """An answer does not fit the schema of the wait; the execution goes on waiting."""


class KitaruContextError(KitaruError):
    """A call in the wrong place, such as a checkpoint outside a flow."""


class KitaruStateError(KitaruError):
    """The request does not fit the execution's present state."""


class KitaruTimeoutError(KitaruError, TimeoutError):
    """The time allowed has passed; what was only waited for goes on, what had a time limit of its own was ended."""


class KitaruBackendError(KitaruError):
    """The store, the server or the file system below Kitaru failed."""


class KitaruStackError(KitaruError):
    """A stack is unknown, incomplete, unreachable or cannot run flows."""


class KitaruImageError(KitaruError):
    """A container image cannot be built, pushed or found."""


class KitaruProcessError(KitaruError):
    """The process of a checkpoint with ``runtime="process"`` ended before its function did: killed, or crashed."""


class KitaruMemoryError(KitaruProcessError, MemoryError):
    """The function of a checkpoint needed more memory than its ``max_memory``."""


class KitaruExecutionError(KitaruError):
    """An execution ended without a value.

    Attributes:
        exec_id: The execution's id.
        status: Its final status, such as ``"failed"``.
        failure_origin: Where it failed: ``"checkpoint"``, ``"flow"``, ``"runner"``, ``"cancelled"``, ...
        checkpoint: The checkpoint's invocation name, where one failed.
        exception_type: The qualified name of the user's exception type, where there was one.
        exception_message: Its message.
        traceback: Its traceback as text, the user's frames only where they could be told apart.
        recovery: The command that would recover the execution, where there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        exec_id: str = "",
        status: str = "failed",
        failure_origin: str = "",
        checkpoint: str | None = None,
        exception_type: str | None = None,
        exception_message: str | None = None,
        traceback: str | None = None,
        recovery: str | None = None,
    ) -> None:
        super().__init__(message)
        self.exec_id = exec_id
        self.status = status
        self.failure_origin = failure_origin
        self.checkpoint = checkpoint
        self.exception_type = exception_type
        self.exception_message = exception_message
        self.traceback = traceback
        self.recovery = recovery

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception pickles its positional arguments only; the state carries the rest.
        return (type(self), self.args, self.__dict__)


class KitaruUserCodeError(KitaruExecutionError):
    """The flow's own code raised: in its body or in a checkpoint."""


class KitaruRunnerLostError(KitaruExecutionError):
    """The process that ran the flow is gone: killed, out of memory, crashed or rebooted."""


class KitaruDivergenceError(KitaruExecutionError):
    """The flow's body asked for something else than the record of its execution holds."""
