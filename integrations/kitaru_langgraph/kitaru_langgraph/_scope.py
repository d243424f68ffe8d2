"""Which run of a graph the calls of its models and tools belong to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kitaru.adapter import Scope

current_scope: ContextVar[Scope | None] = ContextVar("kitaru_langgraph_scope", default=None)
