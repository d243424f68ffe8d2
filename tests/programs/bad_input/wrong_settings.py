"""Settings and inputs that are wrong in each of their layers, and stacks that cannot run flows; then one flow runs."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from expecting import refused
from settled_flows import elsewhere, plain, takes
from zenml.client import Client
from zenml.enums import StackComponentType

import kitaru
from kitaru import FlowHandle, KitaruStackError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

PYPROJECT = Path("pyproject.toml")
NO_STACK = ("'nowhere'", "Existing stacks: default", "kitaru stack list")

# A variable, what is wrong in it, and words of the message.
VARIABLES = (
    ("KITARU_RETRIES", "-1", ("a whole number, 0 or more",)),
    ("KITARU_RETRIES", "two", ("a whole number",)),
    ("KITARU_RETRIES", "1.5", ("a whole number",)),
    ("KITARU_CACHE", "maybe", ("true, false",)),
    ("KITARU_IMAGE", '{"base_image": ', ("JSON",)),
    ("KITARU_IMAGE", '{"base_imag": "x"}', ("base_imag", "base_image")),
    ("KITARU_LOCAL_RUNNER", "fork", ("process, thread or inline",)),
)

# What is wrong in a pyproject.toml, and words of the message.
FILES = (
    (b"[tool.kitaru\n", ("not valid TOML", "line 1")),
    (b"[tool.kitaru]\nretries = -1\n", ("retries", "-1")),
    (b"[tool.kitaru]\nretrys = 1\n", ("retrys", "retries")),
    (b"[tool]\nkitaru = 3\n", ("must be a table",)),
    (b"\xff\xfe", ("cannot be read",)),
)


@contextmanager
def variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    yield
    if before is None:
        del os.environ[name]
    else:
        os.environ[name] = before


@contextmanager
def pyproject(content: bytes) -> Iterator[str]:
    PYPROJECT.write_bytes(content)
    yield str(PYPROJECT.resolve())
    PYPROJECT.unlink()


def unknown_stacks() -> None:
    """What exists is named, and the layer that asked for the stack."""
    with refused(KitaruStackError, ".run(stack=)", *NO_STACK):
        plain.run(stack="nowhere")
    with refused(KitaruStackError, "@flow(stack=)", *NO_STACK):
        elsewhere.run()
    with refused(KitaruStackError, "with_options(stack=)", *NO_STACK):
        plain.with_options(stack="nowhere").run()
    kitaru.configure(stack="nowhere")
    with refused(KitaruStackError, "configure(stack=)", *NO_STACK):
        plain.run()
    kitaru.configure(stack=None)
    with variable("KITARU_STACK", "nowhere"), refused(KitaruStackError, "KITARU_STACK", *NO_STACK):
        plain.run()
    with (
        pyproject(b'[tool.kitaru]\nstack = "nowhere"\n') as file,
        refused(KitaruStackError, file, "[tool.kitaru]", *NO_STACK),
    ):
        plain.run()
    with refused(KitaruStackError, "'def'", ".run(stack=)"):  # a prefix of a name is no name
        plain.run(stack="def")


def malformed_variables() -> None:
    for name, value, words in VARIABLES:
        with variable(name, value), refused(KitaruUsageError, name, *words):
            plain.run()
    handle = FlowHandle[int]("0a1b2c3d-0000-4000-8000-000000000000")
    with variable("KITARU_PROGRESS", "loud"), refused(KitaruUsageError, "KITARU_PROGRESS", "'loud'"):
        handle.wait()


def broken_files() -> None:
    for content, words in FILES:
        with pyproject(content) as file, refused(KitaruUsageError, file, *words):
            plain.run()


class Hostile:
    def __reduce__(self) -> NoReturn:
        raise RuntimeError("not me")


def inputs_that_cannot_be_stored() -> None:
    lock = threading.Lock()
    with refused(KitaruUsageError, "'first'", "'takes'", "lock", "cannot be"):
        takes.run(lock)
    with refused(KitaruUsageError, "'second'", "'takes'"):
        takes.run(1, second={"a": lock})
    with refused(KitaruUsageError, "'rest'", "'takes'"):
        takes.run(1, 2, lock)
    with refused(KitaruUsageError, "'more'", "'takes'"):
        takes.run(1, extra=lock)
    with refused(KitaruUsageError, "'first'", "generator"):
        takes.run(letter for letter in "ab")
    with refused(KitaruUsageError, "'first'", "not me"):
        takes.run(Hostile())


def stacks_that_cannot_run_flows() -> None:
    client = Client()
    for flavor in ("airflow", "kubeflow"):
        made = client.create_stack_component(
            name=flavor, flavor=flavor, component_type=StackComponentType.ORCHESTRATOR, configuration={}
        )
        client.create_stack(
            name=f"on_{flavor}",
            components={StackComponentType.ORCHESTRATOR: made.id, StackComponentType.ARTIFACT_STORE: "default"},
        )
    with refused(KitaruStackError, "'on_airflow'", "'airflow'", "dynamic pipelines", "local_docker"):
        plain.run(stack="on_airflow")
    with refused(KitaruStackError, "'on_kubeflow'", "zenml integration install kubeflow") as refusal:
        plain.run(stack="on_kubeflow")
    assert "\n" not in str(refusal.error), refusal.error
    assert client.active_stack_model.name == "default"


def main() -> None:
    os.environ["KITARU_PROGRESS"] = "off"
    unknown_stacks()
    malformed_variables()
    broken_files()
    inputs_that_cannot_be_stored()
    assert Client().list_pipeline_runs().total == 0, "something was submitted"
    stacks_that_cannot_run_flows()
    assert Client().list_pipeline_runs().total == 0, "something was submitted"
    # After all that the same process can still run a flow.
    assert plain.run().wait() == 1


if __name__ == "__main__":
    main()
