"""The lineage of an execution as text for Mermaid and Graphviz, whatever the names of its calls are."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitaru._core.drawing.graph_text import dot, mermaid
from kitaru._core.drawing.trace import Attempt, Call, Trace

if TYPE_CHECKING:
    from collections.abc import Iterable

# Each means something to Mermaid, Markdown, HTML, YAML or Graphviz where it is not written by numbers or escaped.
NAMES = (
    "end", "subgraph", "graph", "default", "style a: b#c;", 'say "hi"]', "x[1](2){3}", "a;b", "1. first", "- item",
    "`code`", "__init__", "**bold**", "two\nlines", "日本語 é ü", "🎉 party", "क्षि", "&amp; &lt;", "#35;", "%%{init}%%",
    "<script>alert(1)</script>", "<b>bold</b>", "--> n1", "\x00\x1b[31m", "\ud83d",
)  # fmt: skip
MERMAID_BOX = re.compile(r'^    n(\d+)(\[{1,2})"((?:[^\W_]|(?<=\w)[._-](?=\w)|[ ×·…]|#\d+;)*)<br/>[^"<]*"\]{1,2}$')  # noqa: RUF001
DOT_BOX = re.compile(r'^    n(\d+) \[label="((?:[^"\\]|\\["\\])*)\\n[^"]*", color="#[0-9a-f]{6}"(, peripheries=2)?\]$')


def chain(names: Iterable[str], *, function: str | None = None) -> Trace:
    """Return the trace of calls of which each takes the result of the one before it."""
    calls: list[Call] = []
    for start, name in enumerate(names):
        last = (calls[-1].name,) if calls else ()
        calls.append(Call(name, function or name, "completed", (Attempt(start, start + 1, "completed"),), last))
    return trace(*calls)


def trace(*calls: Call, title: str = "research") -> Trace:
    return Trace(title, "0a1b", "completed", calls, (), (0.0,), float(len(calls)))


def call(name: str, start: float, *parents: str, status: str = "completed") -> Call:
    return Call(name, name.partition("_")[0], status, (Attempt(start, start + 1.5, status),), parents)


def readable(name: str) -> str:
    """Return how a name is shown: in one line, with a mark for what no file of text can hold."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in " ".join(name.split()))


def drawn_by_mermaid(text: str) -> str:
    return unescape(re.sub(r"#(\d+);", r"&#\1;", text)).replace("\N{ZERO WIDTH SPACE}", "")


def drawn_by_graphviz(text: str) -> str:
    return unescape(re.sub(r"\\(.)", r"\1", text))


SMALL = trace(
    call("collect", 0),
    call("score", 1, "collect", status="failed"),
    call("write", 9, "score", "collect", status="cached"),
)


SMALL_AS_MERMAID = """\
flowchart LR
    subgraph lineage["research · completed · 0a1b"]
    direction LR
    n0["collect<br/>1.5 s"]
    n1["score<br/>failed · 1.5 s"]
    n2["write<br/>from the cache"]
    n0 --> n1
    n0 --> n2
    n1 --> n2
    end
    classDef completed stroke:#3f9d6b,stroke-width:2px
    class n0 completed
    classDef failed stroke:#d9483b,stroke-width:2px
    class n1 failed
    classDef cached stroke:#7aa7e0,stroke-width:2px
    class n2 cached
"""
SMALL_AS_DOT = """\
digraph {
    graph [rankdir=LR, labelloc=t, label="research · completed · 0a1b"]
    node [shape=box, style=rounded, fontname="sans-serif"]
    n0 [label="collect\\n1.5 s", color="#3f9d6b"]
    n1 [label="score\\nfailed · 1.5 s", color="#d9483b"]
    n2 [label="write\\nfrom the cache", color="#7aa7e0"]
    n0 -> n1
    n0 -> n2
    n1 -> n2
}
"""


