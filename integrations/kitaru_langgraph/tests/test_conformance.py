"""The conformance suite on LangGraph's agents."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.suite import Conformance


class TestLangGraph(Conformance):
    flows = Path(__file__).with_name("flows.py")
    approve = "keeper_interrupt"
