"""Tools that start executions and change their course."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kitaru._mcp.apart import ask
from kitaru._mcp.looking import ExecutionId  # noqa: TC001 - the SDK reads annotations at run time

Stack = Annotated[str | None, Field(description="Name of the stack to run on. Default: as `kitaru config show` says.")]
Image = Annotated[
    str | dict[str, Any] | None,
    Field(description="Base image of the containers, or the image's fields; for stacks that run in containers."),
]
Retries = Annotated[int | None, Field(ge=0, description="How many times it is tried again when it fails.")]


async def run_flow(
    target: Annotated[
        str,
        Field(
            description="Where the flow is: path/to/file.py:flow, counted from the folder of this server, or module:flow."
        ),
    ],
    *,
    inputs: Annotated[
        dict[str, Any] | None, Field(description="The flow's arguments by name, as a JSON object: its parameters.")
    ] = None,
    stack: Stack = None,
    image: Image = None,
    cache: Annotated[
        bool | None, Field(description="Whether checkpoints may reuse what earlier executions returned. Default: yes.")
    ] = None,
    retries: Retries = None,
) -> dict[str, Any]:
    """Start a flow, with its code as it is now, and return the id of the execution at once; the flow goes on by itself.

    This runs the user's code. get_execution with wait_seconds tells how it goes on.
    """
    options = {"stack": stack, "image": image, "cache": cache, "retries": retries}
    return {"exec_id": await ask("run", target=target, inputs=inputs or {}, options=options)}


def answer_wait(
    exec_id: ExecutionId,
    value: Annotated[
        Any,
        Field(
            description="The answer: data that fits the json_schema of the question, such as true, 12, text or an object. "
            "Text that says yes or no, or is JSON, is understood where the question asks for that."
        ),
    ],
    wait: Annotated[
        str | None, Field(description="Name of the question, pending_wait.name, to be sure which one is answered.")
    ] = None,
) -> dict[str, Any]:
    """Answer the question that an execution waits for, which lets it go on.

    A flow asks because a person is to decide: show them the question first, and pass on what they say. An answer that
    does not fit is refused and changes nothing.
    """
    from kitaru import KitaruClient
    from kitaru.answers import answer_from_text

    executions = KitaruClient().executions
    execution = executions.get(exec_id)
    pending = execution.pending_wait
    if pending is not None and isinstance(value, str):
        value = answer_from_text(value, pending.json_schema)
    executions.input(execution.exec_id, value=value, wait=wait or (pending.name if pending else None))
    return {"exec_id": execution.exec_id, "wait": wait or (pending.name if pending else None), "outcome": "answered"}


def resume_execution(exec_id: ExecutionId) -> dict[str, Any]:
    """Start a paused execution again after its question was answered in ZenML's dashboard.

    An answer by answer_wait does that by itself.
    """
    from kitaru import KitaruClient

    return {"exec_id": KitaruClient().executions.resume(exec_id).exec_id}


def retry_execution(exec_id: ExecutionId) -> dict[str, Any]:
    """Let a failed execution go on from its last completed checkpoint, under the same id; mend the cause first.

    The flow's code is loaded as it is now. Checkpoints that have completed are not run again.
    """
    from kitaru import KitaruClient

    return {"exec_id": KitaruClient().executions.retry(exec_id).exec_id}


def cancel_execution(exec_id: ExecutionId) -> dict[str, Any]:
    """Stop an execution that has not finished, for good: a cancelled one cannot be retried."""
    from kitaru import KitaruClient

    executions = KitaruClient().executions
    executions.cancel(exec_id)
    execution = executions.get(exec_id)
    return {"exec_id": execution.exec_id, "status": execution.status}


async def replay_execution(
    exec_id: ExecutionId,
    *,
    at: Annotated[
        str | None,
        Field(
            description="The call of a checkpoint from which on everything runs again, such as rank, parse_2 or parse[3]; "
            "what came before it is taken from the record. Default: only what did not succeed, and what the changes touch."
        ),
    ] = None,
    inputs: Annotated[dict[str, Any] | None, Field(description="New inputs of the flow, by name.")] = None,
    outputs: Annotated[
        dict[str, Any] | None,
        Field(description="Values that calls of checkpoints return instead of running, by the call's name."),
    ] = None,
    skip: Annotated[
        list[str] | None, Field(description="Calls that are taken from the record though they come after the cut.")
    ] = None,
    answers: Annotated[
        dict[str, Any] | None, Field(description="Answers to questions of the flow, given ahead, by the wait's name.")
    ] = None,
    stack: Stack = None,
    image: Image = None,
    cache: Annotated[
        bool | None, Field(description="Whether the cache may answer what runs again. Default: no.")
    ] = None,
    retries: Retries = None,
) -> dict[str, Any]:
    """Start a new execution that takes what this one recorded up to a point and runs the rest, with something changed.

    The original stays as it is. The flow's code is loaded as it is now. Returns the new id at once; diff_executions
    compares the two.
    """
    change = {"at": at, "inputs": inputs, "outputs": outputs, "skip": skip, "answers": answers}
    options = {"stack": stack, "image": image, "cache": cache, "retries": retries}
    return {"exec_id": await ask("replay", exec_id=exec_id, change=change, options=options)}
