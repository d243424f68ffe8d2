"""What pydantic finds wrong is told in the same words wherever values are checked."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid1

import pytest
from pydantic import UUID4, BaseModel, HttpUrl, ValidationError, field_validator

from kitaru._core.settings import stack_definition
from kitaru._core.words.validation import problems
from kitaru._llm import asking as _asking_models
from kitaru._zenml.stacks import flavors
from kitaru.errors import KitaruStackError, KitaruUsageError
from kitaru.json_values import arguments_from_json

PACKAGE = Path(__file__).resolve().parents[2] / "kitaru"


class Order(BaseModel):
    number: int = 1
    items: list[float] = []
    id: UUID4 | None = None
    page: HttpUrl | None = None

    @field_validator("number")
    @classmethod
    def check(cls, number: int) -> int:
        if number == 3:
            raise AssertionError
        if number == 2:
            raise ValueError("ZenML, as it is, takes no 2.")
        return number


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"number": "many"}, "number: input should be a valid integer, unable to parse string as an integer"),
        ({"number": 2}, "number: ZenML, as it is, takes no 2"),
        ({"number": 3}, "number: assertion failed"),
        ({"id": str(uuid1())}, "id: UUID version 4 expected"),
        ({"page": "ftp://x"}, "page: URL scheme should be 'http' or 'https'"),
        ({"items": [1, None], "number": None},
         "number: input should be a valid integer; items.1: input should be a valid number"),
    ],
)  # fmt: skip
def test_a_problem_has_its_place_and_fits_into_a_sentence(values, words) -> None:
    with pytest.raises(ValidationError) as raised:
        Order.model_validate(values)
    assert problems(raised.value) == words
    assert problems(raised.value, "order").startswith("order.")


def test_values_are_not_repeated() -> None:
    with pytest.raises(ValidationError) as raised:
        Order.model_validate({"number": "sk-secret", "items": "sk-secret"})
    assert "sk-secret" not in problems(raised.value, joint="\n")


def test_a_flows_input_is_told_so() -> None:
    def flow(id: UUID4) -> None: ...  # noqa: A002 - an ordinary name of a parameter

    with pytest.raises(KitaruUsageError, match="does not fit the flow: id: UUID version 4 expected"):
        arguments_from_json(flow, {"id": str(UUID(int=0))})


def test_a_components_configuration_is_told_so(monkeypatch) -> None:
    monkeypatch.setattr(flavors, "find_flavor", lambda *_: SimpleNamespace(config_class=Order))
    with pytest.raises(KitaruStackError, match="does not fit flavor 'local': number: input should be a valid integer"):
        flavors.checked_configuration("orchestrator", "local", {"number": "many"})


def test_a_stack_definition_is_told_so() -> None:
    data = {"description": 3, "components": {"orchestrator": {"flavor": 3}}}
    with pytest.raises(KitaruStackError) as raised:
        stack_definition.parse_definition(data, "stack.yaml")
    assert "description: input should be a valid string" in str(raised.value)
    assert "components.orchestrator.flavor: input should be a valid string" in str(raised.value)


def test_a_models_answer_that_a_test_gives_ahead_is_told_so(monkeypatch) -> None:
    monkeypatch.setenv("KITARU_LLM_MOCK", '"many"')
    question = _asking_models.Question("how many?", None, None, int, temperature=None, max_tokens=None)
    with pytest.raises(
        KitaruUsageError, match="is no <class 'int'>, as JSON: input should be a valid integer"
    ) as raised:
        question._mocked()
    assert "errors.pydantic.dev" not in str(raised.value)


def test_nothing_else_puts_the_errors_of_pydantic_into_words() -> None:
    calls = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "errors"
    }
    assert calls == {"_core/words/validation.py"}
