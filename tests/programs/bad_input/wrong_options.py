"""Options, functions, arguments and ids that are wrong: all of them are refused before anything is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expecting import refused

import kitaru
from kitaru import Flow, FlowHandle, KitaruUsageError, checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

UNKNOWN = "0a1b2c3d-0000-4000-8000-000000000000"


@flow
def plain(x: int = 1) -> int:
    return x


# Where a flow's options are taken, and how the messages call the place.
DOORS: dict[str, Callable[..., Any]] = {
    ".run": plain.run,
    "with_options": plain.with_options,
    "@flow": flow,
    "configure": kitaru.configure,
}


def wrong_retries() -> None:
    for wrong in (-1, True, 1.5, "2", [1]):
        wrong_value: Any = wrong
        for door, take in DOORS.items():
            with refused(KitaruUsageError, "retries", door, repr(wrong), "a whole number, 0 or more"):
                take(retries=wrong_value)
        with refused(KitaruUsageError, "@checkpoint", "retries", repr(wrong)):
            checkpoint(retries=wrong_value)


def wrong_options() -> None:
    options: dict[str, Any] = {"cache": "yes", "stack": 7, "image": 3}
    for option, wrong in options.items():
        for door, take in DOORS.items():
            with refused(KitaruUsageError, option, door, repr(wrong)):
                take(**{option: wrong})


def wrong_arguments() -> None:
    with refused(KitaruUsageError, "'plain'", "too many positional arguments"):
        plain.run(1, 2)  # type: ignore[call-overload]
    with refused(KitaruUsageError, "'plain'", "'y'"):
        plain.run(y=1)  # type: ignore[call-overload]
    with refused(KitaruUsageError, "'plain'", "'x'"):
        plain.run(1, x=2)  # type: ignore[call-overload]
    with refused(KitaruUsageError, "plain.run(...)", "plain.func(...)"):
        plain(1)


def keywords(**options: Any) -> dict[str, Any]:
    return options


class Body:
    def method(self) -> int:
        return 1

    @staticmethod
    def static() -> int:
        return 1


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


def functions_that_cannot_be_a_flow() -> None:
    for name in ("stack", "image", "cache", "retries"):
        scope: dict[str, Any] = {}
        exec(f"def taken({name}): return 1", scope)
        with refused(KitaruUsageError, "'taken'", repr(name), "Rename the parameter"):
            flow(scope["taken"])
    assert isinstance(flow(keywords), Flow)  # **options may be called like that, only named parameters clash
    assert isinstance(flow(Body.static), Flow)  # a plain function that hangs on a class
    refusals: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (Body, ("@flow", "function", "class")),
        (Body.method, ("@flow", "method", "Body.method", "top level")),
        (Body().method, ("@flow", "method", "top level")),
        (len, ("@flow", "function", "len")),
        (lambda: 1, ("@flow", "lambda", "def")),
        (plain, ("@flow", "already a flow")),
        ("name", ("@flow", "function", "'name'")),
        (generator, ("'generator'", "generator", "return")),
        (async_generator, ("'async_generator'", "generator", "return")),
    )
    for target, words in refusals:
        with refused(KitaruUsageError, *words):
            flow(target)


def handles() -> None:
    handle: FlowHandle[Any] = FlowHandle(UNKNOWN)
    timeouts: tuple[Any, ...] = (-1, "x", True, float("nan"))
    for wrong in timeouts:
        with refused(KitaruUsageError, "timeout", repr(wrong), "seconds"):
            handle.wait(timeout=wrong)
    with refused(KitaruUsageError, UNKNOWN, "no execution", "zenml status"):
        FlowHandle.from_id(UNKNOWN)
    with refused(KitaruUsageError, UNKNOWN):
        print(handle.status)
    with refused(KitaruUsageError, UNKNOWN):
        handle.wait()
    ids: tuple[Any, ...] = ("", "nonsense", "../../etc/passwd", None, 7)
    for nonsense in ids:
        with refused(KitaruUsageError, repr(nonsense), "id looks like"):
            FlowHandle.from_id(nonsense)


def main() -> None:
    wrong_retries()
    wrong_options()
    wrong_arguments()
    functions_that_cannot_be_a_flow()
    handles()


if __name__ == "__main__":
    main()
