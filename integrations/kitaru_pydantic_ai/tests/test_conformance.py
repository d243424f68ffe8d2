"""The conformance suite on PydanticAI's agents."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.suite import Conformance


class TestPydanticAI(Conformance):
    flows = Path(__file__).with_name("flows.py")
