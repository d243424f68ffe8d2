"""``kitaru.llm``: one question to a language model, recorded as a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from kitaru import adapter
from kitaru._core.code.event_loop import in_event_loop
from kitaru._core.code.named import clean_name
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kitaru._llm.asking import Question

T = TypeVar("T")


@overload
def llm(
    prompt: str | Sequence[Mapping[str, str]],
    *,
    model: str | None = None,
    system: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    name: str | None = None,
) -> str: ...
@overload
def llm(
    prompt: str | Sequence[Mapping[str, str]],
    *,
    model: str | None = None,
    system: str | None = None,
    output_type: type[T],
    temperature: float | None = None,
    max_tokens: int | None = None,
    name: str | None = None,
) -> T: ...
@overload
def llm(
    prompt: str | Sequence[Mapping[str, str]],
    *,
    model: str | None = None,
    system: str | None = None,
    output_type: Any,
    temperature: float | None = None,
    max_tokens: int | None = None,
    name: str | None = None,
) -> Any: ...
def llm(
    prompt: str | Sequence[Mapping[str, str]],
    *,
    model: str | None = None,
    system: str | None = None,
    output_type: Any = str,
    temperature: float | None = None,
    max_tokens: int | None = None,
    name: str | None = None,
) -> Any:
    """Ask a language model and return its answer; inside an async function, what gives it when awaited.

    In a flow's body the question is a checkpoint of its own: it is not asked again when the execution is tried again,
    and, unless ``cache`` is off, not in another execution that asks the same of the same model. Inside a checkpoint it
    is made there: prompt and answer are stored beside what that returns. In both, the tokens and their cost are recorded;
    outside a flow nothing is. With ``KITARU_LLM_MOCK`` in the environment no model is asked: its text is the answer.

    Args:
        prompt: The question, or messages: ``[{"role": "user", "content": "..."}, ...]`` with the roles ``"user"``,
            ``"assistant"`` and ``"system"``.
        model: An alias of ``kitaru model register``, or provider and model: ``"openai:gpt-4o-mini"``. The default alias
            where none is given.
        system: Instructions to the model; none by default.
        output_type: Type of the answer: str, the default, or anything that pydantic makes of JSON (a model, a
            dataclass, ``list[int]``); the model is told its schema, and asked once more where its answer does not fit.
        temperature: From 0 to 2; the provider's own by default.
        max_tokens: How many tokens the answer may have; the provider's own limit by default.
        name: Name of the checkpoint, or of what is recorded with the one that asks; ``"llm"`` by default.

    Raises:
        KitaruUsageError: An argument is wrong, no model or key is known, or PydanticAI is not installed.
        KitaruDivergenceError: The flow's body no longer follows the record of its execution.
        KitaruBackendError: The provider did not answer, or not what was asked for; or the store of the aliases cannot
            be reached.

    Examples:
        >>> mood = kitaru.llm(f"The mood of: {text}", output_type=Literal["good", "bad"])  # doctest: +SKIP
    """
    called = "llm" if name is None else clean_name(name)
    if not called:
        raise KitaruUsageError(f"kitaru.llm(name={name!r}): the name is a text with letters or digits, or None.")
    from kitaru._llm.asking import Question

    question = Question(prompt, model, system, output_type, temperature=temperature, max_tokens=max_tokens)
    place = adapter.current()
    if place is not None and place.in_body:
        return _as_checkpoint(question, called)
    return question.ask_async(called) if in_event_loop() else question.ask(called)


def _as_checkpoint(question: Question, name: str) -> Any:
    recorded: dict[str, Any] = {"type": "llm_call", "inputs": question.inputs, "serializer": question, "cache": None}
    if in_event_loop():
        return adapter.run_async(lambda: question.ask_async(name, own=True), name=name, **recorded)
    return cast("Any", adapter.run(lambda: question.ask(name, own=True), name=name, **recorded))
