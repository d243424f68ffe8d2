"""A module of a package, run with ``-m``: its flow takes and gives a class that it defines itself."""

from __future__ import annotations

from dataclasses import dataclass

from kitaru import checkpoint, flow

from .loudness import shout


@dataclass
class Note:
    text: str


@checkpoint
def cry(note: Note) -> Note:
    assert isinstance(note, Note)
    return Note(shout(note.text))


@flow
def cried(note: Note) -> Note:
    assert isinstance(note, Note)
    return cry(note)


if __name__ == "__main__":
    result = cried.run(Note("hello")).wait()
    assert isinstance(result, Note), type(result)
    print(result.text)
