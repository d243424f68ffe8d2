"""What the other module of the package imports relatively."""

from __future__ import annotations


def shout(text: str) -> str:
    return text.upper()
