"""One execution as people see it: in the terminal, in ZenML's dashboard, as a timeline and in a notebook.

The server is the one that `kitaru login` starts. What is looked at is photographed, too; the docs show these pictures.
"""

from __future__ import annotations

import json
import re
import socket
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.chromium import FOLDER, photograph, visit
from tests.terminal import CLEARED, ESCAPES, KITARU, UP, Terminal, as_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.conftest import Project

pytestmark = [pytest.mark.browser, pytest.mark.server]


class Dashboard:
    """The page of an execution, and what the panels on it say."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.folder = folder

    def node(self, name: str, kind: str | None = None) -> Locator:
        """A checkpoint in the graph, or an artifact with the type of its value."""
        found = self.page.locator(".react-flow__node").filter(has=self.page.get_by_text(name, exact=True))
        return found.filter(has=self.page.get_by_text(kind, exact=True)).first if kind else found.first

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).last.click()

    def shows(self, text: str | re.Pattern[str]) -> Locator:
        found = self.page.get_by_text(text).last
        found.wait_for()
        return found

    def preview(self, name: str, kind: str) -> None:
        """Look at the visualization of an artifact; the dashboard asks whether it may show it."""
        self.node(name, kind).click()
        self.tab("Visualization")
        self.page.get_by_text("Load Preview").click()

    def close_panel(self) -> None:
        self.page.keyboard.press("Escape")
        self.page.locator("[data-slot=sheet-content]").wait_for(state="hidden")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(FOLDER).resolve() if FOLDER else tmp_path / "screenshots"


@pytest.fixture
def port(project: Project) -> int:
    """A server on this machine, as `kitaru login` starts it, whose dashboard has asked its first questions already."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = project.kitaru("login", "--port", str(port)).stdout
    assert f"Dashboard: http://127.0.0.1:{port}" in said
    known = {"email_opted_in": False, "user_metadata": {"finished_onboarding_survey": True}}
    call(port, "/current-user", known)
    return port


