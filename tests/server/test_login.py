"""Logging in to a real server: with a key, from the environment, in the browser, and to one on this machine."""

from __future__ import annotations

import http.server
import json
import re
import socket
import stat
import sys
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Home, Project
    from tests.server_process import ServerProcess

pytestmark = pytest.mark.server


def test_a_flow_runs_fails_waits_and_is_retried_against_a_server_after_a_login_with_a_key(
    stranger: Project, shared_server: ServerProcess
) -> None:
    done = stranger.kitaru("login", shared_server.url, "--api-key", stdin=shared_server.api_key + "\n")
    assert f"Logged in to {shared_server.url} as robot, project default" in done.stdout
    credentials = stranger.home.zenml / "credentials.yaml"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600

    stranger.take("server/travel.py")
    exec_id, failure, result = stranger.run("travel.py", env={"KITARU_PROGRESS": "off"}).stdout.split("\n")[:3]
    assert (failure, result) == ("not mended yet", "8")

    assert exec_id in stranger.kitaru("executions", "list").stdout
    assert "collect | collecting" in stranger.kitaru("executions", "logs", exec_id).stdout
    found = json.loads(stranger.kitaru("executions", "get", exec_id, "--output", "json").stdout)
    assert {row["name"]: (row["status"], len(row["attempts"])) for row in found["checkpoints"]} == {
        "collect": ("completed", 1),
        "double": ("completed", 2),
    }
    assert found["dashboard_url"].startswith(f"{shared_server.url}/projects/default/runs/")
    assert shared_server.call("GET", f"/runs/{exec_id}")["body"]["status"] == "completed"

    assert stranger.kitaru("logout").stdout.startswith(f"Logged out from {shared_server.url}.")
    assert shared_server.api_key not in credentials.read_text()
    assert json.loads(stranger.kitaru("status", "--output", "json").stdout)["where"] == "local store"


def test_a_job_without_a_login_works_by_its_environment_and_leaves_no_trace_of_the_key(
    stranger: Project, shared_server: ServerProcess
) -> None:
    key = shared_server.api_key
    env = {"KITARU_SERVER_URL": f"{shared_server.url}/", "KITARU_AUTH_TOKEN": key, "KITARU_PROJECT": "default"}
    arguments: list[str] = []
    watching = threading.Event()

    def watch() -> None:
        while not watching.wait(0.2):
            for process in stranger.home.processes():
                try:
                    arguments.extend([process.name(), *process.cmdline()])
                except psutil.Error:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = stranger.kitaru("run", "trip.py:quick", "--detach", env=env)
        exec_id = done.stdout.strip()
        logs = stranger.kitaru("executions", "logs", exec_id, "--source", "runner", "--follow", env=env)
    finally:
        watching.set()
        watcher.join()

    assert "kitaru-run" in arguments
    assert not any(key in argument for argument in arguments)
    assert "quickly" in logs.stdout
    assert key not in done.stderr + logs.stdout + logs.stderr
    assert shared_server.call("GET", f"/runs/{exec_id}")["body"]["status"] == "completed"
    files = [path for root in (stranger.home.path, shared_server.home, shared_server.log) for path in _files(root)]
    assert any(path.name == "runner.log" for path in files)
    assert [path for path in files if key.encode() in path.read_bytes()] == []
    token = {"KITARU_SERVER_URL": shared_server.url, "KITARU_AUTH_TOKEN": shared_server.admin_token}
    assert json.loads(stranger.kitaru("status", "--output", "json", env=token).stdout)["user"] == "default"
    assert json.loads(stranger.kitaru("status", "--output", "json").stdout)["where"] == "local store"


def _files(root: Path) -> list[Path]:
    return [root] if root.is_file() else [path for path in root.rglob("*") if path.is_file()]


def test_a_login_in_the_browser_is_confirmed_by_whoever_is_logged_in_there(
    stranger: Project, shared_server: ServerProcess
) -> None:
    login = stranger.popen(_kitaru(), "login", shared_server.url, env={"BROWSER": "true"})
    assert login.stderr is not None
    told = next(line for line in login.stderr if "/devices/verify" in line)
    device, code = re.search(r"device_id=([^&\s]+)&user_code=(\w+)", told).groups()
    shared_server.call("PUT", f"/devices/{device}/verify", {"user_code": code, "trusted_device": True})
    stdout, stderr = login.communicate(timeout=300)
    assert login.returncode == 0, stderr
    assert f"Logged in to {shared_server.url} as default" in stdout


def _kitaru() -> str:
    return str(Path(sys.executable).with_name("kitaru"))


# -- a server on this machine -----------------------------------------------------------------------------------------


