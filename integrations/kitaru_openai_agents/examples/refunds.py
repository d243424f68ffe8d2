"""A complaint goes to a desk, which hands it over to an agent that may refund, once a person agrees.

``python refunds.py 1017``: the desk finds the order, the other agent asks to refund it, and the execution waits. Answer on
the terminal, or by ``kitaru executions input``. With OPENAI_API_KEY a real model does the work; without one, a script.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from agents import Agent, Model, ModelResponse, Usage, function_tool, set_tracing_disabled
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from kitaru import flow
from kitaru_openai_agents import KitaruRunner

ORDERS = {"1017": {"item": "kettle", "paid": 39.0}, "1018": {"item": "lamp", "paid": 18.5}}


class Script(Model):
    """Answers as a model might: look the order up, hand over, refund, and say so."""

    async def get_response(self, system_instructions: Any, input: Any, *_: Any, **__: Any) -> ModelResponse:
        results = [item["output"] for item in input if item.get("type") == "function_call_output"]
        number = input[0]["content"].split()[4]
        steps = [("find_order", {"number": number}), ("transfer_to_refunds", {}), ("refund", {"number": number})]
        if len(results) < len(steps):
            name, arguments = steps[len(results)]
            said: Any = ResponseFunctionToolCall(
                type="function_call", call_id=f"call_{len(results)}", name=name, arguments=json.dumps(arguments)
            )
        else:
            text = ResponseOutputText(type="output_text", text=results[-1], annotations=[])
            said = ResponseOutputMessage(
                id="message", type="message", role="assistant", status="completed", content=[text]
            )
        usage = Usage(requests=1, input_tokens=100, output_tokens=10, total_tokens=110)
        return ModelResponse(output=[said], usage=usage, response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


@function_tool
def find_order(number: str) -> str:
    """Return what was ordered and paid."""
    return json.dumps(ORDERS.get(number, "there is no such order"))


@function_tool(needs_approval=True)
def refund(number: str) -> str:
    """Pay an order back."""
    return f"{ORDERS[number]['paid']:.2f} for the {ORDERS[number]['item']} were paid back."


model = "gpt-4o-mini" if os.environ.get("OPENAI_API_KEY") else Script()
set_tracing_disabled(not os.environ.get("OPENAI_API_KEY"))
refunds = Agent(name="refunds", instructions="Refund the order, and say so.", model=model, tools=[refund])
desk = Agent(
    name="desk",
    instructions="Find the order; hand what was paid for and came broken over to refunds.",
    model=model,
    tools=[find_order],
    handoffs=[refunds],
)


@flow(retries=1)
def complaint(text: str) -> str:
    return str(KitaruRunner().run_sync(desk, text).final_output)


if __name__ == "__main__":
    handle = complaint.run(f"The thing from order {' '.join(sys.argv[1:]) or '1017'} came broken.")
    print(handle.wait())
    print(*(call.name for call in handle.execution.checkpoints))
