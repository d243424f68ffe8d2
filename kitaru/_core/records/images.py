"""Records of container images."""

from __future__ import annotations

from kitaru._core.records.record import Record


class ImageDescription(Record):
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


class BuiltImage(Record):
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
