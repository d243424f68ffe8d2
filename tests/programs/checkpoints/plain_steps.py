"""Plain steps of ZenML in the body of a flow: their outputs are passed on and returned."""

from __future__ import annotations

from typing import Any

from zenml import step

from kitaru import checkpoint, flow


@step
def number(x: int) -> int:
    return x + 1


@checkpoint
def show(value: object) -> str:
    return repr(value)


@flow
def passed_on() -> tuple[Any, ...]:
    artifact: Any = number(1)  # a plain step gives ZenML's reference to its output, here as in ZenML
    return show(artifact), show([artifact, 5]), [artifact, artifact.load()]


@flow
def returned() -> Any:
    return number(2)


def main() -> None:
    handle = passed_on.run(cache=False)
    print(handle.wait(progress=False), returned.run(cache=False).wait(progress=False))
    print({call.name: call.parents for call in handle.execution.checkpoints})


if __name__ == "__main__":
    main()
