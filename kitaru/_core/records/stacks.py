"""Records of stacks."""

from __future__ import annotations

from typing import Any

from kitaru._core.records.record import Record


class StackComponent(Record):
    """A component of a stack.

    Attributes:
        type: ZenML's type: ``"orchestrator"``, ``"artifact_store"``, ...
        name: Its name.
        flavor: ZenML's flavor, such as ``"kubernetes"``.
        configuration: What was configured; secrets are shown as ``***``.
        connector: The service connector that it logs in with.
        shared_with: Other stacks that it is part of.
        made_by_kitaru: Whether Kitaru made it.
    """

    type: str
    name: str
    flavor: str
    configuration: dict[str, Any]
    connector: str | None = None
    shared_with: tuple[str, ...] = ()
    made_by_kitaru: bool = False


class StackInfo(Record):
    """A stack.

    Attributes:
        name: Its name.
        id: ZenML's id.
        is_active: Whether flows run there where nothing else is said.
        made_by_kitaru: Whether ``create_stack`` made it.
        components: Its components, the orchestrator first.
    """

    name: str
    id: str
    is_active: bool
    made_by_kitaru: bool
    components: tuple[StackComponent, ...]

    @property
    def orchestrator(self) -> str:
        """Flavor of its orchestrator: what runs the flows."""
        return next((part.flavor for part in self.components if part.type == "orchestrator"), "none")


class StackConnector(Record):
    """A service connector that would be made.

    Attributes:
        name: Its name.
        type: ZenML's connector type.
        auth_method: How it logs in.
        configuration: Its configuration; secrets are shown as ``***``.
    """

    name: str
    type: str
    auth_method: str
    configuration: dict[str, Any]


class StackPlan(Record):
    """What ``create_stack`` would make; everything in it has been validated.

    Attributes:
        name: The stack's name.
        connectors: The service connectors to make.
        components: The components, those that exist already among them.
        existing: Types of the components that exist already.
    """

    name: str
    connectors: tuple[StackConnector, ...]
    components: tuple[StackComponent, ...]
    existing: tuple[str, ...]


class StackCheckResult(Record):
    """One thing that was tried on a stack.

    Attributes:
        component: Which component: ``"orchestrator 'prod'"``.
        tried: What was tried.
        ok: Whether it worked.
        problem: What went wrong.
        remedy: What to do about it.
    """

    component: str
    tried: str
    ok: bool
    problem: str | None = None
    remedy: str | None = None


class StackCheck(Record):
    """What a check of a stack found.

    Attributes:
        stack: The stack's name.
        results: What was tried, in order.
    """

    stack: str
    results: tuple[StackCheckResult, ...]

    @property
    def ok(self) -> bool:
        """Whether everything worked."""
        return all(result.ok for result in self.results)
