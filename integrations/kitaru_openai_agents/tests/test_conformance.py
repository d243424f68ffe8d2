"""The conformance suite on agents of the OpenAI Agents SDK."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.suite import Conformance


class TestOpenAIAgents(Conformance):
    flows = Path(__file__).with_name("flows.py")
