"""Score what a few sources say about a topic: a flow, three checkpoints, and plain Python between them."""

from kitaru import checkpoint, flow


@checkpoint
def collect(topic: str) -> list[str]:
    return [f"{topic} is plain Python", f"{topic} survives crashes", f"{topic} runs anywhere ZenML does"]


@checkpoint(retries=2)
def score(sentence: str) -> int:
    return len(sentence.split())


@checkpoint
def summarise(best: str, words: int) -> str:
    return f"{best} ({words} words)"


@flow(retries=1)
def research(topic: str) -> str:
    sentences = collect(topic)
    scores = score.map(sentences)  # concurrently; each is a future
    words, best = max((future.result(), sentence) for future, sentence in zip(scores, sentences, strict=True))
    if words < 2:
        return "nothing to say"
    return summarise(best, words)


if __name__ == "__main__":
    handle = research.run("Kitaru")  # returns at once; the flow goes on in the background
    print(f"execution {handle.exec_id}")
    print(handle.wait())
