"""A batch: a checkpoint for each file of a folder, many at once, each with retries, and a report at the end.

A file that cannot be read does not stop the others. A second run reads only what is new or has changed.
"""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import kitaru
from kitaru import CheckpointFuture, checkpoint, flow


@dataclass(frozen=True)
class File:
    """A file as it is now: the digest lets the cache see when it changes."""

    path: str
    digest: str


@dataclass
class Summary:
    """What is told of one file."""

    path: str
    lines: int
    words: int
    longest: str


@checkpoint(cache=False)  # looks at the disk, so that an earlier answer is of no use
def find(folder: str, pattern: str) -> list[File]:
    paths = sorted(path for path in Path(folder).glob(pattern) if path.is_file())
    return [File(str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]


@checkpoint(retries=2)
def summarise(file: File) -> Summary:
    text = Path(file.path).read_text(encoding="utf-8")
    words = text.split()
    return Summary(file.path, len(text.splitlines()), len(words), max(words, key=len, default=""))


@checkpoint
def report(summaries: list[Summary], failures: dict[str, str]) -> str:
    lines = [f"# {len(summaries)} files, {sum(one.words for one in summaries)} words", ""]
    lines += ["| file | lines | words | longest word |", "| --- | --- | --- | --- |"]
    lines += [f"| {one.path} | {one.lines} | {one.words} | {one.longest} |" for one in summaries]
    lines += [f"\nNot read: {path}: {reason}" for path, reason in failures.items()]
    return "\n".join(lines)


def outcome(future: CheckpointFuture[Summary]) -> Summary | str:
    try:
        return future.result()
    except Exception as error:  # one broken file is told in the report, and the others go on
        return f"{type(error).__name__}: {error}"


@flow(retries=1)
def batch(folder: str, pattern: str = "*.txt") -> str:
    files = find(folder, pattern)
    if not files:
        return f"no file in {folder} is like {pattern}"
    kitaru.progress(f"{len(files)} files")
    outcomes = {file.path: outcome(future) for file, future in zip(files, summarise.map(files), strict=True)}
    summaries = [one for one in outcomes.values() if isinstance(one, Summary)]
    return report(summaries, {path: reason for path, reason in outcomes.items() if isinstance(reason, str)})


if __name__ == "__main__":  # the runner imports this file, too: what starts a flow belongs here
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "documents").resolve()
    handle = batch.run(str(folder))
    print(f"execution {handle.exec_id}")
    text = handle.wait()
    Path("report.md").write_text(text + "\n", encoding="utf-8")
    print(text)
