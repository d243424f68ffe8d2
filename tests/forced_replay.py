"""What is left out where every body is run again after each outcome: ``make test-replay``, by ``KITARU_FORCE_REPLAY``."""

from __future__ import annotations

from typing import Final

_CHANGES: Final = "its body is another one each time it runs, on purpose: it diverges at once"
_COUNTS: Final = "it counts how often a body runs"
_MANY: Final = "its body makes so many calls that running it again after each takes hours"

_CATCHES: Final = "its body catches what ends it, and then marks in a file that it has failed once"
_AT_ONCE: Final = "it counts calls that run at once, which a body that is abandoned cancels"
_WITHIN: Final = (
    "tools run within the checkpoint of their query, which fails where a body is abandoned in the middle of it"
)

# By the beginning of a test's id, with the reason.
LEFT_OUT: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            f"integrations/kitaru_claude_agent_sdk/tests/{test}"
            for test in (
                "test_claude_agent_sdk.py::test_parts_conversations_and_queries",
                "test_claude_agent_sdk.py::test_the_example_publishes_release_notes",
                "test_conformance.py::TestClaudeAgentSDK::test_a_person_approves",
                "test_conformance.py::TestClaudeAgentSDK::test_an_agent_killed",
                "test_conformance.py::TestClaudeAgentSDK::test_calls_at_once",
                "test_conformance.py::TestClaudeAgentSDK::test_the_readme",
            )
        ),
        _WITHIN,
    ),
    "tests/local/test_adapter.py::test_calls_are_found_again": _AT_ONCE,
    "tests/local/test_async.py::test_an_attempt_keeps_connections": _COUNTS,
    "tests/local/test_checkpoints.py::test_calls_return_values_and_futures": "it looks at a call while that runs",
    "tests/local/test_load.py": _MANY,
    "tests/local/test_newcomer_mistakes.py::test_a_failure_that_nobody_catches": _COUNTS,
    "tests/local/test_no_growth.py": _MANY,
    "tests/local/test_random_bodies.py": "it interrupts its bodies itself",
    "tests/local/test_retries.py::test_an_execution_is_tried_again": _COUNTS,
    "tests/local/test_right_call.py::test_each_attempt_is_given": _COUNTS,
    "tests/local/test_right_call.py::test_the_clock_in_an_argument": _CHANGES,
    "tests/local/test_right_call.py::test_an_id_stands_for_all_inputs": _CHANGES,
    "tests/local/test_right_call.py::test_calls_with_ids_are_found": _CHANGES,
    "tests/local/test_right_call.py::test_what_is_approved": "it is about which of two questions is asked first",
    "tests/local/test_shortcuts.py::test_what_the_body_holds": "it counts what is read from the store",
    "tests/local/test_right_call.py::test_nothing_in_the_body_swallows_divergence[catching_everything]": _CATCHES,
    "tests/local/test_right_call.py::test_nothing_in_the_body_swallows_divergence[gathering_exceptions]": _CATCHES,
}


def reason(test: str) -> str | None:
    """Return why a test is left out; None where it is not."""
    return next((why for beginning, why in LEFT_OUT.items() if test.startswith(beginning)), None)
