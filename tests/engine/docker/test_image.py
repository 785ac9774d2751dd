"""The provider of images: defaults, differences, and when a daemon is asked at all."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from engine.docker import configure
from engine.provider import Provider, ProviderError, Resource
from engine.resource.values import UNKNOWN, Properties, Secret, unwrap
from tests.engine.docker.fake_daemon import DIGEST, IMAGE_ID, FakeDaemon
from tests.engine.docker.images import NEWS, TOKEN, check, create


async def test_check_fills_in_what_the_real_provider_does(provider: Provider) -> None:
    inputs = await check(provider)
    assert inputs["buildOnPreview"] is False
    assert inputs["build"]["dockerfile"] == "app/Dockerfile"
    assert inputs["build"]["platform"].startswith("linux/")
    assert len(inputs["build"]["contextDigest"]) == 64
    assert inputs["registry"]["password"] == Secret("canary-password")


async def test_create_builds_pushes_and_records_the_registrys_digest(provider: Provider, daemon: FakeDaemon) -> None:
    inputs = await check(provider)
    result = await create(provider, inputs)
    [(query, _)] = daemon.asked("/build")
    assert query["t"] == "localhost:5001/team/app:v1"
    assert query["version"] == "2"
    assert query["buildargs"] == '{"REVISION": "abc"}'
    assert (query["networkmode"], query["target"], query["dockerfile"]) == ("host", "run", "Dockerfile")
    assert daemon.files["main.py"] == "print(1)\n"
    [(query, headers)] = daemon.asked("/push")
    assert query["tag"] == "v1"
    assert headers["X-Registry-Auth"]
    assert result.id == "localhost:5001/team/app:v1"
    assert result.outputs == {
        "baseImageName": "localhost:5001/team/app:v1",
        "context": "./app",
        "dockerfile": "Dockerfile",
        "imageName": "localhost:5001/team/app:v1",
        "platform": inputs["build"]["platform"],
        "registryServer": "localhost:5001",
        "repoDigest": f"localhost:5001/team/app@{DIGEST}",
        "__inputs": Secret(unwrap(inputs)),
    }


async def test_nothing_changed_asks_no_daemon(project: Path) -> None:
    provider = configure({"host": "unix:///nowhere.sock"})
    inputs = await check(provider)
    recorded = Resource("urn", TOKEN, "app", "id", inputs, {"__inputs": Secret(unwrap(inputs))})
    assert not (await provider.diff(recorded, await check(provider))).changes


async def test_a_changed_file_or_option_is_an_update_and_other_credentials_are_not(
    provider: Provider, project: Path
) -> None:
    inputs = await check(provider)
    recorded = Resource("urn", TOKEN, "app", "id", inputs, {"__inputs": Secret(unwrap(inputs))})
    (project / "app" / "main.py").write_text("print(2)\n")
    diff = await provider.diff(recorded, await check(provider))
    assert (diff.changed, diff.replaces) == (("build.contextDigest",), ())
    (project / "app" / "main.py").write_text("print(1)\n")
    other = {**NEWS, "registry": {**NEWS["registry"], "password": Secret("new"), "username": "you"}}
    assert not (await provider.diff(recorded, await check(provider, other))).changes
    moved = {**NEWS, "registry": {**NEWS["registry"], "server": "elsewhere.example.com"}}
    assert (await provider.diff(recorded, await check(provider, moved))).changed == ("registry.server",)


async def test_a_preview_builds_nothing_and_its_digest_is_unknown(provider: Provider, daemon: FakeDaemon) -> None:
    result = await create(provider, await check(provider), preview=True)
    assert daemon.calls == []
    assert result.outputs["repoDigest"] is UNKNOWN
    assert result.outputs["imageName"] == "localhost:5001/team/app:v1"


async def test_build_on_preview_builds_and_does_not_push(provider: Provider, daemon: FakeDaemon) -> None:
    result = await create(provider, await check(provider, {**NEWS, "buildOnPreview": True}), preview=True)
    assert daemon.asked("/push") == []
    assert result.outputs["repoDigest"] == IMAGE_ID


async def test_without_push_the_images_id_is_recorded(provider: Provider, daemon: FakeDaemon) -> None:
    result = await create(provider, await check(provider, {**NEWS, "skipPush": True}))
    assert daemon.asked("/push") == []
    assert result.outputs["repoDigest"] == IMAGE_ID


async def test_the_classic_builder_on_request(provider: Provider, daemon: FakeDaemon) -> None:
    build = {**NEWS["build"], "builderVersion": "BuilderV1"}
    await create(provider, await check(provider, {**NEWS, "build": build}))
    assert "version" not in daemon.asked("/build")[0][0]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (
            [
                {"stream": "Step 3/4 : RUN pip install nothing"},
                {"stream": "no matching distribution"},
                {"errorDetail": {"message": "returned a non-zero code: 1"}, "error": "returned a non-zero code: 1"},
            ],
            r"from app/Dockerfile failed at `RUN pip install nothing`: returned a non-zero code: 1.\n"
            r"    no matching distribution\nCorrect app/Dockerfile",
        ),
        ([{"error": "failed to do request: dial tcp: connection refused"}], "base image's registry running"),
        ([{"error": "pull access denied: 401 Unauthorized: unauthorized"}], "docker login"),
        ([{"stream": "nothing"}], "ended without an image"),
    ],
)
async def test_a_broken_build_says_where_and_why(
    provider: Provider, daemon: FakeDaemon, messages: list[dict[str, Any]], said: str
) -> None:
    daemon.build = messages
    with pytest.raises(ProviderError, match=said):
        await create(provider, await check(provider))
    assert daemon.asked("/push") == []


async def test_a_dockerfile_that_cannot_be_parsed_is_told_without_the_request(
    provider: Provider, daemon: FakeDaemon
) -> None:
    daemon.refusal = (400, "dockerfile parse error line 2: unknown instruction: FOO")
    with pytest.raises(ProviderError, match="app/Dockerfile failed: dockerfile parse error line 2") as raised:
        await create(provider, await check(provider))
    assert "buildargs" not in str(raised.value)


async def test_no_secret_is_said(provider: Provider, daemon: FakeDaemon) -> None:
    build = {**NEWS["build"], "args": Secret({"TOKEN": "canary-token"})}
    daemon.build = [
        {"stream": "Step 1/1 : RUN curl canary-token"},
        {"error": "canary-token canary-password refused"},
    ]
    said: list[str] = []
    with pytest.raises(ProviderError) as raised:
        await create(provider, await check(provider, {**NEWS, "build": build}), said=said)
    for text in (str(raised.value), *said):
        assert "canary" not in text


async def test_no_daemon_says_where_and_that_a_pinned_image_needs_none(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    provider = configure({})
    with pytest.raises(ProviderError, match=r"unix:///nowhere/docker.sock \(DOCKER_HOST\).*pinned image"):
        await create(provider, await check(provider))


async def test_a_limit_of_time_and_a_cancel_end_the_wait(provider: Provider, daemon: FakeDaemon) -> None:
    daemon.hold = threading.Event()
    daemon.build = [{"stream": "Step 1/1 : RUN sleep"}, {"aux": {"ID": IMAGE_ID}}]
    inputs = await check(provider)
    with pytest.raises(ProviderError, match=r"more than 0.2 s"):
        await create(provider, inputs, timeout=0.2)
    said: list[str] = []
    task = asyncio.create_task(create(provider, inputs, said=said))
    while not said:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    daemon.hold.set()
    for thread in threading.enumerate():
        if thread.name == "docker-build":
            thread.join()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"build": {"context": "nowhere"}}, "context 'nowhere' is no folder"),
        ({"build": {"context": "app", "dockerfile": "nope"}}, "no Dockerfile 'nope'"),
        ({"build": {"context": "app", "dockerfile": "main.py2"}}, "build.dockerfile"),
    ],
)
async def test_a_path_that_is_wrong_is_named(provider: Provider, change: Properties, said: str) -> None:
    with pytest.raises(ProviderError, match=said):
        await check(provider, {**NEWS, **change})


async def test_a_dockerfile_given_relative_to_the_context_is_put_right(provider: Provider, project: Path) -> None:
    (project / "app" / "Prod.Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(ProviderError, match=r"Set build\.dockerfile to 'app/Prod\.Dockerfile'"):
        await check(provider, {**NEWS, "build": {"context": "app", "dockerfile": "Prod.Dockerfile"}})


@pytest.mark.parametrize(
    "name", ["app:v1", "team/app:v1", "localhost:5001/Team/app", "", "localhost:5001/app@sha256:x"]
)
async def test_a_name_that_is_not_full_is_a_complaint_about_it(provider: Provider, name: str) -> None:
    _, failures = await provider.check(Resource("urn", TOKEN, "app"), {**NEWS, "imageName": name}, b"")
    assert [failure.property for failure in failures] == ["imageName"]


async def test_unknown_inputs_are_left_for_later(provider: Provider) -> None:
    inputs = await check(provider, {**NEWS, "imageName": UNKNOWN, "build": {"context": UNKNOWN}})
    assert "contextDigest" not in inputs["build"]
    result = await create(provider, {**inputs, "buildOnPreview": True}, preview=True)
    assert result.outputs["imageName"] is UNKNOWN


async def test_other_types_and_inputs_name_the_cli(provider: Provider) -> None:
    with pytest.raises(ProviderError, match=r"docker:index/container:Container .*Pulumi CLI"):
        await provider.check(Resource("urn", "docker:index/container:Container", "c"), {}, b"")
    with pytest.raises(ProviderError, match=r"'registryAuth' .*Pulumi CLI"):
        configure({"registryAuth": "[{}]"})
    with pytest.raises(ProviderError, match="unknown input 'hosst'"):
        configure({"hosst": "x"})


async def test_delete_leaves_the_pushed_image_and_read_gives_the_recorded_state(
    provider: Provider, daemon: FakeDaemon
) -> None:
    resource = Resource("urn", TOKEN, "app", "id", {"a": 1}, {"b": 2})
    await provider.delete(resource, timeout=0, status=print)
    assert await provider.read(resource, "id", resource.inputs) == ("id", {"a": 1}, {"b": 2})
    assert daemon.calls == []
