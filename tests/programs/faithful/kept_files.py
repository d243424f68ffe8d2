"""Paths that stay paths, and files and folders whose content is kept: in the body, in checkpoints, after a retry."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from kitaru import File, Folder, checkpoint, flow

OUT, FIRST_DONE = Path("plots"), Path("first-done")


@checkpoint(cache=False)
def train(folder: Path) -> Path:
    path = folder / "model.pkl"
    path.write_text("weights")
    return path


@checkpoint(cache=False)
def plot(out: Path, name: str) -> File:
    out.mkdir(exist_ok=True)
    (out / name).write_text(name)
    return File(out / name)


@checkpoint(cache=False)
def pair(out: Path) -> dict[str, Any]:
    return {"folder": Folder(out), "number": 3}


@checkpoint(cache=False)
def look(one: Any) -> list[Any]:
    if isinstance(one, Path):
        return [str(one), one.suffix, one.exists()]
    if isinstance(one, Folder):
        return [one.name, sorted(path.name for path in one.path.iterdir())]
    return [one.name, one.path.name, one.path.read_text()]


@checkpoint
def length(file: File) -> int:
    return len(file.path.read_text())


@flow(retries=1)
def kept(data: File, folder: Folder, out: Path) -> list[Any]:
    model = train(out.parent)
    plots = [plot(out, name) for name in ("a.txt", "b.txt")]
    both = pair(out)
    own = File("own.txt")
    seen = [[str(model), str(out)], look(model), look(out)]
    seen += [look(one) for one in (data, data, folder, *plots, both["folder"], own)]
    seen += [[one.name, one.path.read_text()] for one in plots]  # in the body
    if not FIRST_DONE.exists():
        FIRST_DONE.touch()
        shutil.rmtree(out)
        Path("seen.json").write_text(json.dumps(seen))
        raise ConnectionError("this once")
    own_now = [length(own), length(data)]
    return [json.loads(Path("seen.json").read_text()), seen, own_now, plots]


def main() -> None:
    Path("data.csv").write_text("1,2")
    Path("own.txt").write_text("own")
    Path("given").mkdir()
    Path("given/x").write_text("x" * 1000)
    OUT.mkdir()
    handle = kept.run(File("data.csv"), Folder("given"), OUT)
    Path("data.csv").write_text("changed since")  # what was given is what it was then
    first, second, lengths, plots = handle.wait(progress=False)
    print(json.dumps([first, second, lengths, [plot.path.read_text() for plot in plots]]))


if __name__ == "__main__":
    if sys.argv[1:] == ["stored"]:
        from zenml.client import Client

        versions = Client().list_artifact_versions(materializer="contains:ContentMaterializer", size=100).items
        names = {str(version.id): version.artifact.name.removeprefix("kitaru_").split("_")[0] for version in versions}
        print(json.dumps(sorted((name, key) for key, name in names.items() if "::" not in name)))
    else:
        main()
