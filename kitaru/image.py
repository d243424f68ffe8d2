"""Container images: what the image of a flow is made of, building it ahead, and looking at it without building."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from kitaru._core.images.image import ImageSettings

if TYPE_CHECKING:
    from kitaru.flows import Flow

__all__ = ["BuiltImage", "ImageDescription", "ImageSettings", "build_image", "describe_image"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageDescription(_Model):
    """What the image of a flow would be built from.

    Attributes:
        flow: The flow's name.
        stack: The stack that it is built for.
        tag: The name and tag that the image gets.
        dockerfile: The Dockerfile: the base image or the user's own file, and Kitaru's layers on top.
        requirements: What pip installs after that; the path of a file, or a list.
        apt_packages: Debian packages that are installed after that.
        context: The folder that holds what the Dockerfile copies.
        context_bytes: The size of that.
        largest: Its largest entries with their bytes.
        reused: The image of an earlier build that the next submission takes; None where it builds one.
    """

    flow: str
    stack: str
    tag: str
    dockerfile: str
    requirements: list[str] | str | None
    apt_packages: list[str]
    context: str
    context_bytes: int
    largest: dict[str, int]
    reused: str | None


class BuiltImage(_Model):
    """An image that was built.

    Attributes:
        flow: The flow's name.
        stack: The stack that it was built for.
        image: The image, with its digest where it was pushed.
        seconds: How long it took.
    """

    flow: str
    stack: str
    image: str
    seconds: float


def build_image(flow: Flow[..., Any], *, stack: str | None = None, show_output: bool = True) -> BuiltImage:
    """Build the image of a flow, and push it where the stack has a registry; submissions then need not.

    Args:
        flow: The flow; its image settings are those that ``.run()`` would use.
        stack: The stack to build for; None for the one that ``.run()`` would use.
        show_output: Whether the build's output goes to stderr as it comes.

    Raises:
        KitaruImageError: The image cannot be described, built or pushed.
        KitaruStackError: The stack does not exist, or does not run containers.

    Examples:
        >>> build_image(my_flow, stack="prod").image  # doctest: +SKIP
        'ghcr.io/acme/zenml@sha256:...'
    """
    from kitaru._zenml.submitting import flow_images

    return flow_images.build(flow, stack, shown=show_output)


def describe_image(flow: Flow[..., Any], *, stack: str | None = None) -> ImageDescription:
    """Return what the image of a flow would be built from, and whether an earlier one would be reused.

    Args:
        flow: The flow; its image settings are those that ``.run()`` would use.
        stack: The stack to build for; None for the one that ``.run()`` would use.

    Raises:
        KitaruImageError: The image cannot be described.
        KitaruStackError: The stack does not exist, or does not run containers.
    """
    from kitaru._zenml.submitting import flow_images

    return flow_images.describe(flow, stack)
