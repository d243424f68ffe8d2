"""Variables that calls set in a process that they share."""

from __future__ import annotations

import os

import pytest

from kitaru._core.process.environments import temporarily


@pytest.fixture(autouse=True)
def variable(monkeypatch):
    monkeypatch.setenv("KEPT", "before")
    monkeypatch.delenv("NEW", raising=False)


def test_what_was_before_comes_back():
    with temporarily({"KEPT": "during", "NEW": "1"}):
        assert (os.environ["KEPT"], os.environ["NEW"]) == ("during", "1")
    assert os.environ["KEPT"] == "before"
    assert "NEW" not in os.environ


def test_a_variable_stays_until_the_last_call_that_set_it_has_ended():
    first, second = temporarily({"NEW": "1"}), temporarily({"NEW": "1"})
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["NEW"] == "1"
    second.__exit__(None, None, None)
    assert "NEW" not in os.environ


def test_of_two_values_the_later_one_counts_and_goes_with_its_call():
    with temporarily({"KEPT": "outer"}):
        with temporarily({"KEPT": "inner"}):
            assert os.environ["KEPT"] == "inner"
        assert os.environ["KEPT"] == "outer"


def test_what_a_call_has_set_itself_stays():
    with temporarily({"KEPT": "during", "NEW": "1"}):
        os.environ["KEPT"] = "mine"
        del os.environ["NEW"]
    assert os.environ["KEPT"] == "mine"
    assert "NEW" not in os.environ
