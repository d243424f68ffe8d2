"""Workers die and no retries are left; each execution is retried as soon as it has failed."""

from __future__ import annotations

import threading
from typing import Any

from outcomes import ended, executions, out
from start_cases import start_cases

seen: dict[str, Any] = {}


def both(fault: str, exec_id: str) -> None:
    failed = ended(exec_id, timeout=380)
    executions.retry(exec_id)
    seen[fault] = exec_id, failed, ended(exec_id, timeout=380), executions.result(exec_id)


def main() -> None:
    ids = start_cases()
    threads = [threading.Thread(target=both, args=item) for item in ids.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out(seen)


if __name__ == "__main__":
    main()
