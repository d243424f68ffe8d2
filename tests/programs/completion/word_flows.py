"""Two flows, decorated in both ways, for a shell to complete their names."""

from __future__ import annotations

import kitaru
from kitaru import flow


@flow
def longest(words: list[str]) -> str:
    return max(words, key=len)


@kitaru.flow(retries=1)
def shortest(words: list[str]) -> str:
    return min(words, key=len)
