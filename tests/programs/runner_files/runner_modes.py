"""Each mode of the local runner: where flows run, in threads, inline and in processes."""

from __future__ import annotations

import asyncio
import os

from mode_flows import is_interrupted, meets, tells, tells_soon

import kitaru


def use(mode: str) -> None:
    os.environ["KITARU_LOCAL_RUNNER"] = mode


def in_threads() -> None:
    use("thread")
    handles = [meets.run("a"), meets.run("b")]
    assert [handle.wait(progress=False) for handle in handles] == ["a", "b"]
    pid, _ = tells.run().wait(progress=False)
    assert pid == os.getpid()


def inline() -> None:
    use("inline")
    handle = tells.run()
    assert handle.status == "completed"
    assert handle.get()[0] == os.getpid()


async def in_a_loop() -> None:
    # A notebook's cells run inside an event loop, where the body's calls must still give values.
    use("inline")
    assert tells.run().get()[0] == os.getpid()
    assert tells_soon.run().get()[0] == os.getpid()
    use("thread")
    assert (await tells_soon.run())[0] == os.getpid()


def interrupted_inline() -> None:
    use("inline")
    try:
        is_interrupted.run()
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("Ctrl-C was swallowed")


def in_processes() -> None:
    use("process")
    assert tells.run().wait(progress=False)[0] != os.getpid()

    @kitaru.flow
    def inner() -> int:
        return 1

    message = "a process ran a function of a function"
    try:
        inner.run()
    except kitaru.KitaruUsageError as error:
        message = str(error)
    assert "KITARU_LOCAL_RUNNER=process" in message, message
    assert "'inner'" in message, message


if __name__ == "__main__":
    in_threads()
    inline()
    asyncio.run(in_a_loop())
    interrupted_inline()
    in_processes()
