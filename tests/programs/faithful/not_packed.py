"""A script that imports modules of folders that ZenML does not pack for containers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kitaru import checkpoint, flow
from kitaru.errors import KitaruError
from kitaru.image import describe_image

sys.path.append(str(Path.cwd() / "library"))  # as PYTHONPATH does

if TYPE_CHECKING:
    import only_for_types  # type: ignore[import-not-found]  # noqa: F401


@checkpoint
def read() -> int:
    from lent.lists import NUMBERS  # type: ignore[import-not-found]  # made by the test

    return sum(NUMBERS)


@flow
def lending() -> int:
    return read()


if __name__ == "__main__":
    try:
        print(describe_image(lending, stack="docker").dockerfile)
    except KitaruError as error:
        sys.exit(str(error))