def test_a_login_without_a_url_starts_a_server_with_a_dashboard_for_this_machine_alone_and_logout_ends_it(
    home: Home, project: Project
) -> None:
    project.take("server/trip.py")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        taken = project.kitaru("login", "--port", str(port), check=False)
    assert (taken.returncode, f"Port {port} cannot be used" in taken.stderr) == (2, True)

    done = project.kitaru("login", "--port", str(port), "--no-open")
    try:
        url = f"http://127.0.0.1:{port}"
        assert f"Dashboard: {url}" in done.stdout
        with urllib.request.urlopen(url, timeout=300) as page:
            assert "text/html" in page.headers["Content-Type"]
        listening = [c for p in home.processes() for c in p.net_connections() if c.status == psutil.CONN_LISTEN]
        assert {(c.laddr.ip, c.laddr.port) for c in listening} == {("127.0.0.1", port)}
        assert project.kitaru("run", "trip.py:quick").stdout.strip() == "7"
        assert json.loads(project.kitaru("status", "--output", "json").stdout)["where"] == "local server"
    finally:
        out = project.kitaru("logout", check=False)
    assert "Stopped the server on this machine." in out.stdout
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert "quick" in project.kitaru("executions", "list").stdout  # it is in the local store


# -- what goes wrong --------------------------------------------------------------------------------------------------


@contextmanager
def answering(code: int, body: bytes, kind: str) -> Iterator[str]:
    """Something that answers every request in the same way."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_wrong_logins_say_what_is_wrong_and_change_nothing(project: Project, shared_server: ServerProcess) -> None:
    url = shared_server.url
    old = shared_server.call("GET", "/info") | {"version": "0.60.0"}
    config = (project.home.zenml / "config.yaml").read_text()
    with (
        socket.socket() as closed,
        answering(200, b"<html>hello</html>", "text/html") as page,
        answering(503, b"", "text/plain") as ill,
        answering(200, json.dumps(old).encode(), "application/json") as aged,
    ):
        closed.bind(("127.0.0.1", 0))  # and does not listen
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        cases = [
            (["login", "zenml.example.com"], {}, 2, "has no scheme. Write https://zenml.example.com"),
            (["login", "mysql://zenml.example.com/db"], {}, 2, "begins with https:// or http://"),
            (["login", "https://ada:secret@zenml.example.com"], {}, 2, "with a user or password in it"),
            (["login", nowhere], {}, 3, f"{nowhere} does not answer: connection refused"),
            (["login", page], {}, 3, "is not a ZenML server"),
            (["login", ill], {}, 3, "does not answer: it says HTTP 503"),
            (["login", aged], {}, 3, "has version 0.60.0"),
            (["login", url, "--api-key"], {}, 2, "does not accept this API key"),
            (["login", url, "--api-key", "--project", "nope"], {}, 2, "no project 'nope'"),
            (["login", "--api-key"], {}, 2, "--api-key goes with the URL"),
            (["login", url, "--port", "8237"], {}, 2, "another one's port is in its URL"),
            (["login"], {"KITARU_SERVER_URL": url}, 2, "KITARU_SERVER_URL names the server"),
            (["executions", "list"], {"KITARU_AUTH_TOKEN": "x"}, 2, "KITARU_AUTH_TOKEN is set without"),
            (["executions", "list"], {"KITARU_SERVER_URL": nowhere}, 3, "KITARU_SERVER_URL names it"),
            (
                ["executions", "list"],
                {"KITARU_SERVER_URL": url, "KITARU_AUTH_TOKEN": "ZENKEY_wrong"},
                3,
                "refused the credentials",
            ),
            (
                ["stack", "use", "default"],
                shared_server.env,
                2,
                "set KITARU_STACK instead",
            ),
        ]
        for args, env, code, text in cases:
            stdin = None
            if "--api-key" in args:
                stdin = shared_server.api_key if "--project" in args else "ZENKEY_wrong"
            done = project.kitaru(*args, env=env, check=False, stdin=stdin)
            assert (done.returncode, text in done.stderr) == (code, True), (args, env, done.returncode, done.stderr)
            assert "secret" not in done.stderr
            assert "ZENKEY_wrong" not in done.stdout + done.stderr
    assert (project.home.zenml / "config.yaml").read_text() == config
    assert "wrong" not in (project.home.zenml / "credentials.yaml").read_text()


def test_a_server_that_has_gone_is_named_at_once_and_used_again_when_it_is_back(
    project: Project, zenml_server: ServerProcess
) -> None:
    project.kitaru("login", zenml_server.url, "--api-key", stdin=zenml_server.api_key)
    watching = project.take("server/watching_server.py")
    process = project.popen(watching, stdin=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    zenml_server.kill()
    told, stderr = process.communicate("\n", timeout=300)
    assert f"listing executions failed. The ZenML server at {zenml_server.url} does not answer: " in told, stderr

    gone = project.kitaru("executions", "list", check=False)
    assert gone.returncode == 3
    assert f"The ZenML server at {zenml_server.url} does not answer: connection refused." in gone.stderr
    assert "`kitaru logout` goes back to the local store" in gone.stderr
    where = project.kitaru("status", check=False)
    assert (where.returncode, zenml_server.url in where.stdout) == (3, True)

    zenml_server.start()
    assert "There are no executions yet." in project.kitaru("executions", "list").stderr
