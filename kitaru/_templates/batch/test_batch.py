"""Checkpoints are plain functions below their decorators: tested without a runner or a store."""

from pathlib import Path

import batch


def test_a_file_is_summarised(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("to be or\nnot to be\n", encoding="utf-8")
    (file,) = batch.find.func(str(tmp_path), "*.txt")
    summary = batch.summarise.func(file)
    assert (summary.lines, summary.words, summary.longest) == (2, 6, "not")


def test_the_report_tells_what_was_not_read() -> None:
    assert "Not read: a.txt: OSError" in batch.report.func([], {"a.txt": "OSError"})
