"""A flow that looks in its container at where the server is and at all values of the environment."""

from __future__ import annotations

import os

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def look() -> list[str]:
    return [os.environ["ZENML_STORE_URL"], *sorted(os.environ.values())]


@flow
def outing() -> list[str]:
    return look()


if __name__ == "__main__":
    for value in outing.run(stack="docker").wait(timeout=300):
        print(value)
