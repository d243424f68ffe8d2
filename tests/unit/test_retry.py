"""Policies of retries: what they refuse, after what they try again, and when."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from kitaru import Retry
from kitaru._core.code.stored_retry import loaded, stored
from kitaru._core.policies.retry import checked_retries, decide, policy_of
from kitaru._core.settings import settings
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from pathlib import Path


class RateLimitedError(Exception):
    def __init__(self, after: Any) -> None:
        super().__init__("slow down")
        self.after = after


def seconds_of(error: BaseException) -> Any:
    return getattr(error, "after", None)


def is_flaky(error: BaseException) -> bool:
    if isinstance(error, KeyError):
        raise LookupError("who knows")  # noqa: TRY004 - it is wrong on purpose
    return isinstance(error, OSError)


async def later(_: BaseException) -> bool:
    return True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"times": -1}, "Retry(times=)"),
        ({"times": True}, "Retry(times=)"),
        ({"times": math.inf}, "Retry(times=)"),
        ({"times": 10**9}, "would never end"),
        ({"times": 0}, "the delay of 1.0 s is never waited for"),
        ({"delay": -1}, "Retry(delay=)"),
        ({"delay": math.inf}, "Retry(delay=)"),
        ({"delay": math.nan}, "Retry(delay=)"),
        ({"backoff": 0.5}, "backoff must be a number, 1 or more"),
        ({"longest": math.inf}, "Retry(longest=)"),
        ({"longest": 1e9}, "a year"),
        ({"delay": 90}, "less than the delay of 90 s"),
        ({"jitter": 1}, "Retry(jitter=)"),
        ({"on": ()}, "Retry(on=)"),
        ({"on": "OSError"}, "Retry(on=)"),
        ({"on": (int,)}, "Retry(on=)"),
        ({"never": (OSError(),)}, "Retry(never=)"),
        ({"on": (OSError, KeyError), "never": (LookupError,)}, "contradict each other: KeyError"),
        ({"on": lambda: True}, "cannot be called with one argument"),
        ({"on": lambda a, b: a == b}, "cannot be called with one argument"),
        ({"on": later}, "is async"),
        ({"retry_after": 5}, "a function of the exception"),
        ({"retry_after": lambda: 5}, "cannot be called with one argument"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(KitaruUsageError) as refused:
        Retry(**options)
    assert said in str(refused.value)


def test_what_is_raised_decides() -> None:
    policy = Retry(times=2, on=(OSError, RateLimitedError), never=(PermissionError,))
    assert decide(policy, ConnectionError(), 1).again
    for error, used in ((PermissionError(), 0), (ValueError(), 0), (ConnectionError(), 2), (KeyboardInterrupt(), 0)):
        assert not decide(policy, error, used).again
    assert decide(policy_of(1), SystemExit(), 0).again
    chosen = Retry(on=is_flaky)
    assert (decide(chosen, OSError(), 0).again, decide(chosen, ValueError(), 0).again) == (True, False)
    decision = decide(chosen, KeyError(), 0)
    assert not decision.again
    assert "is_flaky raised LookupError: who knows" in str(decision.remark)


def test_delays_grow_up_to_the_longest_and_vary() -> None:
    even = Retry(times=9, delay=1, backoff=3, longest=20, jitter=False)
    assert [decide(even, OSError(), used).seconds for used in range(5)] == [1, 3, 9, 20, 20]
    assert decide(Retry(times=10**6, backoff=9.0, jitter=False), OSError(), 10**5).seconds == 60
    delays = {decide(Retry(delay=8), OSError(), 0).seconds for _ in range(50)}
    assert len(delays) > 1
    assert all(4 <= delay <= 8 for delay in delays)


@pytest.mark.parametrize(("after", "seconds"), [(None, 2), (1, 2), (120, 120), (-1, 2), ("soon", 2), (math.inf, 2)])
def test_the_other_side_may_want_to_be_left_alone_for_longer(after: Any, seconds: float) -> None:
    decision = decide(Retry(delay=2, jitter=False, retry_after=seconds_of), RateLimitedError(after), 0)
    assert (decision.again, decision.seconds) == (True, seconds)
    assert (decision.remark is None) == (after in (None, 1, 120))


def test_a_file_may_have_a_table_of_numbers(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.kitaru.retries]\ntimes = 5\ndelay = 0.5\n")
    resolved = settings.resolve(start=tmp_path)
    assert resolved.retry == Retry(times=5, delay=0.5)
    shown = resolved.to_json()["retries"]
    assert shown["value"] == {"times": 5, "delay": 0.5, "backoff": 2.0, "longest": 60.0, "jitter": True}
    for line, said in (("backoff = 0", "retries.backoff gives 0"), ("on = 1", "Python only"), ("tims = 1", "'times'")):
        file.write_text(f"[tool.kitaru.retries]\n{line}\n")
        with pytest.raises(KitaruUsageError, match=r"pyproject\.toml \[tool\.kitaru\]") as refused:
            settings.resolve(start=tmp_path)
        assert said in str(refused.value)
    with pytest.raises(KitaruUsageError, match=r"@flow\(retries=\)"):
        checked_retries("3", "@flow(retries=)")


def test_another_process_has_the_same_policy() -> None:
    policy = Retry(times=4, on=(OSError, RateLimitedError), never=(PermissionError,), retry_after=seconds_of)
    data = stored(policy, "@flow(retries=)", only_here=False)
    assert loaded(data, lambda *_: None) == policy
    assert loaded(stored(policy_of(2), "", only_here=False), lambda *_: None) == policy_of(2)
    data["on"][1]["qualname"] = "NoMoreError"
    decision = decide(loaded(data, lambda *_: None), OSError(), 0)
    assert not decision.again
    assert "NoMoreError" in str(decision.remark)
    with pytest.raises(KitaruUsageError, match=r"@flow\(retries=\): on= gives .*lambda"):
        stored(Retry(on=lambda _: True), "@flow(retries=)", only_here=False)
    here = Retry(on=lambda _: True)
    assert loaded(stored(here, "@flow(retries=)", only_here=True), lambda *_: None) is here
