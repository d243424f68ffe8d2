"""A flow whose runner is lost, once, between ZenML's two commits of a question."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from zenml.zen_stores.sql_zen_store import SqlZenStore

import kitaru

create_run_metadata: Any = SqlZenStore.create_run_metadata


def die_once(store: SqlZenStore, request: Any) -> Any:
    if request.resources[0].type == "wait_condition" and not Path("died").exists():
        Path("died").touch()
        os._exit(1)
    return create_run_metadata(store, request)


SqlZenStore.create_run_metadata = die_once  # type: ignore[assignment,method-assign]


@kitaru.flow
def half_asked() -> str:
    return kitaru.wait(str, name="late", metadata={"why": "a crash"})
