"""Values on their way from the program to the state and the cluster."""

from __future__ import annotations

from pathlib import Path

import cluster
from tests.conformance.checks import Engines, both, every, integration
from tests.conformance.play import alternate, play

pytestmark = integration


@every("values")
def test_as_recorded(name: str, node: cluster.Handout, tmp_path: Path) -> None:
    play(name, node, tmp_path)


@both
@every("values")
def test_afresh(name: str, engines: Engines, node: cluster.Handout, tmp_path: Path) -> None:
    alternate(name, node, tmp_path, engines)
