"""Integrations are tested with the fixtures of Kitaru's own tests."""

from __future__ import annotations

from tests.conftest import *  # noqa: F403 - pytest finds fixtures and hooks by their names here
