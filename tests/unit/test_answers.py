"""Answers from text and from a person at a prompt, to every kind of question that a flow may ask."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from kitaru.answers import AnswerSchema, answer_from_text, questions


class Address(BaseModel):
    street: str
    number: int = 1


class Person(BaseModel):
    name: str
    age: int = Field(ge=0)
    address: Address
    nickname: str | None = None


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


@dataclasses.dataclass
class Empty:
    pass


def schema_of(kind: Any) -> dict[str, Any]:
    return TypeAdapter(kind).json_schema()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (bool, "yes", True),
        (bool, "NO", False),
        (bool, " true ", True),
        (bool, "false", False),
        (bool, "maybe", "maybe"),
        (bool, "1", 1),
        (int, "12", 12),
        (int, "twelve", "twelve"),
        (float, "12", 12),
        (float, "1e3", 1000.0),
        (str, "12", "12"),
        (str, "yes", "yes"),
        (str, "null", "null"),
        (str, '{"a": 1}', '{"a": 1}'),
        (str, '"quoted"', "quoted"),
        (str, '""', ""),
        (str, "two words", "two words"),
        (str | None, "null", None),
        (str | None, "text", "text"),
        (int | str, "12", 12),
        (int | str, "twelve", "twelve"),
        (bool | None, "no", False),
        (bool | str, "yes", "yes"),
        (Any, "yes", "yes"),
        (Any, "[1]", [1]),
        (Literal["a", "1"], "1", "1"),
        (Literal[1, 2], "2", 2),
        (Literal["yes", "no"], "yes", "yes"),
        (Colour, "red", "red"),
        (list[int], "[1, 2]", [1, 2]),
        (list[int], "1, 2", "1, 2"),
        (Person, '{"name": "Ada"}', {"name": "Ada"}),
    ],
)
def test_text_means_what_the_question_asks_for(kind: Any, text: str, value: object) -> None:
    answer = answer_from_text(text, schema_of(kind))
    assert (answer, type(answer)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "words", "example"),
    [
        (bool, "yes or no", "yes"),
        (int, "a whole number", "..."),
        (float, "a number", "..."),
        (str, "text", "..."),
        (Any, "any JSON", "..."),
        (bool | None, "yes or no or null", "yes"),
        (int | str, "a whole number or text", "..."),
        (Colour, '"red" or "green"', "red"),
        (Literal[1, "b"] | None, '1, "b" or null', "1"),
        (list[int], "a JSON array", "..."),
        (dict[str, int], "a JSON object", "..."),
        (Empty, "a JSON object", "..."),
        (Address, "a JSON object of street (text), number (a whole number, optional)", '{"street": "..."}'),
    ],
)
def test_questions_say_what_they_take(kind: Any, words: str, example: str) -> None:
    schema = AnswerSchema(schema_of(kind))
    assert (schema.description, schema.example) == (words, example)


def test_limits_are_told() -> None:
    schema = {"type": "integer", "minimum": 1, "maximum": 5}
    assert AnswerSchema(schema).description == "a whole number (at least 1, at most 5)"


def test_names_that_are_no_fields_are_known_unless_others_are_welcome() -> None:
    person = {"name": "Ada", "nikname": "A"}
    assert AnswerSchema(schema_of(Person)).unknown(person) == ["nikname"]
    assert AnswerSchema({**schema_of(Person), "additionalProperties": True}).unknown(person) == []
    assert AnswerSchema(schema_of(dict[str, int])).unknown({"a": 1}) == []
    assert AnswerSchema(schema_of(Person)).unknown("text") == []


def test_schemas_that_lead_in_a_circle_end() -> None:
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}
    assert AnswerSchema(schema).kinds
    assert AnswerSchema({"$ref": "#/nowhere"}).fits(1)


# -- a person at a prompt ---------------------------------------------------------------------------------------------


def talk(kind: Any, *lines: str) -> tuple[list[str], object]:
    """Answer the prompts of a question with lines; gives what was shown and the answer."""
    asked = questions(schema_of(kind))
    shown = []
    prompt = next(asked)
    for line in lines:
        shown += [*filter(None, [prompt.complaint]), prompt.text]
        try:
            prompt = asked.send(line)
        except StopIteration as done:
            return shown, done.value
    pytest.fail(f"asks for more: {prompt}")


def test_truth_is_asked_for_as_y_or_n_until_it_is_given() -> None:
    shown, answer = talk(bool, "perhaps", "", "y")
    assert answer is True
    assert shown == [
        "answer [y/n]",
        "'perhaps' does not fit. It takes yes or no.",
        "answer [y/n]",
        "Nothing was typed. It takes yes or no.",
        "answer [y/n]",
    ]


def test_a_choice_is_taken_by_its_number_or_by_itself() -> None:
    assert talk(Colour, "2") == (["answer [1: red  2: green]"], "green")
    assert talk(Colour, "red")[1] == "red"
    assert talk(Literal[2, 1], "1")[1] == 1  # the value itself wins over the number
    assert talk(Colour, "3", "0", "red")[1] == "red"


def test_empty_text_has_to_be_meant() -> None:
    shown, answer = talk(str, "", '""')
    assert answer == ""
    assert 'for an empty text type ""' in shown[1]


def test_an_object_is_asked_for_field_by_field() -> None:
    shown, answer = talk(Person, "Ada", "old", "36", "Main Street", "", "")
    assert answer == {"name": "Ada", "age": 36, "address": {"street": "Main Street"}}
    assert shown == [
        "name [text], or all as JSON",
        "age [a whole number (at least 0)]",
        "'old' does not fit. It takes a whole number (at least 0).",
        "age [a whole number (at least 0)]",
        "address.street [text], or all as JSON",
        "address.number [a whole number, Enter to leave it out]",
        "nickname [text or null, Enter to leave it out]",
    ]


def test_an_object_may_be_given_as_json() -> None:
    whole = {"name": "Ada", "age": 3, "address": {"street": "s"}}
    assert talk(Person, '{"name": "Ada", "age": 3, "address": {"street": "s"}}')[1] == whole
    assert talk(Person, "Ada", "3", '{"street": "s"}', "")[1] == whole
    assert talk(dict[str, int], "{", '{"a": 1}')[1] == {"a": 1}
    assert talk(Empty, "{}")[1] == {}
