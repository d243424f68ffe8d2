"""The agents of the conformance suite, in PydanticAI."""

import sys

from common import crash_once, note, report, together
from pydantic_ai import Agent, PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta

from kitaru import flow
from kitaru_pydantic_ai import KitaruAgent

MODEL = "openai-chat:gpt-4o-mini"

walking = Agent(MODEL, name="walker", defer_model_check=True)
reading = Agent(MODEL, name="reader", defer_model_check=True)
keeping = Agent(MODEL, name="keeper", defer_model_check=True)


async def hear(_, events):
    async for event in events:
        match event:
            case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
                if text:
                    note(f"piece {text}")


walker = KitaruAgent(walking)
reader = KitaruAgent(reading, event_stream_handler=hear)
keeper = KitaruAgent(keeping, approval_timeout=0)


@walking.tool_plain
def step(number: int) -> str:
    note(f"step {number}")
    if number == 6:
        crash_once()
    return f"step {number} taken"


@reading.tool_plain
async def fetch(page: str) -> str:
    note(f"fetch {page}")
    if page == "d":
        crash_once()
    else:
        await together(3)
    return f"page {page}"


failures = []


@reading.tool_plain(metadata={"kitaru": {"retries": 1}})
def unsteady() -> str:
    note("unsteady")
    failures.append(1)
    if len(failures) == 1:
        raise ConnectionError("not now")
    return "steady"


@keeping.tool_plain(requires_approval=True)
def delete(path: str) -> str:
    note(f"delete {path}")
    return f"deleted {path}"


@flow(retries=1)
def ten_turns() -> str:
    return walker.run_sync("Walk.").output


@flow(retries=1)
async def at_once() -> str:
    return (await reader.run("Read.")).output


@flow
def approval() -> str:
    return keeper.run_sync("Tidy up.").output


if __name__ == "__main__":
    if sys.argv[1] == "outside":
        print(walker.run_sync("Walk.").output)
        assert "zenml" not in sys.modules
    else:
        report(globals()[sys.argv[1]], *([True, False] if sys.argv[1] == "approval" else []))
