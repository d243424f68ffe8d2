"""Stacks: finding the one that a flow is bound to."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from zenml.exceptions import StackValidationError
from zenml.stack import Stack
from zenml.utils.pagination_utils import depaginate

from kitaru._core.words.suggest import did_you_mean
from kitaru._zenml.door.store import open_client, translated
from kitaru.errors import KitaruStackError

if TYPE_CHECKING:
    from zenml.models import StackResponse

    from kitaru._core.settings.settings import ResolvedSettings


_KIND = re.compile(r"\{?<StackComponentType\.\w+: '(\w+)'>\}?")


def active_stack_name() -> str:
    """Return the name of ZenML's active stack."""
    with translated("reading the active stack"):
        return open_client().active_stack_model.name


def find_stack(settings: ResolvedSettings) -> StackResponse:
    """Return the stack that the settings name, or the active one.

    Raises:
        KitaruStackError: There is no such stack; names the layer that asked for it and the stacks that exist.
    """
    client = open_client()
    if settings.stack is None:
        with translated("reading the active stack"):
            return client.active_stack_model
    try:
        with translated(f"looking for stack {settings.stack!r}"):
            return client.get_stack(settings.stack, allow_name_prefix_match=False)
    except KeyError as error:
        source = settings.provenance["stack"]
        existing = sorted(stack.name for stack in depaginate(client.list_stacks))
        raise KitaruStackError(
            f"There is no stack {settings.stack!r}, which {source.detail} asks for."
            f"{did_you_mean(settings.stack, existing)} Existing stacks: {', '.join(existing) or 'none'}. "
            f"`kitaru stack list` shows them, `kitaru stack types` those that can be made."
        ) from error


def runs_in_client(stack: StackResponse) -> bool:
    """Whether the stack's orchestrator would run the flow in the submitting process."""
    return orchestrator_flavor(stack) == "local"


def orchestrator_flavor(stack: StackResponse) -> str:
    """Return the flavor of the stack's orchestrator, such as ``"kubernetes"``."""
    return next(
        iter(components[0].flavor_name for kind, components in stack.components.items() if kind == "orchestrator")
    )


def stack_of(model: StackResponse) -> Stack:
    """Instantiate a stack."""
    return Stack.from_model(model)


def load_stack(model: StackResponse) -> Stack:
    """Instantiate a stack and see that it can run flows.

    Raises:
        KitaruStackError: A package of it is missing, or its orchestrator cannot run dynamic pipelines.
    """
    try:
        with translated(f"loading stack {model.name!r}"):
            stack = stack_of(model)
    except ImportError as error:
        missing = str(error).partition("\n")[0]  # ZenML appends a paragraph
        raise KitaruStackError(
            f"Stack {model.name!r} needs a package that is not installed ({missing}). "
            f"Install it with `zenml integration install {orchestrator_flavor(model)}`."
        ) from error
    if not stack.orchestrator.supports_dynamic_pipelines:
        raise KitaruStackError(
            f"Stack {model.name!r} cannot run flows: its orchestrator {stack.orchestrator.name!r} "
            f"(flavor {stack.orchestrator.flavor!r}) does not support ZenML's dynamic pipelines. "
            f"Name a stack with a local, local_docker or kubernetes orchestrator."
        )
    return stack


def require_valid(stack: Stack) -> None:
    """See that the components of a stack fit together.

    Raises:
        KitaruStackError: ZenML says that they do not.
    """
    try:
        stack.validate()
    except StackValidationError as error:
        reason = _KIND.sub(r"\1", " ".join(str(error).split())).rstrip(".")
        raise KitaruStackError(
            f"ZenML finds stack {stack.name!r} invalid: {reason}. Give it what it lacks: the components of its definition, "
            f"or `zenml stack update {quote(stack.name)}` for one that is there. `kitaru stack show {quote(stack.name)}` tells "
            f"what it has."
        ) from error
