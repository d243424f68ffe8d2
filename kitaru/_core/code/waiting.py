"""Going on when futures are done."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from concurrent.futures import Future


def when_all_done(futures: Collection[Future[Any]], then: Callable[[], object]) -> None:
    """Call a function once all of some futures are done, however they end; at once where there are none.

    Args:
        futures: The futures; one may be among them twice.
        then: The function. The thread calls it that completes the last of them.
    """
    missing = [len(futures)]
    lock = threading.Lock()

    def one_is_done(_: object = None) -> None:
        with lock:
            missing[0] -= 1
            if missing[0] > 0:
                return
        then()

    if not futures:
        one_is_done()
    for future in futures:
        future.add_done_callback(one_is_done)
