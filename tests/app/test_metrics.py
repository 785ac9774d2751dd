import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from tests.app.server import Server


def sample(text: str, name: str, **labels: str) -> float:
    """The sum of the samples of that name which have those labels."""
    return sum(
        found.value
        for family in text_string_to_metric_families(text)
        for found in family.samples
        if found.name == name and labels.items() <= found.labels.items()
    )


def test_counts_by_method_route_and_status(client: FlaskClient) -> None:
    before = sample(client.get("/metrics").text, "http_requests_total", route="unmatched", status="404")
    for path in ("/a", "/b", "/c"):
        client.get(path)
    client.open("/", method="BREW")
    text = client.get("/metrics").text
    assert sample(text, "http_requests_total", route="unmatched", status="404") == before + 3
    assert sample(text, "http_requests_total", method="other") >= 1
    assert "/a" not in text
    assert "BREW" not in text


def test_says_what_runs(client: FlaskClient) -> None:
    response = client.get("/metrics")
    assert response.mimetype == "text/plain"
    assert sample(response.text, "flask_k8s_info", version="abc123", environment="test") == 1


def test_several_workers_answer_as_one(serve: Callable[..., Server]) -> None:
    server = serve(WORKERS="3", THREADS="2", VERSION="abc123")
    server.wait_for_workers(3)
    with ThreadPoolExecutor(8) as pool:
        assert {status for status, _, _ in pool.map(lambda _: server.get("/"), range(60))} == {200}
    files = {file.name for file in server.metrics.glob("counter_*.db")}
    assert len(files) > 1, "only one worker answered: nothing was shown"
    for _ in range(10):
        text = server.get("/metrics")[2]
        assert sample(text, "http_requests_total", route="/", status="200") == 60
        assert sample(text, "http_request_duration_seconds_count", route="/") == 60
        assert sample(text, "http_requests_in_flight") == 1
        assert sample(text, "flask_k8s_info", version="abc123") == 1


def test_a_dead_workers_counts_stay_and_its_gauges_go(serve: Callable[..., Server]) -> None:
    server = serve(WORKERS="1", TARGET="tests.app.slow:create()")
    assert server.get("/")[0] == 200
    (worker,) = server.workers()
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(server.get, "/slow?seconds=5")
        while sample(server.get("/metrics")[2], "http_requests_in_flight") < 2:
            time.sleep(0.05)
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(OSError, match=r"closed|reset"):
            pending.result(10)
    server.wait_for_workers(1)
    text = server.get("/metrics")[2]
    assert sample(text, "http_requests_total", route="/", status="200") == 1
    assert sample(text, "http_requests_in_flight") == 1


def test_a_restarted_container_starts_from_zero(serve: Callable[..., Server], tmp_path: Path) -> None:
    first = serve()
    first.get("/")
    first.term()
    first.wait(15)
    assert list(first.metrics.glob("*.db"))
    assert sample(serve().get("/metrics")[2], "http_requests_total", route="/") == 0
