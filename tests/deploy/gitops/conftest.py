"""Environments as the tools know them, without a program that says so."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.gitops.source import Source
from deploy.gitops.target import Target

URL = "https://git.example.com/team/app.git"


def target(stack: str, **values: Any) -> Target:
    """An environment of the project `app`, pinned and not protected."""
    given = {"namespace": f"app-{stack}", "workloads": (("apps/v1", "Deployment", "app"),), **values}
    return Target("app", stack, **given)


@pytest.fixture
def here() -> Source:
    return Source(URL)
