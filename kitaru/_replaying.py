"""Starting replays: of one execution, and of many with a limit on how many run at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kitaru._core import loading, scope
from kitaru._core.settings import Provenance, ResolvedSettings, resolve, validate_options
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru._core.options import Options
    from kitaru.flow import Flow
    from kitaru.handle import FlowHandle


@dataclass(frozen=True)
class Change:
    """What is different in a replay; see :meth:`kitaru.Flow.replay`."""

    at: str | None = None
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    skip: Sequence[str] | None = None
    wait_answers: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs", "wait_answers"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Mapping):
                raise KitaruUsageError(f"replay({name}={value!r}): give a mapping, such as {{'name': value}}.")
        if isinstance(self.skip, str):
            raise KitaruUsageError(f"replay(skip={self.skip!r}): give a list of names: skip=[{self.skip!r}].")


def start_replay(flow: Flow[..., Any], execution: Any, change: Change, options: Options) -> FlowHandle[Any]:
    """Start a replay and return its handle.

    Args:
        flow: The flow, as its code is now.
        execution: The original: its id, or anything that has an ``exec_id``.
        change: What is different.
        options: The settings that were given with the call.
    """
    from kitaru._runner.launch import start
    from kitaru._zenml.replay_plan import draft
    from kitaru.handle import FlowHandle

    executing = loading.execution() if scope.current_checkpoint() is None else None
    if executing is not None:  # the runner imports the script that started this replay
        return FlowHandle(executing)
    answers = {name: _plain(value) for name, value in (change.wait_answers or {}).items()}
    drafted = draft(
        flow,
        getattr(execution, "exec_id", execution),
        at=change.at,
        inputs=change.inputs or {},
        outputs=change.outputs or {},
        skip=list(change.skip or ()),
        answers=answers,
        cache=bool(options.get("cache")),
    )
    inherited = validate_options("the original's .run", **drafted.options)
    settings = resolve(run=options, flow=[inherited, *flow.options])
    return FlowHandle(start(flow, drafted.values, _uncached(settings, options), drafted))


def _uncached(settings: ResolvedSettings, options: Options) -> ResolvedSettings:
    """What is to run again shall run, unless the call says otherwise."""
    if "cache" in options:
        return settings
    return replace(
        settings, cache=False, provenance={**settings.provenance, "cache": Provenance("default", "off in replays")}
    )


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value
