"""Every command of the README, and of the page that goes on with its environments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cluster
from tests.integration.documents import README, documented, run_blocks
from tests.integration.stages import Stages

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def stages(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    with documented(node, tmp_path_factory.mktemp("readme")) as made:
        yield made


@pytest.mark.parametrize("file", README, ids=lambda file: file.name)
def test_every_block_runs(stages: Stages, file: Path) -> None:
    run_blocks(stages, file)
