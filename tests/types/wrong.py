"""Code that a strict type checker refuses; each ``error`` comment has the codes of the errors in its line."""

from __future__ import annotations

from kitaru import FlowHandle, checkpoint, configure, flow


@checkpoint
def fetch(url: str, depth: int = 1) -> bytes:
    return url.encode() * depth


@checkpoint
async def fetch_soon(url: str) -> bytes:
    return url.encode()


@flow
def survey(topic: str, depth: int = 1) -> str:
    fetch(1)  # error: arg-type
    fetch()  # error: call-arg
    fetch.with_options(id=1)  # error: arg-type
    fetch.with_options(retries="2")  # error: arg-type
    fetch.with_options(materializers=None)  # error: call-arg
    fetch("a", 1, 2)  # error: call-arg
    fetch("a", dept=2)  # error: call-arg
    fetch.submit(1)  # error: arg-type
    fetch.submit("a", depth="2")  # error: arg-type
    fetch.submit()  # error: call-arg
    fetch("a").upper().encode()  # error: attr-defined
    length: int = fetch("a")  # error: assignment
    text: str = fetch.submit("a").result()  # error: assignment
    fetch.submit("a").upper()  # error: attr-defined
    return topic * (depth + length) + text


@flow
async def survey_soon(topic: str) -> bytes:
    await fetch_soon(1)  # error: arg-type
    page: bytes = fetch_soon("a")  # error: assignment
    fetch_soon("a").hex()  # error: attr-defined
    return page + topic.encode()


# Arguments of the flow.
survey.run(1)  # error: call-overload
survey.run()  # error: call-overload
survey.run("x", "y")  # error: call-overload
survey.run("x", 1, 2)  # error: call-overload
survey.run("x", unknown=1)  # error: call-overload
survey.run(topic=b"x")  # error: call-overload
survey_soon.run(5)  # error: call-overload

# Options by type.
survey.run("x", retries="2")  # error: call-overload
survey.run("x", cache="yes")  # error: call-overload
survey.run("x", stack=1)  # error: call-overload
survey.run("x", image=3)  # error: call-overload
survey.run("x", retries=1, cache="no")  # error: call-overload
survey.run("x", image="python:3.11", stack=2)  # error: call-overload
survey.run("x", stack=None, image=b"python:3.11", cache=True)  # error: call-overload
survey.with_options(retries="2")  # error: arg-type
survey.with_options(retry=2)  # error: call-arg
survey.with_options("prod")  # error: call-arg
survey.with_options(cache=1)  # error: arg-type
survey.with_options(tags="nightly", name=1)  # error: arg-type
survey.with_options(run_name="x")  # error: call-arg
survey.func(1)  # error: arg-type
survey.with_options(retries=1).run(1)  # error: call-overload
configure(retries="2")  # error: arg-type
configure(unknown=1)  # error: call-arg

# What comes back.
wrong_value: int = survey.run("x").wait()  # error: assignment
wrong_handle: FlowHandle[int] = survey.run("x")  # error: assignment
wrong_soon: str = survey_soon.run("x").wait()  # error: assignment
survey.run("x").result()  # error: attr-defined
survey.run("x").wait(timeout="3")  # error: arg-type
survey.run("x").exec_id = "y"  # error: misc
FlowHandle.from_id(7)  # error: arg-type


# Decorators.
@flow(retries="1")  # error: call-overload, untyped-decorator
def first() -> None: ...


@flow(retry=1)  # error: call-overload, untyped-decorator
def second() -> None: ...


@flow(cache="no")  # error: call-overload, untyped-decorator
def third() -> None: ...


@checkpoint(runtime="docker")  # error: call-overload, untyped-decorator
def fourth() -> None: ...


@checkpoint(retries=1.5)  # error: call-overload, untyped-decorator
def fifth() -> None: ...


flow("not a function")  # error: call-overload
