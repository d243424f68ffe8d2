"""A trip is answered, fails, is mended and retried."""

from __future__ import annotations

from pathlib import Path

from trip import trip

from kitaru import KitaruClient, KitaruUserCodeError

if __name__ == "__main__":
    client = KitaruClient()
    handle = trip.run(3)
    print(handle.exec_id, flush=True)
    while not client.executions.pending_waits(handle.exec_id):
        assert not handle.status.is_finished
    client.executions.input(handle.exec_id, value=True)
    try:
        handle.wait()
    except KitaruUserCodeError as error:
        print(error.exception_message)
    Path("mended").touch()
    print(client.executions.retry(handle.exec_id).wait())
