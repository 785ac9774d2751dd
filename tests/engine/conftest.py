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


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project without a stack; commands run in this process."""
    made = World(tmp_path)
    for key, value in made.environment.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr("engine.backend.passphrase.ROUNDS", 10)
    monkeypatch.chdir(made.project)
    return made
