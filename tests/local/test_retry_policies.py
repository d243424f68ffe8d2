"""Policies of retries at work: what is tried again and when, and who goes on waiting when a runner is lost."""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def limited(*delays: str) -> Iterator[tuple[str, list[str]]]:
    """Serve a page that is there after as many refusals as there are delays; give its URL, and what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if len(asked) <= len(delays):
                self.send_response(429)
                self.send_header("Retry-After", delays[len(asked) - 1])
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"the page")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()


def test_a_runner_that_is_killed_in_the_second_delay_goes_on_waiting(project, home, eventually):
    project.take("retry_policies/fetching.py", "retry_policies/wait_for_page.py")
    with limited("0.3", "6") as (url, asked):
        exec_id = project.run("fetching.py", url).stdout.strip()
        directory = home.zenml / "kitaru" / "executions" / exec_id
        eventually(lambda: _retries(directory) == 2, what="the second delay")
        worker = json.loads((directory / "runner.json").read_text())["processes"][1]["pid"]
        os.kill(worker, signal.SIGKILL)
        seen = json.loads(project.run("wait_for_page.py", exec_id).stdout)
    assert seen["value"] == "the page"
    assert len(asked) == 3
    assert [attempt["outcome"] for attempt in seen["attempts"]] == ["lost", "completed"]
    first, second, third = seen["calls"]
    assert [call["status"] for call in seen["calls"]] == ["failed", "failed", "completed"]
    assert _seconds(first["ended_at"], first["next_at"]) < _seconds(second["ended_at"], second["next_at"])
    assert _seconds(first["started_at"], first["next_at"]) >= 0.3
    assert _seconds(second["started_at"], second["next_at"]) >= 6
    assert _seconds(first["next_at"], second["started_at"]) >= 0
    assert _seconds(second["next_at"], third["started_at"]) >= 0
    log = project.kitaru("executions", "logs", exec_id, "--source", "runner").stdout
    assert "checkpoint fetch failed (RateLimited: 429, not before 6.0 s), tried again in 6 s (retry 2 of 2)" in log
    assert "checkpoint fetch goes on waiting, tried again in" in log


def test_what_is_raised_decides_whether_and_when_it_is_tried_again(project):
    project.take("expecting.py", "retries/counting.py", "retry_policies/choosing.py")
    assert project.run("choosing.py").stdout == "as chosen\n"


def _retries(directory) -> int:
    events = directory / "events.jsonl"
    return events.read_text().count("checkpoint_retrying") if events.exists() else 0


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
