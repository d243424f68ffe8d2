"""A first flow: plain Python between two checkpoints. Change it, and run it again."""

import kitaru
from kitaru import checkpoint, flow


@checkpoint(retries=2)  # tried twice more when it raises; what it returns is stored
def count(text: str) -> dict[str, int]:
    words = text.lower().split()
    kitaru.log(words=len(words))  # shown beside the checkpoint
    return {word: words.count(word) for word in sorted(set(words))}


@checkpoint
def describe(counts: dict[str, int]) -> str:
    most = max(counts, key=lambda word: counts[word])
    return f"{len(counts)} different words, most often {most!r}"


@flow(retries=1)  # goes on from the last completed checkpoint after a failure, or when its process is killed
def words(text: str = "the flow goes on where the flow was") -> str:
    counts = count(text)
    if not counts:
        return "no words"
    return describe(counts)


if __name__ == "__main__":  # the runner imports this file, too: what starts a flow belongs here
    handle = words.run()
    print(f"execution {handle.exec_id}")
    print(handle.wait())
