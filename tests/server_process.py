"""A real ZenML server in a process of its own, with a database and a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path


def missing() -> str | None:
    """Say why no server can be started here; ``None`` where one can."""
    absent = [name for name in ("fastapi", "uvicorn", "jwt", "multipart") if find_spec(name) is None]
    return f"zenml[server] is not installed: {', '.join(absent)} is missing" if absent else None


class ServerProcess:
    """A server that a test starts, stops and starts again: on the same port, with the same database.

    ``url`` is where it listens, ``api_key`` belongs to a service account, ``admin_token`` to the user ``default``.
    """

    def __init__(self, directory: Path, stores: Path, address: str = "127.0.0.1") -> None:
        """Prepare a server; nothing is started yet.

        Args:
            directory: Where its home is made.
            stores: A folder of local stores with an initialised database, which is copied.
            address: The address of this machine that it listens on.
        """
        self.home = directory / "server"
        self.log = directory / "server.log"
        self.address = address
        self.port = _free_port(address)
        self.url = f"http://{address}:{self.port}"
        self.api_key = ""
        self.admin_token = ""
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copytree(stores, self.home / "stores")

    def __enter__(self) -> Self:
        try:
            self.start()
            self._make_account()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def env(self) -> dict[str, str]:
        """What has a process use it without a login."""
        return {"KITARU_SERVER_URL": self.url, "KITARU_AUTH_TOKEN": self.api_key}

    @property
    def database(self) -> Path:
        return self.home / "stores" / "default_zen_store" / "zenml.db"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self._process is None, "it runs already"
        command = [sys.executable, "-m", "uvicorn", "zenml.zen_server.zen_server_api:app"]
        where = ["--host", self.address, "--port", str(self.port), "--timeout-graceful-shutdown", "1"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *where], env=self._env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 300
        while not self.answers():
            assert self._process.poll() is None, f"the server ended:\n{self._last_words()}"
            assert time.monotonic() < deadline, f"the server does not answer:\n{self._last_words()}"
            time.sleep(0.1)

    def stop(self) -> None:
        """End it politely, else by force; it can be started again."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def answers(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=5) as response:
            return response.status == HTTPStatus.OK
        return False

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Make a request as the user ``default``: ``call("GET", "/pipelines")``."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.admin_token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=300) as response:
            return json.load(response)

    def _make_account(self) -> None:
        form = urllib.parse.urlencode({"username": "default", "password": ""}).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/login", data=form, timeout=300) as response:
            self.admin_token = json.load(response)["access_token"]
        account = self.call("POST", "/service_accounts", {"name": "robot", "active": True})
        key = self.call("POST", f"/service_accounts/{account['id']}/api_keys", {"name": "test"})
        self.api_key = key["body"]["key"]

    def _env(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("KITARU_", "ZENML_"))},
            "HOME": str(self.home),
            "ZENML_CONFIG_PATH": str(self.home / "zenml"),
            "ZENML_LOCAL_STORES_PATH": str(self.home / "stores"),
            "ZENML_ANALYTICS_OPT_IN": "false",
            "ZENML_SERVER": "true",
            "ZENML_SERVER_AUTO_ACTIVATE": "true",
            "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
            "ZENML_DISABLE_DATABASE_MIGRATION": "true",  # it is a copy of one that is up to date
            "ZENML_SERVER_JWT_SECRET_KEY": "0" * 64,  # tokens outlive a restart
        }

    def _last_words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]
