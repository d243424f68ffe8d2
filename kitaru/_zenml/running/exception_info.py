"""What ZenML stores of an exception: it fails itself where the text cannot be had, or has letters that no store takes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from zenml.models import ExceptionInfo
from zenml.orchestrators import step_launcher
from zenml.utils.exception_utils import collect_exception_information

from kitaru._core.words.exception_text import text_of
from kitaru._core.words.tracebacks import user_traceback

if TYPE_CHECKING:
    from collections.abc import Callable


def describe_exception(exception: BaseException, user_func: Callable[..., Any] | None = None) -> ExceptionInfo:
    """Return what is stored of an exception; ``zenml.utils.exception_utils.collect_exception_information``.

    Args:
        exception: The exception.
        user_func: The function that raised it.
    """
    try:
        return collect_exception_information(exception, user_func)
    except Exception:  # noqa: BLE001 - of the exception that is told, and of no interest beside it
        return ExceptionInfo(traceback=user_traceback(exception), message=text_of(exception))


def with_text(error: BaseException) -> BaseException:
    """Return an exception, or for one whose text cannot be had another that ZenML can ask for its text."""
    try:
        str(error)
    except Exception:  # noqa: BLE001 - it is a method of the user's
        return RuntimeError(f"{type(error).__name__}: {text_of(error)}")
    return error


def log_any_exception() -> None:
    """Let ZenML's launcher log an exception whose text cannot be had: it would raise what ``str()`` raises instead."""
    logging.getLogger(step_launcher.__name__).addFilter(_give_texts)


def _give_texts(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(text_of(arg) if isinstance(arg, BaseException) else arg for arg in record.args)
    return True
