"""Kitaru's own version and folder, where rooms below the public API find them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

VERSION: Final = "0.1.0"
FOLDER: Final = Path(__file__).resolve().parent.parent