def test_a_small_flow_is_written_in_both_languages() -> None:
    assert mermaid(SMALL) == SMALL_AS_MERMAID
    assert dot(SMALL) == SMALL_AS_DOT


BOTH = [(mermaid, MERMAID_BOX, drawn_by_mermaid), (dot, DOT_BOX, drawn_by_graphviz)]


@pytest.mark.parametrize(("write", "box", "drawn"), BOTH, ids=["mermaid", "dot"])
class TestNames:
    def test_names_with_a_meaning_are_shown_as_they_are(self, write, box, drawn) -> None:
        found = [box.match(line) for line in write(chain(NAMES[:24])).splitlines()]
        shown = {int(one[1]): drawn(one.groups()[-1 if box is MERMAID_BOX else 1]) for one in found if one}
        assert [shown[number] for number in range(24)] == [readable(name) for name in NAMES[:24]]

    @given(name=st.text(st.characters(), min_size=1, max_size=50))
    def test_any_name_stays_in_its_box(self, write, box, drawn, name) -> None:
        lines = write(chain([name])).split("\n")
        (found,) = filter(None, map(box.match, lines))
        assert drawn(found[3] if box is MERMAID_BOX else found[2]) == readable(name)
        assert len(lines) == len(write(chain(["plain"])).split("\n"))
        assert write(chain([name])).encode()

    def test_a_title_stays_in_its_line(self, write, box, drawn) -> None:
        title = '</a>"\\\n--- end [x]'
        lines = write(trace(call("a", 0), title=title)).splitlines()
        assert readable(title) in drawn(lines[1])
        assert len(lines) == len(write(SMALL).splitlines()) - (9 if box is MERMAID_BOX else 5)


@pytest.mark.parametrize("name", ["C:\\new", "$$x$$", "ﬂ°°35¶ß"])
def test_what_mermaid_reads_even_by_numbers_is_split(name: str) -> None:
    (found,) = filter(None, map(MERMAID_BOX.match, mermaid(chain([name])).splitlines()))
    assert "#8203;" in found[3]
    assert drawn_by_mermaid(found[3]) == name


def test_a_backslash_before_a_quote_does_not_end_a_label_of_dot() -> None:
    assert '[label="a\\\\\\"]\\n' in dot(chain(['a\\"]']))


def test_calls_of_one_checkpoint_are_folded_and_a_loop_leads_back() -> None:
    names = [f"{name}_{turn}" for turn in range(500) for name in ("think", "search")]
    calls = [call(name, number, *names[max(number - 3, 0) : number]) for number, name in enumerate(names)]
    text = mermaid(trace(*calls))
    assert [line for line in text.splitlines() if "[[" in line] == [
        '    n0[["think ×500<br/>16 min 40 s"]]',  # noqa: RUF001
        '    n1[["search ×500<br/>16 min 40 s"]]',  # noqa: RUF001
    ]
    assert "    n0 --> n1\n    n1 -.-> n0\n" in text
    text = dot(trace(*calls))
    assert text.count("peripheries=2") == 2
    assert "    n0 -> n1\n    n1 -> n0 [style=dashed, constraint=false]\n" in text


def test_mermaid_gets_no_more_arrows_than_it_draws_and_dot_gets_all() -> None:
    names = [f"step{number}x" for number in range(1000)]
    taking_all = trace(*(call(name, number, *names[:number]) for number, name in enumerate(names)))
    text = mermaid(taking_all)
    assert [line.split() for line in text.splitlines() if "-->" in line] == [
        [f"n{number}", "-->", f"n{number + 1}"] for number in range(39)
    ]
    assert "%% 741 arrows are left out: others lead the same way.\n" in text
    assert len(text) < 50_000
    assert dot(taking_all).count("->") == 780


def test_an_execution_in_which_nothing_has_started() -> None:
    assert 'nothing["No checkpoint has started yet#46;"]' in mermaid(trace())
    assert 'nothing [label="No checkpoint has started yet."]' in dot(trace())
