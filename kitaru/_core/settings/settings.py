"""Settings: which layers give them, which layer wins, and where each value came from.

Layers, highest first: ``.run()``, the flow (``.with_options()`` over ``@flow()``), ``kitaru.configure()``, the
environment, ``[tool.kitaru]`` in the nearest pyproject.toml, and at last the active stack and the built-in defaults.
``None`` means "not given" everywhere. Images merge field by field over all layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from kitaru._core.policies.retry import Retry, policy_of
from kitaru._core.settings import environment, pyproject
from kitaru._core.settings.flow_options import FlowOptions, resolved_flow_options
from kitaru._core.settings.options import SETTINGS, Options, Setting, validate_options
from kitaru._core.settings.run_names import new_run_name
from kitaru._core.settings.unset import UNSET

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru._core.images.image import ImageSettings

__all__ = [
    "SETTINGS",
    "LayerName",
    "Options",
    "Provenance",
    "ResolvedSettings",
    "Setting",
    "configure",
    "resolve",
    "validate_options",
]

LayerName = Literal["run", "flow", "configure", "environment", "pyproject", "active stack", "default"]

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Provenance:
    """Where a value came from.

    Attributes:
        layer: The layer that won.
        detail: The place in it, for people: ``".run(stack=)"``, ``"KITARU_STACK"``, ``"built-in default"``, ...
    """

    layer: LayerName
    detail: str


@dataclass(frozen=True)
class ResolvedSettings:
    """The settings of one execution, each with the layer it came from.

    Attributes:
        stack: The stack's name; ``None`` for the active stack.
        image: The merged image; ``None`` where no layer gives one.
        cache: Whether checkpoints may reuse earlier outputs.
        retry: How often, after what and with what delay a failed execution is tried again.
        zenml: What ZenML is to set for the pipeline beside these, merged over all layers.
        options: What the flow's options say beside the settings.
        provenance: By path: ``"stack"``, ``"cache"``, ``"retries"``, and for an image ``"image.base_image"``,
            ``"image.environment.NAME"`` and so on; ``"image"`` alone where no layer gives one.
    """

    stack: str | None
    image: ImageSettings | None
    cache: bool
    retry: Retry
    zenml: Mapping[str, Any]
    options: FlowOptions
    provenance: dict[str, Provenance]

    @property
    def retries(self) -> int:
        """How many times a failed execution is tried again."""
        return self.retry.times

    def run_name(self, flow: str) -> str:
        """Return the name of a new run of a flow.

        Raises:
            KitaruUsageError: The name that the flow's options give has a substitution which is not there.
        """
        return new_run_name(flow, self.options.name, self.zenml.get("substitutions") or {})

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Return plain data to store with the execution: by path the value, its layer and the place in the layer.

        The values of the image's environment are among it, as they are in the image: secrets belong into ZenML
        secrets, which ``secret_environment_from`` names.
        """
        values: dict[str, Any] = {
            "stack": self.stack,
            "image": None,
            "cache": self.cache,
            "retries": self.retry.shown(),
        }
        values |= self.image.leaves() if self.image else {}
        if self.zenml:
            from kitaru._core.settings.zenml_values import leaves

            values |= leaves(self.zenml, "zenml")
        return {
            path: {"value": values[path], "layer": origin.layer, "detail": origin.detail}
            for path, origin in self.provenance.items()
        }


@dataclass(frozen=True)
class _Layer:
    """The checked values that one layer gives; ``detail`` names the place of a setting in it."""

    name: LayerName
    values: Mapping[str, Any]
    detail: Callable[[str], str]

    def origin(self, setting: str) -> Provenance:
        return Provenance(self.name, self.detail(setting))


_configured: Options = Options("kitaru.configure", {})
_configuring = Lock()


def configure(**changes: object) -> None:
    """Change the process-wide layer: ``None`` clears a setting, ``UNSET`` leaves it as it is.

    Raises:
        KitaruUsageError: A value is not what its setting accepts; then nothing has changed.
    """
    global _configured  # noqa: PLW0603 - the layer is process-wide by definition
    changes = {name: value for name, value in changes.items() if value is not UNSET}
    checked = validate_options("kitaru.configure", **changes)
    with _configuring:
        kept = {name: value for name, value in _configured.items() if name not in changes}
        # A new mapping, so that a resolution under way in another thread goes on with the one it has.
        _configured = Options("kitaru.configure", {**kept, **checked})


