from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from cluster import docker_api
from cluster.docker_api import DockerError
from tests.cluster.fakes import Answer, Request, serve


def lines(*reports: dict[str, object]) -> bytes:
    return b"".join(json.dumps(report).encode() + b"\r\n" for report in reports)


def test_a_daemon_answers_on_a_socket_and_by_tcp(tmp_path: Path) -> None:
    with serve(lambda _: Answer(200, b"OK"), tmp_path / "sock") as host:
        docker_api.ping(host)
        assert docker_api.answers(host)
    with serve(lambda _: Answer(200, b"OK")) as address:
        docker_api.ping(f"tcp://{address}")


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("unix:///nowhere/docker.sock", "No such file"),
        ("tcp://127.0.0.1:1", "refused"),
        ("ssh://somewhere", "only unix:///path and tcp://"),
        ("tcp://127.0.0.1:port", "port"),
        ("nonsense", "only unix"),
    ],
)
def test_a_daemon_that_is_not_reached_is_named_with_the_reason(host: str, reason: str) -> None:
    with pytest.raises(DockerError, match=reason) as error:
        docker_api.ping(host)
    assert str(error.value).startswith(f"{host}: ")
    assert not docker_api.answers(host)


def test_a_daemon_that_is_unwell_does_not_count() -> None:
    with serve(lambda _: Answer(503)) as address, pytest.raises(DockerError, match="503"):
        docker_api.ping(f"tcp://{address}")


@pytest.mark.timeout(10)
def test_a_silent_daemon_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(DockerError, match="timed out"):
            docker_api.ping(host, timeout=0.2)
        with pytest.raises(DockerError, match="timed out"):
            docker_api.pull(host, "python:3.11", patience=0.2)


def test_pull_asks_for_one_tag_and_reads_to_the_end() -> None:
    asked: list[Request] = []

    def daemon(request: Request) -> Answer:
        asked.append(request)
        return Answer(200, lines({"status": "Pulling"}, {"status": "Done"}))

    with serve(daemon) as address:
        docker_api.pull(f"tcp://{address}", "library/python:3.11", patience=5)
    assert (asked[0].method, asked[0].path) == ("POST", "/images/create")
    assert asked[0].query == {"fromImage": "library/python", "tag": "3.11"}


@pytest.mark.timeout(20)
def test_a_pull_that_has_begun_may_take_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def daemon() -> None:
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + lines({"status": "Pulling"}))
                time.sleep(0.8)
                client.sendall(lines({"error": "disk full"}))

        thread = threading.Thread(target=daemon)
        thread.start()
        with pytest.raises(DockerError, match="disk full"):
            docker_api.pull(f"tcp://127.0.0.1:{server.getsockname()[1]}", "python:3.11", patience=0.3)
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, lines({"status": "Pulling"}, {"error": "toomanyrequests", "errorDetail": {}})),
        Answer(500, b'{"message": "toomanyrequests"}'),
    ],
)
def test_a_pull_that_fails_says_why(answer: Answer) -> None:
    with serve(lambda _: answer) as address, pytest.raises(DockerError, match="toomanyrequests"):
        docker_api.pull(f"tcp://{address}", "python:3.11", patience=5)


def test_an_answer_that_makes_no_sense_is_an_error() -> None:
    with serve(lambda _: Answer(200, b"<html>")) as address, pytest.raises(DockerError):
        docker_api.pull(f"tcp://{address}", "python:3.11", patience=5)


def test_push_tags_the_image_first() -> None:
    asked: list[Request] = []

    def daemon(request: Request) -> Answer:
        asked.append(request)
        return Answer(201) if request.path.endswith("/tag") else Answer(200, lines({"status": "Pushed"}))

    with serve(daemon) as address:
        docker_api.push(f"tcp://{address}", "python:3.11-slim", "localhost:5001/python:3.11")
    tag, push = asked
    assert (tag.path, tag.query) == ("/images/python:3.11-slim/tag", {"repo": "localhost:5001/python", "tag": "3.11"})
    assert (push.path, push.query) == ("/images/localhost:5001/python/push", {"tag": "3.11"})
    assert push.headers["X-Registry-Auth"]
