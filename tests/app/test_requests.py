import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from tests.app.slow import create

CANARY = "canary-4711"


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def make() -> FlaskClient:
    """Made within the test, so that the log goes to what the test captures."""
    return create_app({}).test_client()


def test_one_line_per_request(capsys: pytest.CaptureFixture[str]) -> None:
    make().get("/healthz", headers={"User-Agent": "probe/1"})
    (line,) = logged(capsys)
    assert line["time"].endswith("+00:00")
    assert isinstance(line["duration_ms"], float)
    assert {key: line[key] for key in ("level", "method", "path", "status", "bytes", "remote", "user_agent")} == {
        "level": "info",
        "method": "GET",
        "path": "/healthz",
        "status": 200,
        "bytes": 3,
        "remote": "127.0.0.1",
        "user_agent": "probe/1",
    }


def test_query_headers_and_body_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    make().post(f"/?token={CANARY}", data={"password": CANARY}, headers={"Authorization": CANARY, "Cookie": CANARY})
    (line,) = logged(capsys)
    assert line["status"] == 405
    assert CANARY not in json.dumps(line)


def test_a_line_cannot_be_forged(capsys: pytest.CaptureFixture[str]) -> None:
    make().get('/%0a{"level": "error"}', headers={"User-Agent": '"} x'})
    (line,) = logged(capsys)
    assert line["path"] == '/\n{"level": "error"}'


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("", False), ("a b", False), ("é", False), ("a" * 129, False)]
)
def test_a_decent_request_id_is_kept(capsys: pytest.CaptureFixture[str], given: str, kept: bool) -> None:
    response = make().get("/", headers={"X-Request-Id": given})
    (line,) = logged(capsys)
    assert response.headers["X-Request-Id"] == line["request_id"]
    assert (line["request_id"] == given) is kept
    assert len(line["request_id"]) >= 9


def test_an_error_is_logged_with_its_traceback_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    response = create().test_client().get("/broken")
    assert response.status_code == 500
    assert "broken on purpose" not in response.text
    error, request = logged(capsys)
    assert error["level"] == "error"
    assert "RuntimeError: broken on purpose" in error["exception"]
    assert request["status"] == 500


def test_the_level_is_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    create_app({"LOG_LEVEL": "warning"}).test_client().get("/")
    assert logged(capsys) == []


def test_an_unknown_level_is_told_and_counts_as_info(capsys: pytest.CaptureFixture[str]) -> None:
    create_app({"LOG_LEVEL": "loud"}).test_client().get("/")
    warning, request = logged(capsys)
    assert warning["message"].startswith("LOG_LEVEL 'loud': must be one of debug, info")
    assert request["status"] == 200
