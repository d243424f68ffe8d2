"""Where the tests against a server run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Home
    from tests.preloaded import PreloadedPython


@pytest.fixture
def stranger(empty_home: Home, tmp_path: Path, preloaded_python: PreloadedPython) -> Iterator[Project]:
    """A project in a home in which ZenML has never run, with a flow in it."""
    project = Project(tmp_path / "stranger", empty_home, preloaded_python)
    project.path.mkdir()
    project.take("server/trip.py")
    yield project
    project.close()
