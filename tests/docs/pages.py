"""The pages of the documentation, READMEs among them, and the code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, and what it holds."""

    page: str
    line: int
    language: str
    title: str | None
    text: str
    section: str
    above: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether tests run it: no comment above it says otherwise."""
        return not self.above.startswith("<!-- not run")

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """The commands of a ``console`` block, continued lines joined, each with the lines of output below it."""
        found: list[tuple[str, list[str]]] = []
        lines = iter(self.text.splitlines())
        for line in lines:
            if line.startswith("$ "):
                command = line.removeprefix("$ ")
                while command.endswith("\\"):
                    command = command.removesuffix("\\") + next(lines).strip()
                found.append((command.partition("   #")[0].rstrip(), []))
            elif found:
                found[-1][1].append(line)
        return found


@cache
def pages() -> dict[str, str]:
    """The text of every page by its path from the root of the project."""
    files = [
        ROOT / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted(ROOT.glob("integrations/**/README.md")),
    ]
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


def blocks(language: str, page: str | None = None) -> list[Block]:
    """The blocks of a language on one page, or on all."""
    found = []
    for name, text in pages().items():
        if page not in (None, name):
            continue
        for match in _FENCE.finditer(text):
            info = match["info"].strip()
            if info.partition(" ")[0] != language:
                continue
            title = _TITLE.search(info)
            headings = re.findall(r"^## (.+)$", text[: match.start()], re.MULTILINE)
            line = text.count("\n", 0, match.start()) + 1
            section = headings[-1] if headings else ""
            above = text[: match.start()].rstrip("\n").rpartition("\n")[2]
            found.append(Block(name, line, language, title[1] if title else None, match["text"], section, above))
    return found
