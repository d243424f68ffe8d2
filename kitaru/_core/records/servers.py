"""The record of a server."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class ServerStatus:
    """Where executions are kept, and as whom this machine works there.

    Attributes:
        where: ``"local store"``, the database of this machine; ``"local server"``, the same behind a server that
            ``login()`` has started; ``"server"``.
        url: The server's URL, or the database's.
        chosen_by: What chose it: ``"login"``, ``"default"``, or the environment variable.
        user: The user or service account; None where the server does not answer.
        project: The active project.
        stack: The active stack.
        dashboard_url: Where the dashboard is; None for the local store.
        server_version: ZenML's version there; None for the local store.
        zenml_version: ZenML's version here.
        kitaru_version: Kitaru's version here.
        config_directory: Where ZenML keeps its configuration.
        local_stores: Where the local store and its artifacts are.
        problem: What keeps it from working now, and what to do; None where it works.
    """

    where: Literal["local store", "local server", "server"]
    url: str
    chosen_by: str
    user: str | None
    project: str | None
    stack: str | None
    dashboard_url: str | None
    server_version: str | None
    zenml_version: str
    kitaru_version: str
    config_directory: str
    local_stores: str
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)
