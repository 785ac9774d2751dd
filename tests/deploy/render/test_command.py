"""The command `render`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from deploy.errors import DeployError
from deploy.observe.recorded import Recorded
from tests.deploy.render.conftest import PASSPHRASE, RECIPIENT, SOPS, VALUE, World, made


@pytest.fixture
def rendered(world: World, tools: Path) -> World:
    assert world.render() == 0
    return world


def test_one_file_for_each_object_and_a_kustomization(rendered: World) -> None:
    texts = rendered.texts()
    assert list(texts) == [
        "deployment-small.yaml",
        "kustomization.yaml",
        "namespace-small.yaml",
        "secret-small-secret.yaml",
    ]
    assert all(text.startswith("# Made by `python -m deploy render prod`") for text in texts.values())
    assert yaml.safe_load(texts["kustomization.yaml"])["resources"] == [
        "namespace-small.yaml", "deployment-small.yaml", "secret-small-secret.yaml"
    ]  # fmt: skip
    assert {file.stat().st_mode & 0o777 for file in rendered.out.iterdir()} == {0o644}


def test_no_secret_is_in_plain_anywhere(rendered: World, tools: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shown = capfd.readouterr()
    texts = rendered.texts()
    everything = "".join([*texts.values(), tools.read_text(), shown.out, shown.err])
    assert VALUE not in everything
    assert "aHVudGVy" not in everything
    sealed = yaml.safe_load(texts["secret-small-secret.yaml"])
    assert sealed["metadata"]["name"] in texts["deployment-small.yaml"]


def test_is_the_same_from_run_to_run_and_touches_nothing(rendered: World, tools: Path) -> None:
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in rendered.out.iterdir()}
    assert rendered.render() == 0
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in rendered.out.iterdir()} == before
    assert len(tools.read_text().splitlines()) == 1, "what is sealed is kept"
    assert rendered.render(check=True) == 0


def test_a_stale_render_fails_the_check_which_writes_nothing(
    rendered: World, capsys: pytest.CaptureFixture[str]
) -> None:
    rendered.extra = [made("v1", "ConfigMap", "new"), made("v1", "Service", "small")]
    (rendered.out / "deployment-small.yaml").write_text(rendered.texts()["deployment-small.yaml"] + "#\n")
    (rendered.out / "namespace-small.yaml").rename(rendered.out / "namespace-old.yaml")
    before = rendered.texts()
    assert rendered.render(check=True) == 1
    assert rendered.texts() == before
    shown = [line.removeprefix(f"{rendered.out}/") for line in capsys.readouterr().out.splitlines()]
    assert shown == [
        "configmap-new.yaml: missing",
        "deployment-small.yaml: changed",
        "kustomization.yaml: changed",
        "namespace-old.yaml: left over",
        "namespace-small.yaml: missing",
        "service-small.yaml: missing",
    ]
    assert rendered.render() == 0
    assert "namespace-old.yaml" not in rendered.texts()
    assert rendered.render(check=True) == 0


def test_another_content_is_sealed_anew_under_another_name(rendered: World, tools: Path) -> None:
    before = rendered.texts()
    rendered.configure("other-content")
    assert rendered.render(check=True) == 1
    assert len(tools.read_text().splitlines()) == 1, "a check seals nothing"
    assert rendered.render() == 0
    after = rendered.texts()
    assert [name for name in after if after[name] != before[name]] == [
        "deployment-small.yaml", "kustomization.yaml", "secret-small-secret.yaml"
    ]  # fmt: skip


def test_without_the_passphrase_what_is_sealed_is_kept(
    rendered: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rendered.texts()
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    rendered.recorded = Recorded()
    assert rendered.render(check=True) == 0
    assert rendered.render() == 0
    assert rendered.texts() == before
    rendered.configure("other-content")
    assert rendered.render(check=True) == 1
    assert "kustomization.yaml: older than the stack's secrets" in capsys.readouterr().out
    assert rendered.render() == 0
    assert rendered.texts() == before
    assert "render with the passphrase" in capsys.readouterr().err


def test_without_the_passphrase_nothing_is_sealed_for_others(
    rendered: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rendered.texts()
    rendered.declare(sops={"age": [RECIPIENT, "age1pppp"]})
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert rendered.render(check=True) == 1
    assert "secret-small-secret.yaml: sealed otherwise" in capsys.readouterr().out
    with pytest.raises(
        DeployError, match=r"secret-small-secret.yaml: a Secret that is there would be lost.*PASSPHRASE"
    ) as caught:
        rendered.render()
    assert caught.value.code == os.EX_CONFIG
    assert rendered.texts() == before
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    assert rendered.render() == 0
    assert "age1pppp" in rendered.texts()["secret-small-secret.yaml"]


@pytest.mark.parametrize(
    ("secrets", "says"),
    [
        ({"sealedSecret": {"certificate": "prod.crt"}}, "the passphrase is not at hand.*Set PULUMI_CONFIG_PASSPHRASE"),
        ({}, "pipeline.yaml has no `secrets`.*Declare them, or delete the file yourself"),
    ],
    ids=["another form", "none"],
)
def test_a_sealed_secret_is_never_lost(
    rendered: World, monkeypatch: pytest.MonkeyPatch, secrets: dict[str, object], says: str
) -> None:
    before = rendered.texts()
    rendered.declare(**secrets)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert rendered.render(check=True) == 1
    with pytest.raises(DeployError, match=rf"secret-small-secret\.yaml: .*{says}") as caught:
        rendered.render()
    assert caught.value.code == os.EX_CONFIG
    assert rendered.texts() == before


def test_a_sealed_secret_with_a_value_in_plain_fails_the_check(
    rendered: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = rendered.out / "secret-small-secret.yaml"
    header, _, text = file.read_text().partition("\n")
    content = yaml.safe_load(text)
    content["data"]["SECRET_KEY"] = "aHVudGVyMg=="
    file.write_text(f"{header}\n{yaml.safe_dump(content)}")
    for _ in range(2):
        assert rendered.render(check=True) == 1
        assert capsys.readouterr().out == f"{file}: sealed otherwise\n"
        monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)


def test_without_the_passphrase_a_new_render_leaves_the_secrets_out_and_lists_them(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    with pytest.raises(DeployError, match="small-secret ends in a keyed hash"):
        world.render()
    assert not world.out.exists()
    name = "small-secret-0123456789"
    inputs = {"metadata": {"namespace": "ns", "name": name}}
    world.recorded = Recorded(resources=[{"type": "kubernetes:core/v1:Secret", "inputs": inputs}])
    assert world.render() == 0
    assert "left out: Secret ns/small-secret-0123456789: the passphrase is not at hand" in capsys.readouterr().err
    assert name in world.texts()["deployment-small.yaml"]
    assert list(world.texts()) == ["deployment-small.yaml", "kustomization.yaml", "namespace-small.yaml"]
    world.recorded = Recorded()
    assert world.render(check=True) == 0, "the render that is there tells the name"
    world.configure("other-content")
    assert world.render(check=True) == 1
    assert "kustomization.yaml: older than the stack's secrets" in capsys.readouterr().out


def test_a_stage_that_declares_no_form_leaves_the_secrets_out(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.declare()
    assert world.render() == 0
    assert "pipeline.yaml has no `secrets`" in capsys.readouterr().err
    world.declare(**SOPS)
    (world.project / "pipeline.yaml").unlink()
    assert world.render(check=True) == 0, "a project without a pipeline has no forms either"


def test_an_external_secret_needs_no_passphrase_and_no_state(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.declare(externalSecret={"store": "vault", "key": "team/prod"})
    assert world.render() == 0
    before = world.texts()
    assert "name: small-secret\n" in before["deployment-small.yaml"]
    assert yaml.safe_load(before["externalsecret-small-secret.yaml"])["spec"]["data"] == [
        {"secretKey": "SECRET_KEY", "remoteRef": {"key": "team/prod/small-secret", "property": "SECRET_KEY"}}
    ]
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    world.configure("other-content", secretKey=None)
    assert world.render(check=True) == 0


def test_a_wrong_passphrase_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    with pytest.raises(DeployError, match="incorrect passphrase") as caught:
        world.render()
    assert caught.value.code == os.EX_CONFIG
    assert not world.out.exists()


def test_a_folder_with_foreign_files_is_refused_and_nothing_deleted(rendered: World) -> None:
    (rendered.out / "notes.md").write_text("mine\n")
    rendered.extra = [made("v1", "Service", "small")]
    before = rendered.texts()
    for check in (True, False):
        with pytest.raises(DeployError, match=r"did not make: notes\.md") as caught:
            rendered.render(check=check)
        assert caught.value.code == os.EX_CONFIG
    assert rendered.texts() == before
    for number in range(8):
        (rendered.out / f"a{number}").touch()
    with pytest.raises(DeployError, match="did not make: a0, a1, a2, a3, a4 and 4 more"):
        rendered.render()
