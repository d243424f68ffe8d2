"""Container images: :class:`ImageSettings` says what the image of a flow is made of."""

from __future__ import annotations

from kitaru._core.image import ImageSettings

__all__ = ["ImageSettings"]
