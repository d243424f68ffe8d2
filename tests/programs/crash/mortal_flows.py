"""Flows that die where they are told to, once an execution."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zenml.orchestrators.step_runner
from zenml.materializers.base_materializer import BaseMaterializer

from kitaru import checkpoint, current_execution_id, flow, wait

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
HOARD: list[bytearray] = []


def ran(name: str) -> None:
    """Note the start of a checkpoint, in one write."""
    descriptor = os.open(HERE / f"{current_execution_id()}.ran", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(descriptor, f"{name}\n".encode())
    os.close(descriptor)


def once(what: str) -> bool:
    """Whether this is the first time in this execution."""
    try:
        os.close(os.open(HERE / f"{current_execution_id()}.{what}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def die(where: str, told: str) -> None:
    """Die if this is where, and it has not happened yet: ``"second kill"``."""
    place, _, how = told.partition(" ")
    if place == where and once("died"):
        DEATHS[how]()


def _hit_the_memory_limit() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**24, resource.RLIM_INFINITY))
    while True:
        HOARD.append(bytearray(2**16))


def _raise() -> None:
    raise ConnectionError("this once")


DEATHS: dict[str, Callable[[], Any]] = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segv": lambda: ctypes.string_at(0),
    "exit0": lambda: os._exit(0),
    "exit1": lambda: os._exit(1),
    "memory": _hit_the_memory_limit,
    "raise": _raise,
}


@checkpoint(cache=False)
def first(told: str) -> int:
    ran("first")
    die("first", told)
    return 1


@checkpoint(cache=False)
def second(x: int, told: str) -> int:
    ran("second")
    die("second", told)
    return x + 1


@checkpoint(cache=False)
def third(x: int, told: str) -> int:
    ran("third")
    die("third", told)
    return x + 1


@flow(cache=False)
def three(told: str = "") -> int:
    a = first(told)
    b = second(a, told)
    die("between", told)
    c = third(b, told)
    die("last", told)
    return c


@checkpoint(cache=False)
def held(x: int) -> int:
    """Stay until the test lets go."""
    ran("held")
    once("holding")
    while not (HERE / f"{current_execution_id()}.go").exists():
        time.sleep(0.02)
    return x + 1


@flow(cache=False)
def holding() -> int:
    return third(held(first("")), "")


# -- an output that is stored by halves -------------------------------------------------------------------------------


class Payload:
    def __init__(self, told: str) -> None:
        self.told = told


class PayloadMaterializer(BaseMaterializer):
    """Dies between two writes."""

    ASSOCIATED_TYPES = (Payload,)

    def save(self, data: Payload) -> None:
        with self.artifact_store.open(os.path.join(self.uri, "payload"), "w") as file:  # noqa: PTH118 - a URI
            file.write("half")
            file.flush()
            die("storing", data.told)
            file.write(" and half")

    def load(self, data_type: type[Any]) -> Any:  # noqa: ARG002 - ZenML's signature
        with self.artifact_store.open(os.path.join(self.uri, "payload"), "r") as file:  # noqa: PTH118 - a URI
            return file.read()


@checkpoint(cache=False, materializers=PayloadMaterializer)
def make(told: str) -> Payload:
    ran("make")
    _dying["told"] = told
    return Payload(told)


@checkpoint(cache=False)
def look(payload: Any) -> str:
    ran("look")
    return str(payload)


@flow(cache=False)
def half_stored(told: str = "") -> str:
    first("")
    return look(make(told))


_dying = {"told": ""}
_publish = zenml.orchestrators.step_runner.publish_successful_step_run


def _publish_or_die(*args: Any, **kwargs: Any) -> Any:
    """What ZenML calls when an output is stored and registered: the moment before the step is known to be completed."""
    die("stored", _dying["told"])
    return _publish(*args, **kwargs)


zenml.orchestrators.step_runner.publish_successful_step_run = _publish_or_die

# -- more shapes ------------------------------------------------------------------------------------------------------


@checkpoint(cache=False)
def branch(number: int, told: str) -> int:
    ran(f"branch{number}")
    if number > 1 and told and not (HERE / f"{current_execution_id()}.died").exists():
        while not (HERE / f"{current_execution_id()}.two").exists():
            time.sleep(0.02)
        if number == 5:
            while len((HERE / f"{current_execution_id()}.ran").read_text().split()) < 8:  # the others have begun too
                time.sleep(0.02)
            die("branch", told)
        time.sleep(60)
    return number * number


@flow(cache=False)
def fan(told: str = "") -> int:
    futures = [branch.submit(n, told) for n in range(8)]
    assert [future.result() for future in futures[:2]] == [0, 1]
    once("two")
    return sum(future.result() for future in futures)


@flow(cache=False)
def asking(timeout: float) -> str:
    first("")
    answer = wait(str, name="word", question="Which word?", timeout=timeout)
    return tell(answer)


@flow(cache=False)
def detour(end: str) -> int:
    """Die in a call that the next attempt does not make before it fails, or asks."""
    a = first("")
    if once("dying"):
        second(a, "second kill")
    if end == "fail" and once("failing"):
        raise ValueError("the wrong way")
    if end != "fail":
        wait(name="go", timeout=float(end))
    return third(second(a, ""), "")


@checkpoint(cache=False)
def tell(word: str) -> str:
    ran("tell")
    return word.upper()


@checkpoint(cache=False)
def stage(number: int, seconds: float, before: list[str]) -> list[str]:
    token = f"{number}:{os.urandom(4).hex()}"
    ran(token)
    time.sleep(seconds)
    return [*before, token]


@flow(cache=False)
def course(length: int, seconds: float) -> list[str]:
    tokens: list[str] = []
    for number in range(length):
        tokens = stage(number, seconds, tokens)
    return tokens
