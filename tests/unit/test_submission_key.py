"""The key of an order: what it is refused for, and what it makes of the run's name."""

from __future__ import annotations

import pytest

from kitaru import KitaruUsageError, flow
from kitaru._core.identity.submission_key import submission_key


@flow
def ship(order: int, notes: object = None) -> int:
    return order


def key(text, **values):
    return submission_key(ship, None, {"order": 1, "notes": None, **values}, text)


@pytest.mark.parametrize("wrong", ["", "   ", " a", "a\nb", "k" * 300, 42])
def test_a_key_is_a_line_of_at_most_200_characters(wrong):
    with pytest.raises(KitaruUsageError, match="idempotency_key"):
        ship.with_options(idempotency_key=wrong)
    assert ship.with_options(idempotency_key="k" * 200)


def test_a_name_and_a_key_contradict_each_other():
    named = ship.with_options(name="order 42")
    with pytest.raises(KitaruUsageError, match=r"ship.with_options\(name=\) and ship.with_options\(idempotency_key=\)"):
        named.with_options(idempotency_key="42").run(1)


def test_names_of_runs_differ_wherever_keys_do_and_are_no_templates():
    names = [key(text).run_name for text in ("order-42", "order 42", "ORDER-42", "{date}", "k" * 200)]
    assert names[0].startswith("ship-order-42-")
    assert len({name.lower() for name in names}) == 5  # some databases do not tell capitals
    assert not any("{" in name for name in names)
    assert max(map(len, names)) < 255


def test_what_differs_is_named_and_not_shown():
    assert key("k", order=2).differing(key("k").to_json()["inputs"]) == ["order"]
    with pytest.raises(KitaruUsageError, match="its input 'notes' cannot be compared"):
        key("k", notes=lambda: None)