def resolve(
    *,
    run: Mapping[str, Any] = _NOTHING,
    flow: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    start: Path | None = None,
) -> ResolvedSettings:
    """Return every setting with the layer it came from.

    Args:
        run: What ``.run()`` gives, checked by :func:`validate_options`.
        flow: What the flow gives, checked likewise; or several of these, the highest first, such as those of
            ``.with_options()`` before those of ``@flow()``.
        start: Where the search for pyproject.toml begins; default: the working directory.

    Raises:
        KitaruUsageError: The environment or pyproject.toml gives something wrong. They are checked whole, also where
            a higher layer wins: a setting that has no effect today must not be a surprise tomorrow.
    """
    flows = [flow] if isinstance(flow, Mapping) else flow
    layers = [
        _call_layer("run", run, ".run"),
        *(_call_layer("flow", options, "@flow") for options in flows),
        _call_layer("configure", _configured, "kitaru.configure"),
        _environment_layer(),
        *_pyproject_layer(start),
    ]
    provenance: dict[str, Provenance] = {}
    return ResolvedSettings(
        stack=_first("stack", layers, Provenance("active stack", "the active stack"), provenance),
        image=_merged_image(layers, provenance),
        cache=_first("cache", layers, Provenance("default", "built-in default"), provenance),
        retry=policy_of(_first("retries", layers, Provenance("default", "built-in default"), provenance)),
        zenml=_merged_zenml(layers, provenance),
        options=resolved_flow_options(flows),
        provenance=provenance,
    )


def _call_layer(name: LayerName, values: Mapping[str, Any], where: str) -> _Layer:
    where = getattr(values, "where", where)  # Options know their call, a plain mapping gets the usual one
    return _Layer(name, values, lambda setting: f"{where}({setting}=)")


def _environment_layer() -> _Layer:
    texts = {name: environment.read(setting.variable) for name, setting in SETTINGS.items()}
    values = {
        name: SETTINGS[name].from_text(text, SETTINGS[name].variable)
        for name, text in texts.items()
        if text is not None
    }
    return _Layer("environment", values, lambda setting: SETTINGS[setting].variable)


def _pyproject_layer(start: Path | None) -> list[_Layer]:
    path = pyproject.find(start)
    return [_Layer("pyproject", pyproject.read(path), lambda _: f"{path} [tool.kitaru]")] if path else []


def _first(name: str, layers: list[_Layer], otherwise: Provenance, provenance: dict[str, Provenance]) -> Any:
    """Return the value of the highest layer that gives one, else the default; note where it came from."""
    layer = next((layer for layer in layers if name in layer.values), None)
    provenance[name] = layer.origin(name) if layer else otherwise
    return layer.values[name] if layer else SETTINGS[name].default


def _merged_zenml(layers: list[_Layer], provenance: dict[str, Provenance]) -> dict[str, Any]:
    """Return the mappings for ZenML of all layers merged key by key, the highest on top; note where each came from."""
    merged: dict[str, Any] = {}
    origins: dict[str, Provenance] = {}
    for layer in reversed([layer for layer in layers if layer.values.get("zenml")]):
        from kitaru._core.settings import zenml_values  # only where something is given

        merged = zenml_values.merged(merged, layer.values["zenml"])
        given = dict(zenml_values.leaves(layer.values["zenml"], "zenml"))
        origins |= dict.fromkeys(given, layer.origin("zenml"))
        # Only the leaves of what is merged: what a higher layer has replaced has left no trace.
        origins = {path: origins[path] for path, _ in zenml_values.leaves(merged, "zenml")}
    provenance.update(origins)
    return merged


def _merged_image(layers: list[_Layer], provenance: dict[str, Provenance]) -> ImageSettings | None:
    """Return the images of all layers merged, the highest on top; note where each field came from."""
    merged: ImageSettings | None = None
    origins: dict[str, Provenance] = {}
    for layer in reversed([layer for layer in layers if "image" in layer.values]):
        image: ImageSettings = layer.values["image"]
        merged = image.over(merged) if merged else image
        origins |= dict.fromkeys(image.leaves(), layer.origin("image"))
    # Only the leaves of the merged image: an empty environment above or below a filled one has left no trace.
    paths = merged.leaves() if merged else {}
    provenance.update({path: origins[path] for path in paths} or {"image": Provenance("default", "built-in default")})
    return merged
