"""A flow whose checkpoint asks a server that answers 429 at first; the argument is its URL."""

from __future__ import annotations

import sys
import urllib.request
from urllib.error import HTTPError

from kitaru import Retry, checkpoint, flow


class RateLimited(Exception):  # noqa: N818 - as users write it
    def __init__(self, after: float) -> None:
        super().__init__(f"429, not before {after} s")
        self.after = after


def retry_after(error: BaseException) -> float | None:
    return error.after if isinstance(error, RateLimited) else None


@checkpoint(cache=False, retries=Retry(times=2, delay=0.01, on=(ConnectionError, RateLimited), retry_after=retry_after))
def fetch(url: str) -> str:
    try:
        with urllib.request.urlopen(url) as answer:
            page: str = answer.read().decode()
            return page
    except HTTPError as error:
        raise RateLimited(float(error.headers["Retry-After"])) from error


@flow(retries=1)
def fetching(url: str) -> str:
    return fetch(url)


if __name__ == "__main__":
    print(fetching.run(sys.argv[1]).exec_id)
