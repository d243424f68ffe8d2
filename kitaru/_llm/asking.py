"""Asking language models, by PydanticAI's direct interface to its providers."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from kitaru import adapter
from kitaru._core.settings.environment import llm_mock
from kitaru._core.words.validation import problems
from kitaru.errors import KitaruBackendError, KitaruUsageError
from kitaru.tracking import recorder

try:
    from pydantic_ai import ToolDefinition
    from pydantic_ai.direct import model_request
    from pydantic_ai.exceptions import AgentRunError, UserError
    from pydantic_ai.messages import (
        ModelRequest,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        ToolCallPart,
        ToolReturnPart,
        UserPromptPart,
    )
    from pydantic_ai.models import ModelRequestParameters

    from kitaru._llm.access import alias_of, open_model, scrubbed
except ImportError as error:
    raise KitaruUsageError(
        f"kitaru.llm() asks models through PydanticAI, which cannot be imported ({error}). Install it: "
        f"pip install 'kitaru-zenml[llm]'. In the image of a flow it comes by requirements=['kitaru-zenml[llm]']"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model
    from pydantic_ai.settings import ModelSettings

_ROLES = ("user", "assistant", "system")
_ANSWER = "answer"  # the tool by which a model gives an answer of a type
_ATTEMPTS = 2


class Question:
    """One question to a model, checked; a ``kitaru.adapter.Serializer`` of its answer."""

    def __init__(
        self,
        prompt: str | Sequence[Mapping[str, str]],
        model: str | None,
        system: str | None,
        output_type: Any,
        *,
        temperature: float | None,
        max_tokens: int | None,
    ) -> None:
        """Check the question and find out whom to ask; arguments and errors as of ``kitaru.llm``."""
        self._messages = _checked(prompt)
        self._system = system
        self._settings = _settings(temperature, max_tokens)
        self._output_type = output_type
        self._adapter = _adapter_of(output_type)
        self._mock = llm_mock()
        self._alias = alias_of(model) if self._mock is None else None
        self.model = "mock" if self._alias is None else self._alias.model

    @property
    def inputs(self) -> dict[str, Any]:
        """What is recorded as the call's inputs, and tells it from others in the cache."""
        inputs: dict[str, Any] = {"messages": self._messages, "model": self.model, **self._settings}
        if self._system is not None:
            inputs["system"] = self._system
        if self._output_type is not str:
            inputs["output_schema"] = self._adapter.json_schema()
        if self._mock is not None:
            inputs["mock"] = self._mock
        return inputs

    def dump(self, value: Any) -> Any:
        """Return an answer as plain data."""
        return self._adapter.dump_python(value, mode="json")

    def load(self, stored: Any) -> Any:
        """Return the answer of plain data."""
        return self._adapter.validate_python(stored)

    def ask(self, name: str, *, own: bool = False) -> Any:
        """Ask, record what it took, and return the answer; arguments as of ``ask_async``."""
        return asyncio.run(self.ask_async(name, own=own))

    async def ask_async(self, name: str, *, own: bool = False) -> Any:
        """Ask, record what it took, and return the answer.

        Args:
            name: What it is recorded as.
            own: Whether the checkpoint that runs is the question's own: its inputs and output say all then. Prompt and
                answer are stored beside what another one returns.
        """
        started = time.monotonic()
        value, response = (self._mocked(), None) if self._mock is not None else await self._answer()
        place = adapter.current()
        if place is not None:
            seconds = round(time.monotonic() - started, 3)
            self._record(name, value, response, seconds, own=own)
        return value

    # -- asking ---------------------------------------------------------------------------------------------------------

    async def _answer(self) -> tuple[Any, ModelResponse]:
        model, hidden = open_model(self._alias)
        try:
            async with model:
                return await self._converse(model)
        except (AgentRunError, UserError) as error:
            text = scrubbed(str(error), hidden)
        raise KitaruBackendError(f"Model {self.model} did not answer: {text}")  # its own error may hold the key

    async def _converse(self, model: Model) -> tuple[Any, ModelResponse]:
        """Ask, and once more where the answer does not fit."""
        messages, problem = self._history(), ""
        for _ in range(_ATTEMPTS):
            response = await model_request(
                model, messages, model_settings=self._settings, model_request_parameters=self._parameters()
            )
            try:
                return self._value(response), response
            except ValidationError as error:
                problem = problems(error)
                self._count(response)
                messages += [response, ModelRequest(parts=[_complaint(response, problem)])]
        raise KitaruBackendError(f"Model {self.model} did not answer what was asked for, {_ATTEMPTS} times: {problem}")

    def _history(self) -> list[ModelMessage]:
        history: list[ModelMessage] = []
        if self._system is not None:
            history.append(ModelRequest(parts=[SystemPromptPart(self._system)]))
        for message in self._messages:
            text = message["content"]
            if message["role"] == "assistant":
                history.append(ModelResponse(parts=[TextPart(text)]))
            else:
                part = UserPromptPart(text) if message["role"] == "user" else SystemPromptPart(text)
                history.append(ModelRequest(parts=[part]))
        return history

    def _parameters(self) -> ModelRequestParameters:
        if self._output_type is str:
            return ModelRequestParameters()
        tool = ToolDefinition(
            name=_ANSWER,
            description="Give the answer.",
            parameters_json_schema={
                "type": "object",
                "properties": {_ANSWER: self._adapter.json_schema()},
                "required": [_ANSWER],
            },
            kind="output",
        )
        return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)

    def _value(self, response: ModelResponse) -> Any:
        if self._output_type is str:
            return "".join(part.content for part in response.parts if isinstance(part, TextPart))
        arguments = next((part.args_as_dict() for part in response.parts if isinstance(part, ToolCallPart)), {})
        return self._adapter.validate_python(arguments.get(_ANSWER))

    def _mocked(self) -> Any:
        assert self._mock is not None
        if self._output_type is str:
            return self._mock
        try:
            return self._adapter.validate_json(self._mock)
        except ValidationError as error:
            raise KitaruUsageError(f"KITARU_LLM_MOCK is no {self._output_type}, as JSON: {problems(error)}.") from None

    # -- recording ------------------------------------------------------------------------------------------------------

    def _record(self, name: str, value: Any, response: ModelResponse | None, seconds: float, *, own: bool) -> None:
        cost = self._count(response)
        record: dict[str, Any] = {"model": self.model, "seconds": seconds}
        if response is not None:
            used = response.usage
            record |= {"answered_by": response.model_name or self.model}
            record |= {"input_tokens": used.input_tokens, "output_tokens": used.output_tokens}
            record |= {"cost": cost} if cost is not None else {}
        label = recorder("label_of")(name)
        recorder("log")({label: record})
        if not own:
            recorder("save")(label, {**self.inputs, "answer": self.dump(value)}, type_=None, tags=())

    def _count(self, response: ModelResponse | None) -> float | None:
        """Add an answer to what the checkpoint has used, and return its cost in US dollars, where that is known."""
        if response is None:
            return adapter.record_usage(model="mock", cost=0.0)
        used = response.usage
        return adapter.record_usage(
            model=response.model_name or self.model,
            provider=response.provider_name,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cache_read_tokens=used.cache_read_tokens,
            cache_write_tokens=used.cache_write_tokens,
        )


