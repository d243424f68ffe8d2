"""Container images: what the image of a flow is made of, building it ahead, and looking at it without building."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru._core.images.image import ImageSettings
from kitaru._core.records.images import BuiltImage, ImageDescription

if TYPE_CHECKING:
    from kitaru._core.code.definitions import FlowDefinition

__all__ = ["BuiltImage", "ImageDescription", "ImageSettings", "build_image", "describe_image"]


def build_image(flow: FlowDefinition[..., Any], *, stack: str | None = None, show_output: bool = True) -> BuiltImage:
    """Build the image of a flow, and push it where the stack has a registry; submissions then need not.

    Args:
        flow: The flow; its image settings are those that ``.run()`` would use.
        stack: The stack to build for; None for the one that ``.run()`` would use.
        show_output: Whether the build's output goes to stderr as it comes; True by default.

    Raises:
        KitaruUsageError: A setting is wrong, or the flow's source cannot be read.
        KitaruImageError: The image cannot be described, built or pushed.
        KitaruStackError: The stack does not exist, or does not run containers.
        KitaruBackendError: The store cannot be reached.

    Examples:
        >>> build_image(my_flow, stack="prod").image  # doctest: +SKIP
        'ghcr.io/acme/zenml@sha256:...'
    """
    from kitaru._zenml.submitting import flow_images

    return flow_images.build(flow, stack, shown=show_output)


def describe_image(flow: FlowDefinition[..., Any], *, stack: str | None = None) -> ImageDescription:
    """Return what the image of a flow would be built from, and whether an earlier one would be reused.

    Args:
        flow: The flow; its image settings are those that ``.run()`` would use.
        stack: The stack to build for; None for the one that ``.run()`` would use.

    Raises:
        KitaruUsageError: A setting is wrong, or the flow's source cannot be read.
        KitaruImageError: The image cannot be described.
        KitaruStackError: The stack does not exist, or does not run containers.
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.submitting import flow_images

    return flow_images.describe(flow, stack)
