"""A question whose answer is a strict model, answered by JSON; the flow fails once after it. Prints both values."""

from __future__ import annotations

import datetime as dt
import enum
import json
import time
from pathlib import Path

import pydantic

import kitaru
from kitaru import KitaruClient, flow


class Verdict(enum.Enum):
    OK = "ok"


class Review(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    verdict: Verdict
    until: dt.date
    scores: tuple[float, ...]


@flow(cache=False, retries=1)
def reviewed() -> list[str]:
    review = kitaru.wait(Review, name="review", timeout=300)
    with Path("reviews.txt").open("a") as file:
        file.write(f"{type(review).__name__} {review.verdict} {review.until} {review.scores}\n")
    if len(Path("reviews.txt").read_text().splitlines()) == 1:
        raise ConnectionError("this once")
    return Path("reviews.txt").read_text().splitlines()


if __name__ == "__main__":
    client, handle = KitaruClient(), reviewed.run()
    while not client.executions.pending_waits(handle.exec_id):
        time.sleep(0.1)
    client.executions.input(handle.exec_id, value={"verdict": "ok", "until": "2026-01-31", "scores": [1, 0.5]})
    print(json.dumps(handle.wait(timeout=300, progress=False)))
