"""Ready-made hooks, for ``@flow(on_failure=kitaru.hooks.alert)`` and its like."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from kitaru import alerts
from kitaru._core.records.executions import CheckpointExecution
from kitaru._core.records.status import ExecutionStatus
from kitaru._core.settings.redaction import without_secrets

if TYPE_CHECKING:
    from kitaru.models import Execution

__all__ = ["alert"]

# Signs of what an exception says that an alert shows.
_SHOWN = 500


def alert(ended: Execution | CheckpointExecution) -> None:
    """Post what has become of an execution, or of a call, by the alerter of its stack; a hook for any event.

    The message has the flow, its status, the failure or the question, and the command that retries or answers. It leaves
    out secrets: values of variables that hold some, tokens, and what follows the host in URLs. Inputs and results are not
    in it.

    Args:
        ended: The execution, or the call of a checkpoint.

    Raises:
        KitaruStackError: The stack has no alerter; as of a hook, the log says so.
        KitaruBackendError: The alerter did not post it.

    Examples:
        >>> @kitaru.flow(on_failure=kitaru.hooks.alert)  # doctest: +SKIP
        ... def nightly() -> None: ...
    """
    alerts.alert(_of_call(ended) if isinstance(ended, CheckpointExecution) else _of_execution(ended))


def _of_call(call: CheckpointExecution) -> str:
    error = call.attempts[-1].error if call.attempts else None
    return f"Checkpoint {call.name} {call.status}{f': {_safe(error)}' if error and call.status == 'failed' else ''}"


def _of_execution(execution: Execution) -> str:
    exec_id, pending = shlex.quote(execution.exec_id), execution.pending_wait
    lines = [f"Flow {execution.flow_name} {_state(execution)} (execution {execution.exec_id})"]
    if pending is not None:
        lines += [
            f"{pending.name}: {_safe(pending.question)}" if pending.question else f"It asks for {pending.name}.",
            f"Answer: kitaru executions input {exec_id} --wait {shlex.quote(pending.name)} --value ...",
        ]
    if execution.failure is not None:
        checkpoint = execution.failure.checkpoint
        lines += [
            f"{f'Checkpoint {checkpoint}: ' if checkpoint else ''}{_safe(_failure(execution))}",
            f"Retry: kitaru executions retry {exec_id}",
        ]
    if execution.dashboard_url:
        lines.append(execution.dashboard_url)
    return "\n".join(lines)


def _state(execution: Execution) -> str:
    if execution.status is ExecutionStatus.CANCELLED:
        return "was cancelled"
    return "waits for input" if execution.pending_wait is not None else str(execution.status)


def _failure(execution: Execution) -> str:
    failure = execution.failure
    assert failure is not None
    kind = f"{failure.type.removeprefix('builtins.')}: " if failure.type else ""
    return f"{kind}{failure.message}"


def _safe(text: str) -> str:
    safe = without_secrets(text)
    return safe if len(safe) <= _SHOWN else f"{safe[:_SHOWN]}..."
