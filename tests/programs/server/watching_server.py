"""List executions, and again after a line has come in, when the server is gone."""

from __future__ import annotations

from kitaru import KitaruBackendError, KitaruClient
from kitaru.server import use_short_timeouts

if __name__ == "__main__":
    use_short_timeouts()
    client = KitaruClient()
    assert client.executions.list() == []
    print("open", flush=True)
    input()
    try:
        client.executions.list()
    except KitaruBackendError as error:
        print(error)
