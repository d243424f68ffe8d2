"""Submits to images each of which is refused, and tells with which words; the images are the argument, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from handing_out import out
from look import inside

from kitaru import KitaruClient, KitaruImageError


def told(image: dict[str, Any]) -> str | None:
    try:
        inside.run({}, image=image)
    except KitaruImageError as error:
        return str(error)
    return None


if __name__ == "__main__":
    messages = [told(image) for image in json.loads(sys.argv[1])]
    out([messages, len(KitaruClient().executions.list())])