# -- what is asked --------------------------------------------------------------------------------------------------------


def _checked(prompt: str | Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    if isinstance(prompt, str):
        prompt = [{"role": "user", "content": prompt}]
    messages = list(prompt) if isinstance(prompt, list | tuple) else []
    for message in messages:
        known = isinstance(message, dict) and set(message) == {"role", "content"} and message["role"] in _ROLES
        if not known or not isinstance(message["content"], str):
            raise KitaruUsageError(
                f"kitaru.llm(): {message!r} is no message. One is {{'role': ..., 'content': ...}} with the role "
                f"{', '.join(_ROLES)} and a text."
            )
    if not messages or not any(message["content"].strip() for message in messages):
        raise KitaruUsageError("kitaru.llm() got no question: give a text, or a list of messages.")
    return [dict(message) for message in messages]


def _settings(temperature: float | None, max_tokens: int | None) -> ModelSettings:
    settings: ModelSettings = {}
    if temperature is not None:
        if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature <= 2:  # noqa: PLR2004 - as far as providers go
            raise KitaruUsageError(f"kitaru.llm(temperature={temperature!r}): it is a number from 0 to 2.")
        settings["temperature"] = temperature
    if max_tokens is not None:
        if isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1:
            raise KitaruUsageError(f"kitaru.llm(max_tokens={max_tokens!r}): it is a whole number from 1 up.")
        settings["max_tokens"] = max_tokens
    return settings


def _adapter_of(output_type: Any) -> TypeAdapter[Any]:
    try:
        type_adapter: TypeAdapter[Any] = TypeAdapter(output_type)
        type_adapter.json_schema()
    except PydanticUserError as error:
        raise KitaruUsageError(
            f"kitaru.llm(output_type={output_type!r}): this is no type that JSON can express ({error})."
        ) from error
    return type_adapter


def _complaint(response: ModelResponse, text: str) -> Any:
    call = next((part for part in response.parts if isinstance(part, ToolCallPart)), None)
    if call is None:
        return UserPromptPart(f"Answer by calling {_ANSWER!r}. {text}")
    return ToolReturnPart(tool_name=call.tool_name, content=text, tool_call_id=call.tool_call_id, outcome="retried")
