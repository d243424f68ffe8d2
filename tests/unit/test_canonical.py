"""Equal values hash alike in every process."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import pickle
from pydantic import BaseModel
from kitaru._core.identity.canonical import content_hash

class Page(BaseModel):
    name: str
    reason: str = ""
    tags: frozenset[str] = frozenset()

def hashed(value):
    return content_hash(value, pickle.dumps(value))

one = [Page(name="a", reason="b", tags=frozenset({"x", "y", "z"})), {"q", "r", ("s", 1)}]
print(hashed(one))
assert hashed({"a", "b"}) != hashed(frozenset({"a", "b"})) != hashed({"a", "c"})
loop = [{"x", "y"}]
loop.append(loop)
assert hashed(loop)
assert hashed("".join(["a", "b"])) == hashed("ab")
"""


def test_a_set_hashes_alike_whatever_its_order():
    seen = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    assert len(seen) == 1, seen
