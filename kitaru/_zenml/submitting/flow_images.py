"""Images of flows: building them ahead of a submission, and telling what they would be built from."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from zenml.container_engines import ContainerEngine
from zenml.pipelines import build_utils

from kitaru._core.code.modules import alias_main, locate
from kitaru._core.records.images import BuiltImage, ImageDescription
from kitaru._core.settings.settings import resolve, validate_options
from kitaru._zenml.door.private import bound_stack, compile_pipeline
from kitaru._zenml.door.source_root import ensure_source_root
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.stacks.builds import watched
from kitaru._zenml.stacks.stacks import find_stack, load_stack, runs_in_client
from kitaru._zenml.submitting.packed_code import check, pack_code
from kitaru._zenml.submitting.placement import Placement, place
from kitaru._zenml.submitting.submit import make_pipeline
from kitaru.errors import KitaruImageError, KitaruStackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zenml.pipelines.dynamic.pipeline_definition import DynamicPipeline
    from zenml.stack import Stack

    from kitaru._core.code.definitions import FlowDefinition


class _Prepared(NamedTuple):
    stack: Stack
    placement: Placement
    pipeline: DynamicPipeline


def build(flow: FlowDefinition[..., Any], stack: str | None, *, shown: bool) -> BuiltImage:
    """Build the image of a flow."""
    with _prepared(flow, stack) as prepared:
        started = time.monotonic()
        with watched(prepared.placement.context, shown=shown, everything=True):
            made = prepared.pipeline.build()
        if made is None:
            raise KitaruImageError(f"Stack {prepared.stack.name!r} builds no image for flow {flow.name!r}.")
        image = next(iter(made.images.values())).image
        seconds = round(time.monotonic() - started, 1)
        return BuiltImage(flow=flow.name, stack=prepared.stack.name, image=image, seconds=seconds)


def describe(flow: FlowDefinition[..., Any], stack: str | None) -> ImageDescription:
    """Tell what the image of a flow would be built from."""
    with _prepared(flow, stack) as prepared:
        docker, context = prepared.placement.docker, prepared.placement.context
        return ImageDescription(
            flow=flow.name,
            stack=prepared.stack.name,
            tag=_tag(flow, prepared),
            dockerfile=context.dockerfile.read_text(encoding="utf-8"),
            requirements=docker.requirements,
            apt_packages=docker.apt_packages,
            context=str(context.folder),
            context_bytes=context.size,
            largest=dict(context.largest),
            reused=_reused(prepared),
        )


@contextmanager
def _prepared(flow: FlowDefinition[..., Any], stack: str | None) -> Iterator[_Prepared]:
    settings = resolve(run=validate_options("build_image", stack=stack), flow=flow.options)
    alias_main()
    open_client()
    model = find_stack(settings)
    if runs_in_client(model):
        raise KitaruStackError(
            f"Stack {model.name!r} runs flows in processes of this machine, without an image. Name a stack that runs "
            f"containers; `kitaru stack list` shows those that exist."
        )
    with translated(f"preparing the image of flow {flow.name!r}"), bound_stack(model):
        loaded = load_stack(model)
        ensure_source_root(flow)
        code = pack_code()
        check(flow, locate(flow.func), code, settings.image)
        placement = place(loaded, settings, code)
        yield _Prepared(
            loaded, placement, make_pipeline(flow, {}, settings, {}, placement, run_name=settings.run_name(flow.name))
        )


def _tag(flow: FlowDefinition[..., Any], prepared: _Prepared) -> str:
    docker, registry = prepared.placement.docker, prepared.stack.container_registry
    tag = docker.image_tag or ContainerEngine.sanitize_tag(f"{flow.name}-orchestrator")
    default = registry.config.default_repository if registry else None
    repository = docker.target_repository or default or "zenml"
    return f"{registry.config.uri}/{repository}:{tag}" if registry else f"{repository}:{tag}"


def _reused(prepared: _Prepared) -> str | None:
    snapshot = compile_pipeline(prepared.pipeline)
    items = prepared.stack.get_docker_builds(snapshot=snapshot)
    build = build_utils.prepare_pipeline_build(items=items, stack=prepared.stack)
    existing = build_utils.find_existing_build(snapshot=snapshot, prepared_build=build)
    return next(iter(existing.images.values())).image if existing else None
