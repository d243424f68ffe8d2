"""How often something has been done, over all processes."""

from __future__ import annotations

from pathlib import Path


def count(name: str) -> int:
    """Count one more, and return how many it is."""
    with Path(name).open("a", encoding="utf-8") as file:
        file.write("x")
    return len(Path(name).read_text(encoding="utf-8"))
