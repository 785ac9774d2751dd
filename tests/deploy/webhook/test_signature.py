"""Who may send."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.webhook import signature
from tests.deploy.webhook.samples import SECRET, body, github, gitlab, hmac


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in headers.items()}


@pytest.mark.parametrize("known", [(SECRET,), ("another-secret-of-old", SECRET)])
def test_whoever_knows_a_secret_is_known(known: tuple[str, ...]) -> None:
    assert signature.sender(lowered(github(body())), body(), known) == "GitHub"
    assert signature.sender(lowered(gitlab()), body(), known) == "GitLab"
    assert signature.sender(lowered(hmac(body())), body(), known) == "HMAC"


def test_a_secret_may_have_any_letter() -> None:
    secret = "größer als sechzehn"
    given = secret.encode().decode("latin-1")  # as WSGI has it
    assert signature.sender({"x-gitlab-token": given}, body(), (secret,)) == "GitLab"


def test_githubs_own_example_is_right() -> None:
    # docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    wanted = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signature.signed("It's a Secret to Everybody", b"Hello, World!") == wanted


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature": "sha1=0000"},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": signature.signed(SECRET, b"another body")},
        {"x-hub-signature-256": signature.signed("another-secret", body())},
        {"x-hub-signature-256": signature.signed(SECRET, body()).removeprefix("sha256=")},
        {"x-hub-signature-256": "sha256=é"},
        {"x-gitlab-token": SECRET[:-1]},
        {"x-gitlab-token": SECRET + "x"},
        {"x-signature-256": "sha256="},
        # One wrong signature is not made good by another kind of it.
        {"x-hub-signature-256": "sha256=00", "x-gitlab-token": SECRET},
    ],
)
def test_nobody_else_is(headers: dict[str, str]) -> None:
    assert signature.sender(headers, body(), (SECRET,)) is None


def test_a_file_comes_before_the_variable_and_has_a_secret_on_each_line(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n\n another-secret-of-old \n")
    env = {signature.SECRET: "from-the-variable", f"{signature.SECRET}_FILE": str(file)}
    assert signature.secrets(env) == (SECRET, "another-secret-of-old")
    assert signature.secrets({signature.SECRET: SECRET}) == (SECRET,)


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({}, "openssl rand"),
        ({signature.SECRET: " \n"}, "openssl rand"),
        ({signature.SECRET: "tiny-hidden"}, "at least 16"),
        ({f"{signature.SECRET}_FILE": "/nonexistent/file"}, "No such file"),
        ({f"{signature.SECRET}_FILE": "/"}, "Is a directory"),
    ],
)
def test_no_good_secret_no_server(env: dict[str, str], says: str) -> None:
    with pytest.raises(DeployError, match=says) as raised:
        signature.secrets(env)
    assert raised.value.code == 78
    assert "tiny-hidden" not in str(raised.value)


def test_jobs_do_not_get_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(signature.SECRET, SECRET)
    monkeypatch.setenv(f"{signature.SECRET}_FILE", "/run/secret")
    assert not any(key.startswith(signature.SECRET) for key in signature.without_secret())
