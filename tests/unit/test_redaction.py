"""What other people are told of an exception has no secrets in it."""

from __future__ import annotations

import pytest

from kitaru._core.settings.redaction import without_secrets


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("POST https://hooks.example/services/T0/B0/abc?x=1 failed", "POST https://hooks.example/*** failed"),
        ("https://user:pass@db.example:5432/main", "https://db.example:5432/***"),
        ("postgresql://user:pass@db.example", "postgresql://db.example"),
        ("HTTPSConnectionPool(host='a', port=1): with url: /services/T0/abc (x)", "with url: /*** (x)"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: ***"),
        ("bad key sk-abcdefgh1234", "bad key ***"),
        ("see https://example.com, or /a/path", "see https://example.com, or /a/path"),
        ("login with hunter2hunter2", "login with ***"),
        ("the alerter's own: C0123456789", "the alerter's own: ***"),
        ("key AKIAABCDEFGHIJKLMNOP, sk_live_abcdefgh", "key ***, ***"),
        ("Authorization: token abc123def456", "Authorization: token ***"),
        ("refused: 'password': 'abcdefgh'", "'password': '***'"),
        ("the token was refused", "the token was refused"),
        ("no secret at all: 3 / 4", "no secret at all: 3 / 4"),
    ],
)
def test_secrets_are_left_out(monkeypatch: pytest.MonkeyPatch, text: str, safe: str) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2hunter2")
    told = without_secrets(text, ["C0123456789", "short"])
    assert told.endswith(safe)
    assert "abc" not in told
    assert "pass@" not in told
