"""Stores artifacts of every kind, and compares what lists and single looks say of them."""

from __future__ import annotations

import kitaru
from kitaru import KitaruClient, checkpoint, flow


@checkpoint
def count(words: frozenset[str]) -> int:
    kitaru.save("words", sorted(words))
    return len(words)


@flow
def article() -> dict[str, int]:
    kitaru.save("note", "body")
    return {"words": count(frozenset({"a", "b"}))}


def main() -> None:
    client = KitaruClient()
    handle = article.run()
    assert handle.wait(timeout=300) == {"words": 2}
    listed = client.artifacts.list(handle.exec_id)
    assert {artifact.kind for artifact in listed} == {"output", "input", "saved", "result"}, listed
    shown = [(artifact.kind, client.artifacts.get(artifact.id).kind) for artifact in listed]
    assert all(one == other for one, other in shown), shown


if __name__ == "__main__":
    main()