def call(port: int, path: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1{path}",
        data=data,
        method="PUT" if body else "GET",
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as response:
        return json.load(response)


@pytest.mark.timeout(1800)  # a server, a browser and ten commands, each a process that imports ZenML
def test_an_execution_in_the_terminal_the_dashboard_and_as_pictures(
    project: Project, port: int, folder: Path, eventually: Callable[..., Any]
) -> None:
    project.take("browser/briefing.py")
    terminal = Terminal(project, KITARU, "run", "briefing.py:briefing", "--input", '{"topic": "tides"}')
    terminal.until("2/4")
    terminal.resize(120, 24)  # which has the view drawn whole
    live = as_picture(terminal.until(CLEARED) + terminal.until(UP), 120)
    (project.path / "go").touch()
    terminal.until("Publish the report?")
    (run,) = call(port, "/runs")["items"]
    exec_id, runs = run["id"], f"http://127.0.0.1:{port}/projects/default/runs"
    address = project.kitaru("dashboard", exec_id[:13]).stdout.strip()
    assert address == f"{runs}/{exec_id}"
    assert project.kitaru("dashboard").stdout.strip() == runs
    assert opened_by_the_command(project, exec_id, eventually) == address
    with visit(height=720) as seen:
        board = Dashboard(seen.page, folder)
        look_at_the_live_view(board, live, address)
        seen.page.goto(address)
        look_at_the_run(board)
        look_at_a_checkpoint(board)
        look_at_artifacts(board)
        answer_there(board, eventually)
        code, rest = terminal.end()
        assert code == 0
        assert re.search(r"published \d+ signs", ESCAPES.sub("", rest))
        seen.page.goto(f"{address}/logs")
        board.shows("a briefing about tides")
        seen.page.goto(runs)
        board.shows(re.compile("briefing-"))
        seen.complaints.clear()  # the dashboard's own
        seen.elsewhere.clear()
        look_at_the_timeline(board, project, exec_id)
        look_at_a_notebook_cell(board, project, exec_id, address)
        assert (seen.complaints, seen.elsewhere) == ([], [])
    look_at_what_the_dashboard_does_not_print(port, exec_id)


def opened_by_the_command(project: Project, exec_id: str, eventually: Callable[..., Any]) -> str:
    """Run the command at a terminal of a machine with a screen, and return what it has the desktop open."""
    launcher = project.write("bin/xdg-open", '#!/bin/sh\necho "$1" > "$(dirname "$0")/opened"\n')
    launcher.chmod(0o755)
    paths = {"PATH": f"{launcher.parent}:{project.home.env['PATH']}", "DISPLAY": ":0"}
    code, _ = Terminal(project, KITARU, "dashboard", exec_id, "--print", **paths).end()
    assert (code, launcher.with_name("opened").exists()) == (0, False)
    code, said = Terminal(project, KITARU, "dashboard", exec_id, **paths).end()
    assert (code, exec_id in said) == (0, True)
    opened = launcher.with_name("opened")  # by a process that the command does not wait for
    return eventually(lambda: opened.exists() and opened.read_text().strip(), what="the browser's opening")


def look_at_the_live_view(board: Dashboard, live: str, address: str) -> None:
    board.page.set_content(live)
    photograph(board.page, board.folder, "live-view", "pre")
    shown = board.page.inner_text("pre")
    assert re.search(r"✓ search .*\n.* rate +━+─+ 2/4  2 running · 1 retried", shown), shown
    assert address in shown


def look_at_the_run(board: Dashboard) -> None:
    board.shows("Run Insights")
    board.page.get_by_role("button", name="Dismiss local-server notice").click()
    board.shows(re.compile(r"briefing-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d-[0-9a-f]{6}"))
    for name in ("search", "rate", "rate_4", "report"):
        board.node(name).wait_for()
    board.node("output", "Markdown").wait_for()
    board.shows("Publish the report?")
    photograph(board.page, board.folder, "dashboard-run")
    board.tab("Code")
    board.shows("rate.map(pages)")
    board.tab("Metadata")
    board.shows("everybody")
    board.shows("kitaru_settings").click()
    board.shows("default (the active stack)")
    photograph(board.page, board.folder, "dashboard-metadata")


def look_at_a_checkpoint(board: Dashboard) -> None:
    board.node("search").click()
    board.tab("Code")
    board.shows('@checkpoint(type="tool_call")')
    board.tab("Metadata")
    board.shows("tokens")
    board.tab("Logs")
    board.shows("searching for tides")
    photograph(board.page, board.folder, "dashboard-checkpoint")
    board.close_panel()


def look_at_artifacts(board: Dashboard) -> None:
    board.preview("output", "Markdown")
    board.page.get_by_role("heading", name="What to read about tides").wait_for()
    photograph(board.page, board.folder, "dashboard-artifact")
    board.close_panel()
    board.preview("ratings", "Table")
    board.page.get_by_role("cell", name="tides, part 4").wait_for()
    board.close_panel()
    board.preview("chart", "HTML")
    board.page.frame_locator("iframe").locator("rect").nth(3).wait_for(state="attached")
    board.close_panel()


def answer_there(board: Dashboard, eventually: Callable[..., Any]) -> None:
    board.tab("Overview")
    editor = board.page.locator(".monaco-editor").first
    go_on = board.page.get_by_role("button", name="Continue")

    def typed() -> bool:  # what is typed before the editor listens is lost
        editor.click()
        board.page.keyboard.press("Control+A")
        board.page.keyboard.type("true")
        return editor.locator(".view-lines").inner_text().strip() == "true"

    eventually(typed, what="the answer in the editor")
    go_on.click()
    go_on.wait_for(state="hidden")


def look_at_the_timeline(board: Dashboard, project: Project, exec_id: str) -> None:
    project.kitaru("executions", "timeline", exec_id, "--html", "timeline.html")
    board.page.goto((project.path / "timeline.html").as_uri())
    photograph(board.page, board.folder, "timeline", "svg")
    assert "Publish the report?" in board.page.content()
    assert board.page.locator("svg").count() == 1


def look_at_a_notebook_cell(board: Dashboard, project: Project, exec_id: str, address: str) -> None:
    project.take("browser/notebook_cell.py")
    cell = project.run("notebook_cell.py", exec_id, address).stdout
    board.page.set_content(f"<!DOCTYPE html><body style='margin: 0'>{cell}")
    assert board.page.get_by_role("link").first.get_attribute("href") == address
    drawn = board.page.locator("svg").first.bounding_box()
    assert drawn is not None
    assert drawn["width"] > 400
    assert not board.page.locator("script").count()


def look_at_what_the_dashboard_does_not_print(port: int, exec_id: str) -> None:
    run = call(port, f"/runs/{exec_id}?hydrate=true")
    assert {tag["name"] for tag in run["resources"]["tags"]} == {"kitaru", "briefing"}
    steps = call(port, f"/steps?pipeline_run_id={exec_id}&hydrate=true&size=50")["items"]
    kinds = {(step["name"], step["body"]["type"]) for step in steps}
    assert kinds >= {("search", "tool_call"), ("rate", "llm_call"), ("report", None)}
