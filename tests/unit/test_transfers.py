"""What is shown of layers that are pushed and pulled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kitaru._zenml.stacks import transfers
from kitaru._zenml.stacks.builds import BuildLog

if TYPE_CHECKING:
    import pytest


def reports(*entries: dict) -> list[bytes]:
    return [json.dumps(entry).encode() + b"\r\n" for entry in entries]


PUSH = reports(
    {"status": "The push refers to repository [localhost:5000/x]"},
    {"status": "Preparing", "progressDetail": {}, "id": "a"},
    {"status": "Waiting", "progressDetail": {}, "id": "b"},
    {"status": "Pushing", "progressDetail": {"current": 4_000_000, "total": 10_000_000}, "id": "a"},
    {"status": "Layer already exists", "progressDetail": {}, "id": "b"},
    {"status": "Pushed", "progressDetail": {}, "id": "a"},
    {"status": "latest: digest: sha256:00 size: 1"},
)


def test_a_pipe_gets_the_outcome_and_the_stream_goes_on_whole(capsys: pytest.CaptureFixture[str]) -> None:
    broken = [*PUSH, b"no json", b"[1]"]
    assert list(transfers.tee_progress(broken, transfers.Transfer(shown=True))) == broken
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("kitaru: pushing 2 of 2 layers, 10 of 10 MB, ")


def test_a_terminal_sees_it_grow_in_place(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "in_place", lambda: True)
    monkeypatch.setattr(transfers, "_DRAW", 0)
    list(transfers.tee_progress(PUSH, transfers.Transfer(shown=True)))
    shown = capsys.readouterr().err
    assert "\r\x1b[2Kkitaru: pushing 0 of 2 layers, 4 of 10 MB\r" in shown
    assert shown.count("\n") == 1
    list(transfers.tee_progress(PUSH, transfers.Transfer(shown=False)))
    assert capsys.readouterr().err == ""


BUILD = [
    "Step 1/3 : FROM python\n",
    "---> Using cache",
    "Step 2/3 : RUN pip install httpx\n",
    "Collecting httpx\n",
    "Successfully installed httpx\n",
    "Step 3/3 : COPY . .",
    "---> Using cache",
]


def test_a_build_shows_its_new_steps_and_at_a_terminal_what_it_is_doing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {}
    for is_terminal in (False, True):
        monkeypatch.setattr(transfers, "in_place", lambda is_terminal=is_terminal: is_terminal)
        log = BuildLog(shown=True, everything=False)
        for text in BUILD:
            log.add(text)
        log.status("")
        shown[is_terminal] = capsys.readouterr().err
    assert shown[False] == "Step 2/3 : RUN pip install httpx\nSuccessfully installed httpx\n"
    assert "\r\x1b[2KStep 1/3 : FROM python" in shown[True]
    assert "\r\x1b[2KStep 2/3 : Collecting httpx" in shown[True]
    left = [line.rpartition("\x1b[2K")[2] for line in shown[True].split("\n")]
    assert "\n".join(left) == shown[False]
