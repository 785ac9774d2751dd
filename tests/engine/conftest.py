"""The fake world for tests of the whole engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project with its stack `dev`."""
    made = World(tmp_path)
    made.init()
    return made
