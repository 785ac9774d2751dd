"""The application in this process, and a real gunicorn beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.drain import DRAINING
from tests.app.server import Server

ENV = {"NAME": "shop", "ENVIRONMENT": "test", "POD_NAME": "shop-1", "VERSION": "abc123"}


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """The application sets the process's logging up; other tests want their own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    DRAINING.clear()


@pytest.fixture
def client() -> FlaskClient:
    return create_app(ENV).test_client()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts gunicorn as the image does; every server ends with the test."""
    servers: list[Server] = []

    def start(**env: str) -> Server:
        servers.append(Server(tmp_path, env))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
