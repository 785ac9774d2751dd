import subprocess
import sys

import pulumi
import pytest

from components import AppImage, AppImageArgs
from tests.components.recorder import PINNED, plain, record

TYPE = "docker:index/image:Image"


def test_builds_and_refers_to_the_digest_the_registry_returned() -> None:
    args = AppImageArgs(
        repository="localhost:5001/app",
        tag="dev",
        build_args={"REVISION": "abc"},
        network="host",
        platform="linux/arm64",
    )
    recorded = record(lambda: AppImage("app", args))
    inputs = recorded.only(TYPE)
    assert inputs["imageName"] == "localhost:5001/app:dev"
    assert inputs["build"] == {
        "context": "app",
        "dockerfile": "app/Dockerfile",
        "args": {"REVISION": "abc"},
        "network": "host",
        "platform": "linux/arm64",
    }
    assert "registry" not in inputs
    assert inputs["skipPush"] is False
    assert recorded.outputs_of("AppImage") == {"reference": f"localhost:5001/app@sha256:{'b' * 64}"}


def test_credentials_go_to_the_registry_and_stay_secret() -> None:
    args = AppImageArgs(repository="ghcr.io/owner/app", username="robot", password="canary")
    registry = record(lambda: AppImage("app", args)).only(TYPE)["registry"]
    # The password makes everything around it secret.
    registry = plain(registry) if "value" in registry else registry
    password = registry["password"]
    assert registry["server"] == "ghcr.io"
    assert registry["username"] == "robot"
    assert (plain(password) if isinstance(password, dict) else password) == "canary"
    assert "canary" not in repr(args)


def test_a_pinned_image_registers_nothing_but_itself() -> None:
    recorded = record(lambda: AppImage("app", AppImageArgs(pinned=PINNED)))
    assert recorded.types() == ["flask-k8s:index:AppImage"]
    assert recorded.outputs_of("AppImage") == {"reference": PINNED}


def test_a_pinned_image_does_not_even_load_the_docker_sdk() -> None:
    program = f"""
import sys
from components import AppImage, AppImageArgs
from tests.components.recorder import record
record(lambda: AppImage("app", AppImageArgs(pinned={PINNED!r})))
assert "pulumi_docker" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "neither given, exactly one is due"),
        ({"pinned": PINNED, "repository": "ghcr.io/owner/app"}, "both .* given, exactly one is due"),
        ({"pinned": "ghcr.io/owner/app:latest"}, "pinned 'ghcr.io/owner/app:latest': must be pinned by digest"),
        ({"pinned": "app@sha256:abc"}, "must be pinned by digest"),
        ({"repository": "https://ghcr.io/app"}, "repository 'https://ghcr.io/app': must be a registry's host"),
        ({"repository": "ghcr.io/app", "tag": "a b"}, "tag 'a b': must be an image tag"),
        ({"repository": "ghcr.io/app", "username": "robot"}, "username given alone; set both"),
        ({"repository": "ghcr.io/app", "password": "canary"}, "password given alone; set both"),
    ],
)
def test_bad_arguments_are_refused(args: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        AppImageArgs(**args)  # type: ignore[arg-type]
    assert "canary" not in str(caught.value)


def test_build_arguments_may_be_outputs() -> None:
    args = AppImageArgs(repository="ghcr.io/app", build_args={"A": pulumi.Output.from_input("1")})
    assert record(lambda: AppImage("app", args)).only(TYPE)["build"]["args"] == {"A": "1"}
