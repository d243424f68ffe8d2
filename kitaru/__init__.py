"""Durable flows in plain Python, on top of ZenML.

Everything here is loaded when it is first used: ``import kitaru`` costs what a small package costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru._core.package import VERSION

if TYPE_CHECKING:
    from kitaru import hooks
    from kitaru._core.records.status import ExecutionStatus
    from kitaru.alerts import alert
    from kitaru.aliases import delete_model, list_models, register_model, set_default_model
    from kitaru.checkpoints import Checkpoint, CheckpointFuture, CheckpointFutures, checkpoint, unmapped
    from kitaru.client import KitaruClient
    from kitaru.config import configure
    from kitaru.diffs import ExecutionDiff
    from kitaru.errors import (
        KitaruBackendError,
        KitaruContextError,
        KitaruDivergenceError,
        KitaruError,
        KitaruExecutionError,
        KitaruImageError,
        KitaruMemoryError,
        KitaruProcessError,
        KitaruRunnerLostError,
        KitaruStackError,
        KitaruStateError,
        KitaruTimeoutError,
        KitaruUsageError,
        KitaruUserCodeError,
        KitaruWaitValidationError,
    )
    from kitaru.files import File, Folder
    from kitaru.flows import Flow, flow
    from kitaru.handle import FlowHandle
    from kitaru.image import ImageSettings
    from kitaru.model_calls import llm
    from kitaru.models import (
        Artifact,
        Attempt,
        CheckpointExecution,
        Execution,
        ExecutionSummary,
        LogEntry,
        PendingWait,
        Usage,
    )
    from kitaru.policies import Retry
    from kitaru.secrets import delete_secret, get_secret, list_secrets, set_secret
    from kitaru.stack import (
        check_stack,
        create_stack,
        current_stack,
        delete_stack,
        describe_stack,
        export_stack,
        list_stacks,
        plan_stack,
        stack_types,
        use_stack,
    )
    from kitaru.tracking import current_execution_id, load, log, progress, save
    from kitaru.visualizations import HTML, JSON, Markdown, Picture, Table
    from kitaru.waits import wait

__version__ = VERSION

_WHERE = {
    "Artifact": "kitaru.models",
    "Attempt": "kitaru.models",
    "Checkpoint": "kitaru.checkpoints",
    "CheckpointExecution": "kitaru.models",
    "CheckpointFuture": "kitaru.checkpoints",
    "CheckpointFutures": "kitaru.checkpoints",
    "Execution": "kitaru.models",
    "ExecutionDiff": "kitaru.diffs",
    "ExecutionStatus": "kitaru._core.records.status",
    "ExecutionSummary": "kitaru.models",
    "File": "kitaru.files",
    "Flow": "kitaru.flows",
    "FlowHandle": "kitaru.handle",
    "Folder": "kitaru.files",
    "HTML": "kitaru.visualizations",
    "ImageSettings": "kitaru.image",
    "JSON": "kitaru.visualizations",
    "KitaruBackendError": "kitaru.errors",
    "KitaruClient": "kitaru.client",
    "KitaruContextError": "kitaru.errors",
    "KitaruDivergenceError": "kitaru.errors",
    "KitaruError": "kitaru.errors",
    "KitaruExecutionError": "kitaru.errors",
    "KitaruImageError": "kitaru.errors",
    "KitaruMemoryError": "kitaru.errors",
    "KitaruProcessError": "kitaru.errors",
    "KitaruRunnerLostError": "kitaru.errors",
    "KitaruStackError": "kitaru.errors",
    "KitaruStateError": "kitaru.errors",
    "KitaruTimeoutError": "kitaru.errors",
    "KitaruUsageError": "kitaru.errors",
    "KitaruUserCodeError": "kitaru.errors",
    "KitaruWaitValidationError": "kitaru.errors",
    "LogEntry": "kitaru.models",
    "Markdown": "kitaru.visualizations",
    "PendingWait": "kitaru.models",
    "Picture": "kitaru.visualizations",
    "Retry": "kitaru.policies",
    "Table": "kitaru.visualizations",
    "Usage": "kitaru.models",
    "alert": "kitaru.alerts",
    "check_stack": "kitaru.stack",
    "checkpoint": "kitaru.checkpoints",
    "configure": "kitaru.config",
    "create_stack": "kitaru.stack",
    "current_execution_id": "kitaru.tracking",
    "current_stack": "kitaru.stack",
    "delete_model": "kitaru.aliases",
    "delete_secret": "kitaru.secrets",
    "delete_stack": "kitaru.stack",
    "describe_stack": "kitaru.stack",
    "export_stack": "kitaru.stack",
    "flow": "kitaru.flows",
    "get_secret": "kitaru.secrets",
    "hooks": "kitaru",
    "list_models": "kitaru.aliases",
    "list_secrets": "kitaru.secrets",
    "list_stacks": "kitaru.stack",
    "llm": "kitaru.model_calls",
    "load": "kitaru.tracking",
    "log": "kitaru.tracking",
    "plan_stack": "kitaru.stack",
    "progress": "kitaru.tracking",
    "register_model": "kitaru.aliases",
    "save": "kitaru.tracking",
    "set_default_model": "kitaru.aliases",
    "set_secret": "kitaru.secrets",
    "stack_types": "kitaru.stack",
    "unmapped": "kitaru.checkpoints",
    "use_stack": "kitaru.stack",
    "wait": "kitaru.waits",
}

__all__ = [
    "HTML",
    "JSON",
    "Artifact",
    "Attempt",
    "Checkpoint",
    "CheckpointExecution",
    "CheckpointFuture",
    "CheckpointFutures",
    "Execution",
    "ExecutionDiff",
    "ExecutionStatus",
    "ExecutionSummary",
    "File",
    "Flow",
    "FlowHandle",
    "Folder",
    "ImageSettings",
    "KitaruBackendError",
    "KitaruClient",
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
    "LogEntry",
    "Markdown",
    "PendingWait",
    "Picture",
    "Retry",
    "Table",
    "Usage",
    "alert",
    "check_stack",
    "checkpoint",
    "configure",
    "create_stack",
    "current_execution_id",
    "current_stack",
    "delete_model",
    "delete_secret",
    "delete_stack",
    "describe_stack",
    "export_stack",
    "flow",
    "get_secret",
    "hooks",
    "list_models",
    "list_secrets",
    "list_stacks",
    "llm",
    "load",
    "log",
    "plan_stack",
    "progress",
    "register_model",
    "save",
    "set_default_model",
    "set_secret",
    "stack_types",
    "unmapped",
    "use_stack",
    "wait",
]


def __getattr__(name: str) -> object:
    module = _WHERE.get(name)
    if module is None:
        from kitaru._core.words.suggest import did_you_mean

        nearest = "" if name.startswith("_") else did_you_mean(name, __all__)
        raise AttributeError(f"module 'kitaru' has no attribute {name!r}.{nearest}")
    import importlib

    is_module = module == __name__
    value = importlib.import_module(f"{module}.{name}") if is_module else getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
