"""What Kitaru has ZenML do faster gives the same as what ZenML does, and can be switched off."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import fields

FLOWS = """
    import numpy as np
    from zenml.materializers.built_in_materializer import BuiltInMaterializer, BytesMaterializer
    from zenml.orchestrators import cache_utils
    from kitaru import checkpoint, flow

    LOADED = []

    def counted(materializer):
        load = materializer.load
        def counting(self, data_type):
            LOADED.append(self.uri)
            return load(self, data_type)
        materializer.load = counting

    counted(BytesMaterializer)
    counted(BuiltInMaterializer)

    @checkpoint(cache=False)
    def make(size: int) -> bytes:
        return bytes(size)

    @checkpoint(cache=False)
    def words() -> str:
        return "a text that is long enough"

    @checkpoint(cache=False)
    def length(data, others=()) -> int:
        return len(data) + sum(map(len, others))

    @checkpoint(cache=False)
    def numbers() -> np.ndarray:
        return np.arange(4.0)

    @checkpoint(cache=False)
    def spoil(array: np.ndarray) -> float:
        array[0] = 100
        return float(array.sum())

    @flow
    def handing() -> dict:
        data = make(50 * 2**20)
        found = {"lengths": [length(data) for _ in range(5)]}
        text = words.submit()
        found["together"] = length(text, [data, text])
        found["submitted"] = length.submit(data).result()
        found["loaded"] = len(LOADED)
        array = numbers()
        found["spoiled"] = [spoil(array), spoil(array), array.tolist()]
        array[1] = 50  # the body's own value is another one now than its artifact's
        found["changed"] = spoil(array)
        future = numbers.submit()
        future.result()[2] = 50
        found["the future's"] = spoil(future)
        found["replaced"] = cache_utils.get_cached_step_run.__module__ != "zenml.orchestrators.cache_utils"
        return found
