"""Executions with names and tags of their own, and what finds them again."""

from __future__ import annotations

import sys
from pathlib import Path

from expecting import raised

from kitaru import KitaruClient, KitaruUsageError, checkpoint, flow


@checkpoint
def square(number: int) -> int:
    return number * number


@flow(tags=["numbers"])
def report(number: int = 2) -> int:
    return square(number)


@flow(name="fixed", zenml={"substitutions": {"team": "blue"}})
def fixed() -> int:
    return square(1)


if __name__ == "__main__":
    client = KitaruClient()
    nightly = report.with_options(name="nightly {date}", tags=["nightly", "a:b"])
    first, second = nightly.run(3), report.with_options(resources={"cpu_count": 1}).run()
    assert (first.wait(timeout=120), second.wait(timeout=120)) == (9, 4)
    one = client.executions.get(first.exec_id)
    assert one.name.startswith("nightly 20"), one.name
    assert (one.tags, one.user) == (("a:b", "nightly", "numbers"), "default"), one
    refusal = raised(KitaruUsageError, nightly.run, f"The name '{one.name}' is taken", first.exec_id, "flow 'report'")
    assert "completed" in str(refusal)

    def found(**filters: str) -> list[str]:
        return [execution.exec_id for execution in client.executions.list(**filters)]  # type: ignore[arg-type]

    assert found(tag="nightly") == found(tag="a:b") == [first.exec_id]
    assert found(tag="numbers", user="default") == [second.exec_id, first.exec_id]
    assert found(tag="none") == found(user="nobody") == []
    for name, words in (
        ("{dat} x", "Did you mean 'date'?"),
        ("x {", "Single '{' encountered"),
        ("{0}", "{0} is no substitution"),
        ("x" * 300, "at most 200 characters"),
    ):
        raised(KitaruUsageError, lambda name=name: report.with_options(name=name).run(), words)  # type: ignore[misc]
    raised(KitaruUsageError, lambda: report.with_options(tags=["12345678-1234-5678-1234-567812345678"]), "no UUID")
    assert len(client.executions.list()) == 2  # nothing else was started

    named = fixed.with_options(name="{team} {{x}}").run()
    assert named.wait(timeout=120) == 1
    assert client.executions.get(named.exec_id).name == "blue {x}"
    original = fixed.run()
    assert original.wait(timeout=120) == 1
    replay = fixed.replay(original)
    assert replay.wait(timeout=120) == 1
    assert client.executions.get(replay.exec_id).name.startswith("fixed-20")
    print(first.exec_id)
    sys.exit(Path("failed").exists())
