"""What Kitaru has ZenML do faster gives the same as what ZenML does, and can be switched off."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import fields


def test_what_the_body_holds_is_not_read_from_the_store_and_is_stored_once(project):
    project.take("shortcuts/handing_over.py", "shortcuts/count_stored.py")
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
    shown, stored = project.run("count_stored.py").stdout.splitlines()[-2:]
    assert ast.literal_eval(shown) == expected
    assert stored == "1"

    shown, stored = project.run("count_stored.py", env={"KITARU_SHORTCUTS": "off"}).stdout.splitlines()[-2:]
    assert ast.literal_eval(shown) == {**expected, "loaded": 9, "replaced": False}
    assert stored == "1"


def test_a_cached_step_is_found_as_zenml_finds_it(project):
    project.take("shortcuts/cached_steps.py")
    # Five calls that can be remembered and the uncached one have completed; the failing one is no candidate.
    assert project.run("cached_steps.py").stdout.split() == ["7", "6", "6", "0"]


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
