"""Threads may parse at once, on every Python that Kitaru supports."""

from __future__ import annotations

import ast
import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kitaru._core.code.parsing import parse_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

import pytest


@pytest.fixture
def in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ast, "parse", ast.parse)
    parse_in_turn()


@pytest.fixture
def interrupted() -> Iterator[None]:
    """Give the other threads a turn wherever garbage is collected: within the building of a tree, too."""

    def let_others(*_: object) -> None:
        time.sleep(0.0001)

    limits = gc.get_threshold()
    gc.callbacks.append(let_others)
    gc.set_threshold(1000)
    yield
    gc.set_threshold(*limits)
    gc.callbacks.remove(let_others)


@pytest.mark.usefixtures("in_turn", "interrupted")
def test_threads_parse_at_once() -> None:
    source = "x = (1, [2, {3: (4, 5)}])\n" * 100
    with ThreadPoolExecutor(8) as threads:
        trees = list(threads.map(ast.parse, [source] * 40))
    assert [len(tree.body) for tree in trees] == [100] * 40


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # it is what is tried here
@pytest.mark.usefixtures("in_turn")
def test_a_process_that_is_forked_while_another_thread_parses_can_parse() -> None:
    over = threading.Event()

    def parse_on() -> None:
        while not over.is_set():
            ast.parse("x = [1, 2, 3]\n" * 200)

    with ThreadPoolExecutor(2) as threads:
        parsing = [threads.submit(parse_on) for _ in range(2)]
        for _ in range(5):
            child = os.fork()
            if child == 0:
                os._exit(len(ast.parse("x = 1").body))
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        over.set()
        for each in parsing:
            each.result()


@pytest.mark.usefixtures("in_turn")
def test_parsing_is_told_apart_by_its_arguments_and_its_errors() -> None:
    assert isinstance(ast.parse("1", mode="eval"), ast.Expression)
    with pytest.raises(SyntaxError, match="invalid syntax"):
        ast.parse("1 +", "given.py")