"""


def test_what_the_body_holds_is_not_read_from_the_store_and_is_stored_once(project):
    project.write("flows.py", FLOWS)
    run = """
        from kitaru import KitaruClient
        from flows import handing
        if __name__ == "__main__":
            handle = handing.run()
            result = handle.wait(timeout=300, progress=False)
            artifacts = KitaruClient().artifacts.list(handle.exec_id)
            print(result)
            print(sum(artifact.type == "builtins.bytes" for artifact in artifacts))
    """
    project.write("main.py", run)
    expected = {
        "lengths": [50 * 2**20] * 5,
        "together": 50 * 2**20 + 52,
        "submitted": 50 * 2**20,
        "loaded": 0,
        "spoiled": [106.0, 106.0, [0.0, 1.0, 2.0, 3.0]],
        "changed": 155.0,
        "the future's": 106.0,
        "replaced": True,
    }
    shown, stored = project.run("main.py").stdout.splitlines()[-2:]
    assert ast.literal_eval(shown) == expected
    assert stored == "1"

    shown, stored = project.run("main.py", env={"KITARU_SHORTCUTS": "off"}).stdout.splitlines()[-2:]
    assert ast.literal_eval(shown) == {**expected, "loaded": 9, "replaced": False}
    assert stored == "1"


def test_a_cached_step_is_found_as_zenml_finds_it(project):
    project.write(
        "main.py",
        """
        from datetime import timedelta
        from typing import Annotated
        from kitaru import checkpoint, flow

        @checkpoint
        def one(number: int) -> int:
            "Count."
            return number + 1

        @checkpoint
        def two(several: list, more: str = "") -> tuple[Annotated[int, "a"], Annotated[str, "b"]]:
            return len(several), more

        @checkpoint(cache=False)
        def uncached() -> int:
            return 1

        @checkpoint
        def failing(number: int) -> int:
            raise ValueError("no")

        @flow
        def work() -> int:
            uncached()
            numbers = [one.submit(number) for number in range(3)]
            two(numbers, "x" * 5000)
            try:
                failing(1)
            except ValueError:
                pass
            return one(7)

        def shown(step):
            if step is None:
                return None
            artifacts = [
                {name: [artifact.id for artifact in found] for name, found in some.items()}
                for some in (step.inputs, step.outputs)
            ]
            return step.id, step.cache_expires_at, step.docstring, step.source_code, *artifacts

        if __name__ == "__main__":
            for _ in range(2):
                work.run().wait(timeout=300, progress=False)

            from zenml.client import Client
            from zenml.orchestrators.cache_utils import get_cached_step_run
            from zenml.utils.time_utils import utc_now
            from zenml.zen_stores.schemas import StepRunSchema
            from sqlmodel import Session, select
            from kitaru._zenml.running.cache_lookup import find_cached_step

            store = Client().zen_store
            with Session(store.engine) as session:
                keys = {key for key in session.exec(select(StepRunSchema.cache_key)) if key}
            for key in [*sorted(keys), "unknown"]:
                assert shown(find_cached_step(key)) == shown(get_cached_step_run(key)), key
            hits = [key for key in keys if get_cached_step_run(key)]
            print(len(keys), len(hits))

            for expires in (timedelta(hours=1), timedelta(hours=-1)):
                with Session(store.engine) as session:
                    for step in session.exec(select(StepRunSchema)):
                        step.cache_expires_at = utc_now() + expires
                        session.add(step)
                    session.commit()
                for key in hits:
                    assert shown(find_cached_step(key)) == shown(get_cached_step_run(key)), key
                print(sum(find_cached_step(key) is not None for key in hits))
        """,
    )
    # Five calls that can be remembered and the uncached one have completed; the failing one is no candidate.
    assert project.run("main.py").stdout.split() == ["7", "6", "6", "0"]


def test_integrations_that_wait_for_a_library_register_materializers_for_its_types_and_nothing_else(home):
    from zenml.integrations.registry import integration_registry
    from zenml.materializers.base_materializer import BaseMaterializer

    from kitaru._zenml.door.installed import LIBRARIES

    seen = set()
    for name, library in LIBRARIES.items():
        integration = integration_registry.integrations[name]
        imports = re.findall(r"from (\S+) import (\w+)", inspect.getsource(integration.activate))
        assert imports, name
        assert all(what.startswith("materializer") for _, what in imports), (name, imports)
        if not integration.check_installation():
            continue
        integration.activate()
        for kind in _kinds(BaseMaterializer):
            if kind.__module__.startswith(f"zenml.integrations.{name}."):
                assert {found.__module__.partition(".")[0] for found in kind.ASSOCIATED_TYPES} <= {library}, kind
                seen.add(name)
    assert seen >= {"numpy", "pandas", "sklearn"}


def _kinds(base):
    return {base, *(found for kind in base.__subclasses__() for found in _kinds(kind))}


def test_what_the_launcher_takes_of_a_cached_step_is_there():
    from zenml.orchestrators.step_run_utils import StepRunRequestFactory

    from kitaru._zenml.running.cache_lookup import Artifact, CachedStep

    source = textwrap.dedent(inspect.getsource(StepRunRequestFactory.populate_request))
    tree = ast.parse(source)
    taken = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "cached_step_run"
    }
    assert taken == {field.name for field in fields(CachedStep)}
    assert source.count("artifact.id for artifact in artifacts") == 3, "a request takes nothing but ids of artifacts"
    assert [field.name for field in fields(Artifact)] == ["id"]


def test_more_threads_than_a_pool_has_connections_use_the_store_at_once(home):
    import threading

    from sqlmodel import Session, text

    from kitaru._zenml.door.store import open_client

    engine = open_client().zen_store.engine
    together = threading.Barrier(60)
    failures = []

    def two_at_once():
        try:
            with Session(engine) as one:
                one.execute(text("SELECT 1"))
                together.wait(timeout=300)
                with Session(engine) as other:
                    other.execute(text("SELECT 1"))
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=two_at_once) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
