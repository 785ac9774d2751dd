from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.registry.client import Registry
from tests.cluster.fakes import Answer, Programs, Request
from tests.deploy.registry.conftest import Login
from tests.deploy.registry.fake import PASSWORD, USER, FakeRegistry


@pytest.mark.parametrize(("auth", "how"), [("basic", "password"), ("token", "password"), ("token", "identity")])
def test_what_docker_login_stored_opens_the_registry(
    fake: FakeRegistry, host: str, login: Login, auth: str, how: str
) -> None:
    fake.auth = auth
    login(how)
    entry = fake.image("team/app")
    assert Registry(host).find("team/app", entry["digest"])


def test_a_credential_helper_is_asked(
    fake: FakeRegistry, host: str, docker_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.auth = "basic"
    (tmp_path / "bin").mkdir()
    secret = json.dumps({"Username": USER, "Secret": PASSWORD})
    Programs(tmp_path / "bin").add("docker-credential-vault", f"echo '{secret}'")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    docker_config.write_text(json.dumps({"credHelpers": {host: "vault"}}))
    assert Registry(host).find("team/app", "latest") is None


@pytest.mark.parametrize(
    "content", ['{"credsStore": "missing"}', '{"auths": {"HOST": {"auth": "c2VjcmV0"}}}', '{"auths": {"HOST": 5}}']
)
def test_credentials_that_cannot_be_read_are_said_and_not_shown(
    fake: FakeRegistry, host: str, docker_config: Path, content: str
) -> None:
    fake.auth = "basic"
    docker_config.write_text(content.replace("HOST", host))
    with pytest.raises(DeployError, match=rf"{host} cannot be read.*`docker login {host}`") as caught:
        Registry(host).find("team/app", "latest")
    assert caught.value.code == os.EX_CONFIG
    assert "secret" not in str(caught.value)


def test_a_token_is_asked_for_once_for_each_right(fake: FakeRegistry, host: str, login: Login) -> None:
    fake.auth = "token"
    login("password")
    registry, entry = Registry(host), fake.blob("elsewhere", b"content")
    for _ in range(2):
        assert registry.find("team/app", "latest") is None
        registry.put_blob("team/app", entry, lambda: iter([b"content"]))
    assert fake.asked.count("GET /token") == 2


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_without_a_login_the_mend_is_named(fake: FakeRegistry, host: str, auth: str) -> None:
    fake.auth = auth
    with pytest.raises(DeployError, match=rf"{host}.*401.*`docker login {host}`") as caught:
        Registry(host).find("team/app", "latest")
    assert caught.value.code == 1


def test_no_password_goes_to_a_token_service_over_plain_http(fake: FakeRegistry, host: str, login: Login) -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="http://192.0.2.1/token",service="x"'}
    fake.trouble = lambda _: Answer(401, headers=challenge)
    login("password")
    with pytest.raises(DeployError, match=r"192\.0\.2\.1/token' as its token service.*https"):
        Registry(host).find("team/app", "latest")


@pytest.mark.parametrize(
    "challenge", ["", "Bearer", "Bearer nonsense", "Bearer realm=", "Bearer a=,b", "Negotiate", 'Basic realm="x"']
)
def test_a_challenge_without_an_answer_is_a_refusal(fake: FakeRegistry, host: str, challenge: str) -> None:
    fake.trouble = lambda _: Answer(401, headers={"WWW-Authenticate": challenge})
    with pytest.raises(DeployError, match=host) as caught:
        Registry(host).find("team/app", "latest")
    assert caught.value.code == 1


@pytest.mark.parametrize(
    ("status", "body", "code"), [(200, b"<html>", 1), (200, b"{}", 1), (200, b"[]", 1), (500, b"", 69)]
)
def test_a_token_service_that_gives_none_is_said(
    fake: FakeRegistry, host: str, status: int, body: bytes, code: int
) -> None:
    fake.auth = "token"
    fake.trouble = lambda request: Answer(status, body) if request.path == "/token" else None
    with pytest.raises(DeployError, match=rf"token service of the registry {host} gives no token") as caught:
        Registry(host).find("team/app", "latest")
    assert caught.value.code == code


def test_netrc_is_left_alone(fake: FakeRegistry, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    seen: list[str | None] = []

    def note(request: Request) -> None:
        seen.append(request.headers.get("Authorization"))

    fake.trouble = note
    Registry(host).find("team/app", "latest")
    assert seen == [None]
