"""Async checkpoints that share a connection, which is of use in the event loop that it was opened in only."""

from __future__ import annotations

import asyncio
import sys
from typing import NoReturn

import kitaru
from kitaru import adapter, checkpoint, flow


class Client:
    """Keeps a connection, as clients of models do."""

    opened: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, question: str) -> str:
        if self.opened is None:
            server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
            self.opened = await asyncio.open_connection(*server.sockets[0].getsockname())
        reading, writing = self.opened
        writing.write(f"{question}\n".encode())
        await writing.drain()
        return (await reading.readline()).decode().strip()

    async def answer(self, reading: asyncio.StreamReader, writing: asyncio.StreamWriter) -> None:
        while line := await reading.readline():
            writing.write(line.upper())


client = Client()


@checkpoint
async def ask(question: str) -> tuple[str | None, ...]:
    adapter.record_usage(model="m", input_tokens=1, cost=0.0)
    kitaru.log(asked=question)
    inside = adapter.current()
    assert inside is not None
    return inside.checkpoint, await client.ask(question)


@checkpoint
async def stop() -> NoReturn:
    sys.exit(3)  # ends neither the loop nor the others


@flow
async def asking() -> list[tuple[str | None, ...]]:
    try:
        await stop()
    except BaseException as error:  # noqa: BLE001 - it is a SystemExit
        assert "3" in str(error), error  # noqa: PT017 - pytest is not here
    else:
        raise AssertionError("it went on after sys.exit()")
    return [await ask("x"), await ask("y"), ask.submit("z").result()]


def main() -> None:
    handle = asking.run()
    assert handle.wait(progress=False) == [("ask", "X"), ("ask_2", "Y"), ("ask_3", "Z")]
    made = [call for call in handle.execution.checkpoints if call.checkpoint == "ask"]
    assert [call.usage and call.usage.calls for call in made] == [1, 1, 1]
    assert [call.metadata["asked"] for call in made] == ["x", "y", "z"]


if __name__ == "__main__":
    main()
