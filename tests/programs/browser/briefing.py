"""A flow with something of everything that a dashboard shows: retries, metadata, visualizations and a question."""

from __future__ import annotations

import time
from pathlib import Path

import kitaru
from kitaru import checkpoint, flow


@checkpoint(type="tool_call")
def search(topic: str) -> list[str]:
    print(f"searching for {topic}")
    kitaru.log(pages=4, tokens={"in": 812, "out": 96})
    return [f"{topic}, part {number}" for number in range(1, 5)]


@checkpoint(type="llm_call", retries=1, cache=False)
def rate(page: str) -> int:
    number = int(page.rpartition(" ")[2])
    if number == 2 and not Path("tried").exists():
        Path("tried").touch()
        raise ConnectionError("the model did not answer")
    time.sleep(0.2 * number)
    kitaru.progress(f"reading part {number}")
    while number > 2 and not Path("go").exists():
        time.sleep(0.05)
    return 1 + number * 7 % 5


@checkpoint
def report(topic: str, pages: list[str], stars: list[int]) -> kitaru.Markdown:
    rows = list(zip(pages, stars, strict=True))
    kitaru.save("ratings", kitaru.Table(rows, columns=["page", "stars"]))
    bars = "".join(
        f'<rect x="{30 * n}" y="{100 - 18 * s}" width="22" height="{18 * s}" fill="#5b7b42"/>'
        for n, (_, s) in enumerate(rows)
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="120" height="100">{bars}</svg>'
    kitaru.save("chart", kitaru.HTML(f"<h3>Stars</h3>{svg}"))
    best = [page for page, s in rows if s > 3]
    return kitaru.Markdown(f"# What to read about {topic}\n\n" + "\n".join(f"- **{page}**" for page in best))


@checkpoint
def publish(text: kitaru.Markdown) -> str:
    return f"published {len(text)} signs"


@flow
def briefing(topic: str) -> str:
    print(f"a briefing about {topic}")
    kitaru.log(audience="everybody")
    pages = search(topic)
    stars = rate.map(pages)
    text = report(topic, pages, stars)  # type: ignore[arg-type]  # futures as an argument are their values
    if not kitaru.wait(name="approve", question="Publish the report?", timeout=1800):
        return "not published"
    return publish(text)
