"""What ``zenml=`` says of a flow and of a checkpoint, checked by ZenML's own classes, as ZenML takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from zenml.client import Client
from zenml.config import DeploymentSettings
from zenml.config.pipeline_configurations import PipelineConfigurationUpdate
from zenml.config.resource_settings import ResourceSettings
from zenml.config.step_configurations import StepConfigurationUpdate
from zenml.enums import ModelStages

from kitaru._core.settings.zenml_values import merged
from kitaru._core.words.suggest import did_you_mean
from kitaru._core.words.validation import first_place, problems
from kitaru._zenml.running.isolation import checkpoints_named
from kitaru._zenml.running.resources import resource_settings
from kitaru._zenml.stacks.fields import unknown_fields
from kitaru._zenml.stacks.flavors import find_flavor, settings_class
from kitaru.errors import KitaruStackError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zenml.config.base_settings import BaseSettings
    from zenml.config.pipeline_configurations import PipelineConfiguration
    from zenml.model.model import Model
    from zenml.stack import Stack

    from kitaru._core.code.definitions import CheckpointOptions, FlowDefinition
    from kitaru._core.settings.settings import Provenance, ResolvedSettings

    Where = Callable[[str], str]  # tells of a path in the mapping who gives it

M = TypeVar("M", bound=BaseModel)

_OF_STACK = ("step_operator", "experiment_tracker")
_DEPLOYMENT = "deployment"


def flow_configuration(settings: ResolvedSettings, stack: Stack) -> dict[str, Any]:
    """Return what the layers say of a flow, by the names that ZenML's pipelines have for it.

    Args:
        settings: The resolved settings.
        stack: The stack that it is to run on.

    Raises:
        KitaruUsageError: A value is not what ZenML accepts; the message names the layer it came from.
    """
    zenml = dict(settings.zenml)

    def where(path: str) -> str:
        return f"zenml.{path} (from {_origin(f'zenml.{path}', settings.provenance)})"

    update = _validated(PipelineConfigurationUpdate, zenml, where)
    _check_settings(zenml.get("settings", {}), stack, where)
    _check_secrets(zenml.get("secrets", []), where)
    _check_model(update.model, where)
    checked = {name: getattr(update, name) for name in zenml}
    return {**checked, "settings": zenml["settings"]} if "settings" in zenml else checked


def step_configuration(checkpoint: str, options: CheckpointOptions, stack: Stack) -> dict[str, Any]:
    """Return what a checkpoint's options say of its steps, by the names that ZenML's steps have for it.

    Args:
        checkpoint: The checkpoint's name.
        options: Its options, with those of a call where that has some of its own.
        stack: The stack that it is to run on.

    Raises:
        KitaruUsageError: A value is not what ZenML accepts.
    """
    zenml = {
        name: value for name, value in options.zenml.items() if name != "tags"
    }  # of its outputs, which Kitaru tags

    def where(path: str) -> str:
        return f"zenml.{path} of checkpoint {checkpoint!r}"

    settings = _settings_of(options)
    if settings:
        zenml["settings"] = settings
    update = _validated(StepConfigurationUpdate, zenml, where)
    _check_settings(settings, stack, where)
    _check_secrets(zenml.get("secrets", []), where)
    _check_model(update.model, where)
    if options.runtime == "process" and zenml.get("experiment_tracker"):
        raise KitaruUsageError(
            f"{where('experiment_tracker')} and runtime='process' contradict each other: what the tracker begins for a step "
            f"belongs to the flow's process. Leave runtime out, or make it 'isolated'."
        )
    _check_components(zenml, stack, where)
    checked = {name: getattr(update, name) for name in zenml}
    if options.resources is not None:
        resources = _validated(ResourceSettings, options.resources, lambda _: f"resources of checkpoint {checkpoint!r}")
        settings |= resource_settings(resources, settings)
    return {**checked, "settings": settings} if settings else checked


def check_resources(flow: str, resources: Mapping[str, Any] | None) -> None:
    """Check what a flow asks for, before anything is started.

    Args:
        flow: The flow's name.
        resources: What its own container is to get.

    Raises:
        KitaruUsageError: A value is not what ZenML accepts.
    """
    _validated(
        ResourceSettings, resources or {}, lambda path: f"resources{f'.{path}' if path else ''} of flow {flow!r}"
    )


def check_checkpoints(flow: FlowDefinition[..., Any], stack: Stack) -> None:
    """Check what is said of the checkpoints that a flow's body names, before anything is started.

    Args:
        flow: The flow.
        stack: The stack that it is to run on.

    Raises:
        KitaruUsageError: A value is not what ZenML accepts, or needs what the stack does not have.
    """
    for checkpoint in checkpoints_named(flow):
        options = checkpoint.options
        if options.zenml or options.settings or options.resources is not None:
            step_configuration(checkpoint.name, options, stack)


def inherited(options: CheckpointOptions, flow: PipelineConfiguration) -> dict[str, Any]:
    """Return what a checkpoint's steps take from their flow, which ZenML leaves to each step.

    Args:
        options: The options of the call.
        flow: The configuration of the flow's run.
    """
    said = options.zenml
    taken: dict[str, Any] = {}
    for name in ("enable_artifact_metadata", "enable_artifact_visualization"):
        # Of what is not said the dashboard tells that it is disabled.
        taken[name] = said[name] if name in said else getattr(flow, name) is not False
    if flow.cache_policy is not None and not isinstance(said.get("cache_policy"), str):
        taken["cache_policy"] = {**flow.cache_policy.model_dump(mode="json"), **said.get("cache_policy", {})}
    return taken


def _settings_of(options: CheckpointOptions) -> dict[str, Any]:
    return merged(options.settings, options.zenml.get("settings", {}))


def _origin(path: str, provenance: Mapping[str, Provenance]) -> str:
    """Return the place that gives what stands at a path, or the nearest around it."""
    while path not in provenance and "." in path:
        inside = next((origin for leaf, origin in provenance.items() if leaf.startswith(f"{path}.")), None)
        if inside is not None:
            return inside.detail
        path = path.rpartition(".")[0]
    return provenance[path].detail if path in provenance else "zenml="


def _validated(model: type[M], values: Mapping[str, Any], where: Where) -> M:
    try:
        return model(**values)
    except ValidationError as error:
        place = where(first_place(error))
        raise KitaruUsageError(f"{place} does not fit ZenML's {model.__name__}: {problems(error)}.") from error


def _check_settings(settings: Mapping[str, Any], stack: Stack, where: Where) -> None:
    """See that the settings of components have names and values that the components know."""
    for key, values in settings.items():
        path = f"settings.{key}"
        model = DeploymentSettings if key == _DEPLOYMENT else _class_of(key, stack, where(path))
        if model is None or not isinstance(values, Mapping):
            continue
        for unknown in unknown_fields(model, values, path):
            known = sorted(unknown.known)
            raise KitaruUsageError(
                f"{where(unknown.path)} is unknown to ZenML's {model.__name__}.{did_you_mean(unknown.name, known)} It knows "
                f"{', '.join(known) or 'nothing'} there."
            )

        def inside(inner: str, path: str = path) -> str:
            return where(f"{path}.{inner}" if inner else path)

        _validated(model, values, inside)


def _class_of(key: str, stack: Stack, where: str) -> type[BaseSettings] | None:
    """Return the class of the settings at a key; None where the stack has no use for them."""
    kind, flavor, name = key.partition(":")[0].partition(".")[0], key.partition(".")[2], key.partition(":")[2]
    if ":" in key.partition(".")[0] or name:
        _require_component(kind, name, where)
    elif flavor and key not in stack.setting_classes:
        try:
            find_flavor(kind, flavor)
        except KitaruStackError as error:
            if isinstance(error.__cause__, KeyError):
                raise KitaruUsageError(f"{where}: {error}") from error
            return None  # one of an integration that is not installed: the stack cannot have it
        return settings_class(kind, flavor)
    elif not flavor and not any(component.type == kind for component in stack.all_components):
        raise KitaruUsageError(
            f"{where}: stack {stack.name!r} has no {kind}. Name the flavor, as in '{kind}.kubernetes', for settings that count "
            f"on those stacks alone that have it."
        )
    return stack.setting_classes.get(key)


def _require_component(kind: str, name: str, where: str) -> None:
    known = [component.name for component in Client().list_stack_components(type=kind, size=200).items]
    if name not in known:
        raise KitaruUsageError(
            f"{where}: there is no {kind} {name!r}.{did_you_mean(name, known)} Those that exist are "
            f"{', '.join(known) or 'none'}."
        )


def _check_secrets(secrets: Iterable[str], where: Where) -> None:
    for place, name in enumerate(secrets):
        try:
            Client().get_secret(name, allow_partial_name_match=False, allow_partial_id_match=False)
        except KeyError as error:
            raise KitaruUsageError(
                f"{where(f'secrets.{place}')}: there is no ZenML secret {name!r}. `kitaru secrets list` shows those that exist."
            ) from error


def _check_model(model: Model | None, where: Where) -> None:
    """See that a version that is told by its number or its stage exists; others are made."""
    version = model.version if model is not None else None
    if model is None or not isinstance(version, int | ModelStages):
        return
    try:
        Client().get_model_version(model.name, version)
    except KeyError as error:
        told = version if isinstance(version, int) else version.value
        raise KitaruUsageError(
            f"{where('model.version')}: model {model.name!r} has no version {told!r}. A version that is told by its number or "
            f"its stage must exist; without one a new version is made, or one of a name of yours."
        ) from error


def _check_components(zenml: Mapping[str, Any], stack: Stack, where: Where) -> None:
    """See that the stack has the components that a step is to use: ZenML would run it without an experiment tracker."""
    for kind in _OF_STACK:
        wanted = zenml.get(kind)
        if not wanted:
            continue
        if kind == "step_operator" and stack.orchestrator.flavor == "local":
            raise KitaruUsageError(
                f"{where(kind)}: the orchestrator of stack {stack.name!r} runs flows in processes of this machine, for which no "
                f"image is built that a step operator could run. Name a stack whose orchestrator runs containers."
            )
        known = [component.name for component in stack.all_components if component.type == kind]
        if (wanted is not True and wanted not in known) or not known:
            raise KitaruUsageError(
                f"{where(kind)}: stack {stack.name!r} has no {kind.replace('_', ' ')}{'' if wanted is True else f' {wanted!r}'}."
                f"{did_you_mean(str(wanted), known)} It has {', '.join(known) or 'none'}; `kitaru stack show` tells what a stack "
                f"has."
            )
