from __future__ import annotations

import threading

import pytest

from deploy.errors import DeployError
from deploy.registry.client import Registry
from deploy.registry.connection import origin
from tests.cluster.fakes import Answer, Request, serve
from tests.deploy.registry.conftest import Login
from tests.deploy.registry.fake import FakeRegistry


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (Answer(400, b'{"errors": [{"code": "NAME_INVALID"}]}'), 1, "refuses GET team/app/.*: 400 .*NAME_INVALID"),
        (Answer(403, b'{"errors": [{"code": "DENIED"}]}'), 1, r"403 Forbidden, DENIED\. Log in .*`docker login"),
        (Answer(429, b""), 69, "out of order: .*429"),
        (Answer(500, b"<html>"), 69, "out of order: .*500"),
        (Answer(503, b""), 69, "out of order: .*503"),
    ],
)
def test_a_refusal_has_the_reason(fake: FakeRegistry, host: str, answer: Answer, code: int, said: str) -> None:
    fake.trouble = lambda _: answer
    with pytest.raises(DeployError, match=f"The registry {host} .*{said}") as caught:
        Registry(host).find("team/app", "latest")
    assert caught.value.code == code


def test_a_passing_fault_is_no_error(fake: FakeRegistry, host: str) -> None:
    faults = [Answer(503), Answer(429, headers={"Retry-After": "0"})]
    fake.trouble = lambda _: faults.pop() if faults else None
    assert Registry(host).find("team/app", "latest") is None


def test_a_registry_that_hangs_is_left() -> None:
    done = threading.Event()

    def hang(_: Request) -> Answer:
        done.wait(30)
        return Answer()

    with serve(hang) as host:
        try:
            with pytest.raises(DeployError, match=f"{host} is not reached: .*timed out") as caught:
                Registry(host, timeout=0.1).find("team/app", "latest")
        finally:
            done.set()
    assert caught.value.code == 69


@pytest.mark.parametrize(("host", "reason"), [("127.0.0.1:1", "refused"), ("registry.invalid", "not known|resolution")])
def test_a_registry_that_is_away_is_named(host: str, reason: str) -> None:
    try:
        raise KeyError("what went wrong before")
    except KeyError:  # is no reason to give
        with pytest.raises(DeployError, match=f"The registry {host} is not reached: .*({reason})") as caught:
            Registry(host).find("team/app", "latest")
    assert caught.value.code == 69


def test_an_answer_that_is_cut_short_is_an_error(fake: FakeRegistry, host: str) -> None:
    fake.trouble = lambda _: Answer(200, b"{}", {"Content-Length": "100", "Connection": "close"})
    with pytest.raises(DeployError, match="not reached") as caught:
        Registry(host).find("team/app", "latest")
    assert caught.value.code == 69


def test_an_endless_manifest_is_not_read_to_its_end(fake: FakeRegistry, host: str) -> None:
    fake.trouble = lambda _: Answer(200, b" " * (6 << 20))
    with pytest.raises(DeployError, match="more than 4 MiB"):
        Registry(host).find("team/app", "latest")


def test_no_proxy_stands_before_loopback(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert Registry(host).find("team/app", "latest") is None


@pytest.mark.parametrize("proxy", ["http://me:hush#hush@proxy:1", "http://me:hush/hush@proxy:1", "http://me:hush@:1"])
def test_a_proxy_that_is_no_url_is_not_quoted(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(DeployError, match=r"registry\.invalid is not reached: .*a proxy in the environment") as caught:
        Registry("registry.invalid").find("team/app", "latest")
    assert caught.value.code == 69
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://r.test/v2/", "https://R.test:443/v2/x?a=b", True),
        ("http://r.test/v2/", "http://r.test:80/", True),
        ("https://r.test/v2/", "http://r.test/v2/", False),
        ("https://r.test/v2/", "https://r.test:444/v2/", False),
        ("https://r.test/v2/", "https://r.test:port/v2/", False),
        ("https://r.test/v2/", "https://r.test.evil.test/v2/", False),
        ("https://r.test/v2/", "https://me@r.test/v2/", True),
    ],
)
def test_where_a_registry_sends_an_upload_to_itself(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same


def test_credentials_stay_with_their_registry(fake: FakeRegistry, host: str, login: Login) -> None:
    fake.auth = "token"
    login("password")
    seen: list[Request] = []

    def elsewhere(request: Request) -> Answer:
        seen.append(request)
        return Answer(201)

    with serve(elsewhere) as storage:
        begun = Answer(202, headers={"Location": f"http://{storage}/upload?signature=1"})
        fake.trouble = lambda request: begun if request.method == "POST" else None
        entry = fake.blob("elsewhere", b"content")
        assert Registry(host).put_blob("team/app", entry, lambda: iter([b"content"]))
    assert seen[0].body == b"content"
    assert seen[0].query == {"signature": "1", "digest": entry["digest"]}
    assert "Authorization" not in seen[0].headers


def test_an_upload_has_its_length(fake: FakeRegistry, host: str) -> None:
    lengths: list[str | None] = []
    fake.trouble = lambda request: lengths.append(request.headers.get("Content-Length"))
    assert Registry(host).put_blob("team/app", fake.blob("elsewhere", b"content"), lambda: iter([b"con", b"tent"]))
    assert lengths[-1] == "7"
