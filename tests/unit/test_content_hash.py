"""Equal values hash alike in every process, and others do not, be it only the order of a dict."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import numpy
from pydantic import BaseModel
from kitaru import File
from kitaru._core.identity.digests import digest

class Page(BaseModel):
    name: str
    reason: str = ""
    tags: frozenset[str] = frozenset()

def hashed(value):
    return digest(value, strict=True)

one = [Page(name="a", reason="b", tags=frozenset({"x", "y", "z"})), {"q", "r", ("s", 1)}]
print(hashed(one))
assert hashed({"a", "b"}) != hashed(frozenset({"a", "b"})) != hashed({"a", "c"})
loop = [{"x", "y"}]
loop.append(loop)
assert hashed(loop)
assert hashed("".join(["a", "b"])) == hashed("ab")
large = {f"k{i}": "v" * 50 for i in range(200)}
for value in (large, {1: [2], "a": 3}, {(1, 2): [large], "b": {"c": {}}}):
    again = dict(reversed(value.items()))
    assert digest(value) == digest(again)
    assert hashed(value) != hashed(again) == hashed(dict(again))
    assert hashed([value]) != hashed([again])
print(hashed([numpy.arange(3), numpy.array([1, 0, 2, 0], numpy.int16), File(__import__("sys").argv[1])]))
assert hashed(numpy.array([1, 0, 2, 0], numpy.int16)) != hashed(numpy.array([1, 2], numpy.int32))
"""


def test_a_set_hashes_alike_whatever_its_order():
    seen = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, __file__],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    assert len(seen) == 1, seen
