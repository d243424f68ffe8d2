"""The plain functions below the decorators are tested as any others, without a runner or a store."""

import flows


def test_a_word_is_counted_in_any_case() -> None:
    assert flows.describe.func({"a": 1, "the": 3}) == "2 different words, most often 'the'"
