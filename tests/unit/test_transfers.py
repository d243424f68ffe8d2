"""What is shown of layers that are pushed and pulled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kitaru._zenml import transfers

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
    assert list(transfers.heard(broken, transfers.Transfer(shown=True))) == broken
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("kitaru: pushing 2 of 2 layers, 10 of 10 MB, ")


def test_a_terminal_sees_it_grow_in_place(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "_in_place", lambda: True)
    monkeypatch.setattr(transfers, "_DRAW", 0)
    list(transfers.heard(PUSH, transfers.Transfer(shown=True)))
    shown = capsys.readouterr().err
    assert "\r\x1b[2Kkitaru: pushing 0 of 2 layers, 4 of 10 MB\r" in shown
    assert shown.count("\n") == 1
    list(transfers.heard(PUSH, transfers.Transfer(shown=False)))
    assert capsys.readouterr().err == ""
