"""A flow whose worker process is killed in the middle, and which finishes all the same.

The second of three checkpoints sends its own process SIGKILL, the first time it runs. Nothing in that process can
catch it: no handler, no `finally`. Kitaru's supervisor sees the worker die, starts another one because `retries=1`
allows it, and the execution goes on from the last completed checkpoint.
"""

import os
import signal
import tempfile
from pathlib import Path

from kitaru import checkpoint, flow


def note(diary: str, line: str) -> None:
    """Write down which process did what, where a killed process cannot take it along."""
    with Path(diary).open("a", encoding="utf-8") as file:
        file.write(f"process {os.getpid()}: {line}\n")


@checkpoint
def prepare(diary: str) -> int:
    note(diary, "prepare")
    return 20


@checkpoint
def crash_once(diary: str, number: int) -> int:
    first_time = "crash_once" not in Path(diary).read_text(encoding="utf-8")
    note(diary, "crash_once, killed" if first_time else "crash_once, again")
    if first_time:
        os.kill(os.getpid(), signal.SIGKILL)
    return number + 1


@checkpoint
def finish(diary: str, number: int) -> int:
    note(diary, "finish")
    return number * 2


@flow(retries=1)
def survive(diary: str) -> int:
    return finish(diary, crash_once(diary, prepare(diary)))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        diary = Path(folder, "diary.txt")
        # Without the cache: a completed checkpoint is not run again in its execution, whatever the cache says.
        handle = survive.run(str(diary), cache=False)
        print(f"execution {handle.exec_id}")
        result = handle.wait()
        lines = diary.read_text(encoding="utf-8")
    print(lines, end="")
    print(f"result {result}; prepare ran {lines.count(': prepare')} time")


if __name__ == "__main__":
    main()
