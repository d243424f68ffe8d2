"""Answers to the questions of waiting executions: from text, and field by field from a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.words.answer_schema import AnswerSchema

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_TRUTH: Final = {
    "yes": True,
    "y": True,
    "true": True,
    "on": True,
    "no": False,
    "n": False,
    "false": False,
    "off": False,
}
_NOTHING: Final = object()


@dataclass(frozen=True)
class Prompt:
    """What a person is to be asked next.

    Attributes:
        text: The prompt, such as ``"pages (a whole number)"``.
        complaint: What is wrong with the line before; None where nothing is.
    """

    text: str
    complaint: str | None = None


def answer_from_text(text: str, schema: Mapping[str, Any]) -> Any:
    """Return the answer that a word, some text or JSON means to a question.

    JSON is taken as JSON, except where the question asks for text; ``yes`` and ``no`` are truth where it asks for that.
    Text that fits nothing comes back as it is: whoever takes the answer says what is wrong with it.

    Args:
        text: What was written.
        schema: JSON schema of the answer, as ``kitaru.models.PendingWait`` has it.

    Examples:
        >>> answer_from_text("yes", {"type": "boolean"}), answer_from_text("12", {"type": "string"})
        (True, '12')
    """
    return _read(text, AnswerSchema(schema))


def questions(schema: Mapping[str, Any]) -> Generator[Prompt, str, Any]:
    """Ask for an answer, one prompt after the other, and return it.

    The generator yields what to ask and takes the line that was typed: it knows no terminal, and whoever drives it may
    stop asking at any time.

    Args:
        schema: JSON schema of the answer.

    Examples:
        >>> dialogue = questions({"type": "boolean"})
        >>> next(dialogue).text
        'answer [y/n]'
    """
    return (yield from _ask("answer", AnswerSchema(schema), may_skip=False))


def _read(text: str, schema: AnswerSchema) -> Any:
    stripped = text.strip()
    parsed = _json(stripped)
    # Where text is welcome too, yes is text.
    asks_for_truth = "boolean" in schema.kinds and "string" not in schema.kinds
    truth = _TRUTH.get(stripped.lower(), _NOTHING) if asks_for_truth else _NOTHING
    # Where text alone is asked for, 12 is text; quotes are for text that would not survive without: "", " a".
    candidates = [stripped, parsed, truth] if schema.kinds == {"string"} and not isinstance(parsed, str) else []
    for candidate in [*candidates, parsed, truth, stripped]:
        if candidate is not _NOTHING and schema.fits(candidate):
            return candidate
    return stripped if parsed is _NOTHING else parsed


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NOTHING


def _ask(label: str, schema: AnswerSchema, *, may_skip: bool) -> Generator[Prompt, str, Any]:
    if schema.fields and not may_skip:
        return (yield from _ask_fields(label, schema))
    return (yield from _ask_value(label, schema, may_skip=may_skip))


def _ask_value(label: str, schema: AnswerSchema, *, may_skip: bool) -> Generator[Prompt, str, Any]:
    """Ask until a line fits; an empty one stands for nothing where that may be."""
    text = f"{label} {_form(schema, may_skip=may_skip)}"
    line = yield Prompt(text)
    while True:
        if not line.strip():
            if may_skip:
                return _NOTHING
            problem = "Nothing was typed" + ('; for an empty text type "".' if "string" in schema.kinds else ".")
        else:
            value = _chosen(line.strip(), schema)
            if schema.fits(value):
                return value
            problem = f"{line.strip()!r} does not fit."
        line = yield Prompt(text, f"{problem} It takes {schema.description}.")


def _ask_fields(label: str, schema: AnswerSchema) -> Generator[Prompt, str, Any]:
    """Ask for an object field by field; a line that is a JSON object stands for the whole of it."""
    values: dict[str, Any] = {}
    prefix = "" if label == "answer" else f"{label}."
    for name, field in schema.fields.items():
        dialogue = _ask(f"{prefix}{name}", field, may_skip=name not in schema.required)
        prompt = next(dialogue)
        if not values:
            prompt = Prompt(f"{prompt.text}, or all as JSON", prompt.complaint)
        while True:
            line = yield prompt
            whole = _json(line) if line.lstrip().startswith("{") and not values else _NOTHING
            if isinstance(whole, dict):
                return whole
            try:
                prompt = dialogue.send(line)
            except StopIteration as done:
                if done.value is not _NOTHING:
                    values[name] = done.value
                break
    return values


def _chosen(line: str, schema: AnswerSchema) -> Any:
    """Return the value that a line means; the number of a choice means that choice."""
    value = _read(line, schema)
    choices = schema.choices or []
    if not schema.fits(value) and line.isascii() and line.isdigit() and 1 <= int(line) <= len(choices):
        return choices[int(line) - 1]
    return value


def _form(schema: AnswerSchema, *, may_skip: bool) -> str:
    """Say what a prompt takes."""
    if schema.kinds == {"boolean"} and schema.choices is None:
        words = "y/n"
    elif schema.choices:
        shown = (value if isinstance(value, str) else json.dumps(value) for value in schema.choices)
        words = "  ".join(f"{number}: {value}" for number, value in enumerate(shown, 1))
    else:
        words = schema.description
    return f"[{words}{', Enter to leave it out' if may_skip else ''}]"
