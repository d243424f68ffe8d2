"""A real Chromium without a window: where it is, and pages in it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Where tests keep what they photograph, else in a temporary folder; `make pictures` names docs/images. It is read here,
# since a test's home takes all of Kitaru's variables out of the environment.
FOLDER = os.environ.get("KITARU_SCREENSHOTS")


@cache
def missing() -> str | None:
    """Say why no page can be opened here; None where one can."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "Playwright is not installed"
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path).exists()
    return None if own or _installed() else f"no Chromium is installed: neither Playwright's own nor {', '.join(NAMES)}"


def _installed() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Visit:
    """A page, and what went wrong on it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


@contextmanager
def visit(*, width: int = 1400, height: int = 900) -> Iterator[Visit]:
    """Open a page from which nothing but this machine can be reached.

    The browser lives as long as the block: while it does, no event loop can run in this thread.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path).exists()
        browser = playwright.chromium.launch(
            executable_path=None if own else _installed(),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],  # Chromium refuses to be root with one
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(120_000)
        found = Visit(page)
        page.on("console", lambda said: found.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: found.complaints.append(str(error)))

        def stay(route: Route) -> None:
            if urlsplit(route.request.url).hostname in (None, "127.0.0.1", "localhost"):
                route.continue_()
            else:
                found.elsewhere.append(route.request.url)
                route.abort()

        page.route("**/*", stay)
        yield found
        browser.close()


def photograph(page: Page, folder: Path, name: str, selector: str | None = None) -> Path:
    """Keep what a page, or a part of it, shows as a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    if selector is None:
        page.screenshot(path=path, animations="disabled")
    else:
        page.locator(selector).first.screenshot(path=path, animations="disabled")
    return path
