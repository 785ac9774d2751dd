"""Who listens on a port, said by name."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import ports
from cluster.errors import ClusterError


@pytest.fixture(params=["127.0.0.1", "0.0.0.0", "::1", "::"])  # noqa: S104
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((request.param, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_the_message_names_port_use_process_and_the_mend(port: int) -> None:
    with pytest.raises(ClusterError) as caught:
        ports.require_free(port, "the registry")
    name = Path("/proc/self/comm").read_text().strip()
    assert caught.value.code == os.EX_UNAVAILABLE
    assert str(caught.value) == (
        f"port {port} on localhost, which the registry needs, is taken by {name} (pid {os.getpid()}): "
        "end that process, then try again"
    )


def test_a_port_that_is_free_or_only_bound_is_no_hindrance() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert ports.owner(bound.getsockname()[1]) == ""


def test_a_listener_on_another_address_is_no_hindrance() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.2", 0))
        listener.listen()
        assert ports.owner(listener.getsockname()[1]) == ""
