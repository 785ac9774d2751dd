"""How the programs are made into tests."""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest

from tests.conformance.programs import names
from tests.conformance.world import CLI, EMBEDDED, Engine

Engines = tuple[Engine, Engine]

integration: Final = [
    pytest.mark.integration,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="the embedded cluster needs root"),
]

_PAIRS: Final = [pytest.param((CLI, EMBEDDED), id="cli-first"), pytest.param((EMBEDDED, CLI), id="engine-first")]

both: Final = pytest.mark.parametrize("engines", _PAIRS if shutil.which("pulumi") else [])
"""Either engine takes the first step, where a Pulumi CLI is on PATH."""


def every(group: str) -> pytest.MarkDecorator:
    """Each program of a group."""
    return pytest.mark.parametrize("name", names(group))
