"""Bodies made at random, interrupted at random moments, give what they give undisturbed, or fail as diverged.

40 bodies by default, about a minute on a calm machine. ``KITARU_RANDOM_BODIES=500`` makes more of them, each time others;
``KITARU_RANDOM_SEED`` says which, as it was printed.
"""

from __future__ import annotations

import json
import os
import random

import pytest

NUMBER = int(os.environ.get("KITARU_RANDOM_BODIES", "40"))
IS_LONG = "KITARU_RANDOM_BODIES" in os.environ
SEED = int(os.environ.get("KITARU_RANDOM_SEED") or (random.randrange(10**6) if IS_LONG else 15))
# Seconds after which no further body is made.
LIMIT = max(300, 6 * NUMBER)


def random_bodies(project, capsys, runner, number):
    told = project.run(
        project.take("random_bodies.py"), runner, str(number), str(SEED), str(LIMIT), timeout=2 * LIMIT + 300
    )
    facts = json.loads(told.stdout.splitlines()[-1])
    diverged = [(body["example"]["body"], body["ended"]["message"]) for body in facts["diverged"]]
    with capsys.disabled():
        print(
            f"\n{runner}: {facts['examples']} random bodies with KITARU_RANDOM_SEED={SEED} in {facts['seconds']} s, "
            f"{len(diverged)} diverged, {facts['skipped']} left out for want of time: {facts['kinds']}"
        )
    assert facts["smallest"] is None, json.dumps(facts["smallest"], indent=1)
    assert facts["examples"] >= min(number, 20) or facts["skipped"] == 0
    return facts, diverged


@pytest.mark.timeout(2 * LIMIT + 600)
def test_random_bodies_give_the_same_whatever_interrupts_them(project, capsys):
    facts, diverged = random_bodies(project, capsys, "inline", NUMBER)
    in_any_order = facts["kinds"]["in any order"]
    assert len(diverged) <= 1 + in_any_order // 2, diverged


@pytest.mark.timeout(2 * LIMIT + 600)
def test_random_bodies_give_the_same_when_their_workers_are_killed(project, capsys):
    random_bodies(project, capsys, "killed", max(2, NUMBER // 25))
