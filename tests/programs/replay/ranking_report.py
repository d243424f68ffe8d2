"""A report by checkpoints of many kinds: one that is mapped, one that returns a data class, one with two outputs."""

from __future__ import annotations

from dataclasses import dataclass

from marks import ran

from kitaru import checkpoint, flow, log


@dataclass
class Ranking:
    best: int
    by: str


@checkpoint
def fetch(count: int) -> list[str]:
    ran("fetch")
    log(pages=count)
    return ["word " * (number + 1) for number in range(count)]


@checkpoint
def parse(page: str) -> int:
    ran("parse")
    return len(page.split())


@checkpoint
def rank(words: list[int], by: str) -> Ranking:
    ran("rank")
    return Ranking(max(words), by)


@checkpoint
def write(ranking: Ranking) -> str:
    ran(f"write {ranking.best}")
    return f"the best has {ranking.best} words\nranked by {ranking.by}"


@checkpoint(cache=True)
def publish(text: str) -> tuple[str, int]:
    ran("publish")
    return text.upper(), len(text)


@flow
def report(count: int, by: str = "words") -> str:
    counts = parse.map(fetch(count))
    return publish(write(rank(counts, by)))[0]  # type: ignore[arg-type]  # futures as an argument are their values


@flow
def other() -> int:
    return parse("x")
