"""All processes of an execution are killed, and its failure is told all the same, once."""

from __future__ import annotations

import http.server
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kitaru._host import control

TOKEN = "T0K3N-of-the-webhook"


class Receiver(http.server.ThreadingHTTPServer):
    """A webhook: keeps what is posted to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posted: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posted.append(body)
        self.send_response(200 if self.path.endswith(TOKEN) else 403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def webhook():
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_exactly_one_alert_after_everything_was_killed(project, own_host, webhook, eventually, observed):
    project.take("hooks/hook_flows.py", "hooks/webhook_alerter.py", "hooks/hook_state.py")
    url = f"http://127.0.0.1:{webhook.port}/services/{TOKEN}"
    project.run(project.take("hooks/alerting_stack.py"), "default", url)
    start = "from hook_flows import alerting; print(alerting.with_options(stack='alerting').run().exec_id)"
    exec_id = project.run("-c", start).stdout.strip()
    eventually((project.path / "held").exists, what="the checkpoint")
    for host in control.running():
        control.end(host)
    for process in json.loads(next(project.home.zenml.rglob("runner.json")).read_text())["processes"]:
        os.kill(process["pid"], signal.SIGKILL)

    # The first process that calls the hook dies in it, and several readers look for what is due at once.
    (project.path / "armed").write_text("hook, called")
    env = {"KITARU_HOST": "off", "KITARU_CRASH_POINT": str(project.path / "armed")}
    for host in ("off", "on"):  # first in processes that have ZenML, then in forks of a host
        with ThreadPoolExecutor() as readers:
            for _ in range(4):
                look = {**env, "KITARU_HOST": host}
                what = ["list"] if host == "on" else ["get", exec_id]
                readers.submit(project.kitaru, "executions", *what, env=look, loads=host == "on")
        eventually(lambda: not project.home.processes(), what="the end of every process")
        assert (project.path / "armed").read_text() == ""
    assert project.kitaru("executions", "get", exec_id, env=env).returncode == 0
    assert project.home.processes() == []  # nothing is due any more
    assert len(webhook.posted) == 1
    assert webhook.posted[0].startswith(f"Flow alerting failed (execution {exec_id})\nits runner's processes are gone")
    assert f"kitaru executions retry {exec_id}" in webhook.posted[0]
    [[state, calls], reason] = json.loads(project.run("hook_state.py", exec_id).stdout)
    assert state == "done"
    observed("hook, all", f"failed: {reason}", "the next look, which has the hook called", "held 1, hook 1")
    observed("hook, killed", "as it had ended", "the next look, which has the hook called again", f"hook {calls}")

    webhook.shutdown()  # what the alerter then raises, the log tells without the URL
    webhook.server_close()
    (project.path / "go").touch()
    retry = f"from kitaru import FlowHandle; FlowHandle.from_id('{exec_id}').retry().wait(timeout=200)"
    project.run("-c", retry, env=env)
    log = next(project.home.zenml.rglob("runner.log"))
    eventually(lambda: "hook alert (on_success) failed" in log.read_text(), what="what the log says of the hook")
    assert "Alerter 'hook' of stack 'alerting' has not posted the message" in log.read_text()
    assert not [
        path for path in project.home.zenml.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()
    ]
