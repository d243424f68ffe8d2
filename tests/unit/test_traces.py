"""What tests look for keys with: it must find them, or its silence would say nothing."""

from __future__ import annotations

import base64
import gzip
import io
import sqlite3
import tarfile
import zipfile
from contextlib import closing

import pytest

from tests.traces import holders_of, within

KEY = "sk-marked-0c6e8f5a7b31"


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_a_key_is_found_in_base64_wherever_it_stands(before: int, after: int) -> None:
    encoded = base64.b64encode(b"x" * before + KEY.encode() + b"y" * after)
    assert list(within(KEY, b"{" + encoded + b"}", "values")) == ["values"]
    assert list(within(KEY, base64.b64encode(b"x" * before + b"another key"), "values")) == []


def test_a_key_is_found_in_archives_within_archives() -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("package/settings.py", f"{'# ' * 500}\nKEY = {KEY!r}\n")
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        member = tarfile.TarInfo("opt/package.whl")
        member.size = len(wheel.getvalue())
        archive.addfile(member, io.BytesIO(wheel.getvalue()))
    packed = gzip.compress(layer.getvalue())
    assert KEY.encode() not in packed
    assert list(within(KEY, packed, "layer.tar.gz")) == ["layer.tar.gz!!opt/package.whl!package/settings.py"]


def test_a_key_is_found_in_files_and_rows_but_for_the_table_of_secrets(tmp_path) -> None:
    encoded = base64.b64encode(f'{{"api_key": "{KEY}"}}'.encode())
    with closing(sqlite3.connect(tmp_path / "zenml.db")) as database:
        for table in ("secret", "run_metadata"):
            database.execute(f"CREATE TABLE {table} (name TEXT, value BLOB)")
        database.execute("INSERT INTO secret VALUES ('creds', ?)", (encoded,))
        database.commit()
        assert holders_of(KEY, tmp_path) == []
        database.execute("INSERT INTO run_metadata VALUES ('told', ?)", (encoded,))
        database.commit()
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "runner.log").write_text(f"asked with {KEY}\n")
    assert sorted(holders_of(KEY, tmp_path)) == ["logs/runner.log", "zenml.db: run_metadata"]
