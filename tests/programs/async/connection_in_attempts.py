"""An async flow whose first attempt fails, and leaves a connection, a task and a thread behind."""

from __future__ import annotations

import asyncio
import socketserver
import threading

from marks import ending, lines, note, once, show

from kitaru import checkpoint, flow


class Upper(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        note("seen.txt", "connected")
        for line in self.rfile:
            self.wfile.write(line.upper())


class Client:
    """Keeps a connection, as clients of models do."""

    opened: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, question: str) -> str:
        if self.opened is None:
            server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Upper)
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.opened = await asyncio.open_connection(*server.server_address)
        reading, writing = self.opened
        writing.write(f"{question}\n".encode())
        await writing.drain()
        return (await reading.readline()).decode().strip()


client = Client()


@checkpoint(cache=False)
async def publish(text: str) -> str:
    if once("first attempt"):
        raise ConnectionError("the mail server is away")
    return text


async def tick(begun: asyncio.Event, ended: threading.Event) -> None:
    try:
        begun.set()
        await asyncio.sleep(3600)
    finally:
        note("seen.txt", "task ended")
        ended.set()


def outlast(task_ended: threading.Event) -> None:
    task_ended.wait()
    note("seen.txt", "thread ended")


@flow(retries=1)
async def asking() -> str:
    answer = await client.ask("x")
    begun, ended = asyncio.Event(), threading.Event()
    left = [asyncio.create_task(tick(begun, ended)), asyncio.create_task(asyncio.to_thread(outlast, ended))]
    await begun.wait()
    await asyncio.sleep(0)  # the second one begins, too
    note("seen.txt", f"{len(left)} tasks left")
    return await publish(answer)


if __name__ == "__main__":
    show(**ending(asking.run()), seen=lines("seen.txt"))
