"""A promotion, and one that changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.errors import DeployError
from deploy.promotion.plan import Wish
from deploy.promotion.promote import promote
from tests.deploy.promotion.world import World

WISH = Wish("staging", "prod", yes=True)


def refused(world: World, says: str, code: int, **wish: object) -> None:
    before = world.state
    with pytest.raises(DeployError, match=says) as caught:
        promote(world.folder, world.engine, replace(WISH, **wish))  # type: ignore[arg-type]
    assert caught.value.code == code
    assert world.state == before
