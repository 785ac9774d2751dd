"""Sealing by sops and kubeseal, for which stand-ins are on PATH; the real ones: tests/integration/test_render.py."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.errors import DeployError
from deploy.pipeline.sealing import SealedSecret, Sops
from deploy.render.seal import KubesealSealer, Sealer, SopsSealer

VALUE = "aHVudGVyMg=="
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "app-secret-0123456789", "namespace": "ns", "labels": {"app": "a"}},
    "type": "Opaque",
    "immutable": True,
    "data": {"KEY": VALUE},
}


@pytest.fixture(params=["sops", "kubeseal"])
def sealer(request: pytest.FixtureRequest, tmp_path: Path, tools: Path) -> Sealer:
    if request.param == "sops":
        return SopsSealer(Sops(age=("age1qqqq", "age1pppp")))
    (tmp_path / "prod.crt").write_text("certificate")
    return KubesealSealer(SealedSecret(certificate="prod.crt"), tmp_path)


def name(sealer: Sealer) -> str:
    return "sops" if isinstance(sealer, SopsSealer) else "kubeseal"


def replace_tool(tools: Path, tool: str, script: str) -> None:
    (tools.parent / "bin" / tool).write_text(f"#!/bin/sh\n{script}\n")


def test_what_is_sealed_fits_and_shows_nothing(sealer: Sealer, tools: Path) -> None:
    text = sealer.seal(SECRET)
    assert VALUE not in text + tools.read_text()
    assert sealer.fits(f"# a header\n{text}", SECRET)
    without = {key: value for key, value in SECRET.items() if key != "data"}
    assert sealer.fits(text, without), "without the passphrase the names of the values are not known"


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {**SECRET["metadata"], "name": "app-secret-9876543210"}},
        {"metadata": {**SECRET["metadata"], "namespace": "other"}},
        {"metadata": {**SECRET["metadata"], "labels": {"app": "b"}}},
        {"type": "kubernetes.io/dockerconfigjson"},
        {"immutable": False},
        {"data": {"KEY": VALUE, "MORE": VALUE}},
    ],
)
def test_another_secret_does_not_fit(sealer: Sealer, change: dict[str, Any]) -> None:
    text = sealer.seal(SECRET)
    assert not sealer.fits(text, {**SECRET, **change})
    assert not sealer.fits("kind: [", SECRET)
    assert not sealer.fits("", SECRET)


PLAIN: dict[str, tuple[Callable[[Any], object], ...]] = {
    "sops": (
        lambda content: content["data"].update(KEY=VALUE),
        lambda content: content["data"].update(KEY=[VALUE]),
        lambda content: content.update(stringData={"KEY": "hunter2"}),
        lambda content: content.update(data=[VALUE]),
        lambda content: content.update(sops=1),
    ),
    "kubeseal": (
        lambda content: content["spec"]["encryptedData"].update(KEY=VALUE),
        lambda content: content["spec"]["encryptedData"].update(KEY=base64.b64encode(b"hunter2" * 99).decode()),
        lambda content: content["spec"]["encryptedData"].update(KEY="hunter2"),
        lambda content: content["spec"].update(encryptedData=[VALUE]),
        lambda content: content["spec"]["template"].update(data={"KEY": VALUE}),
        lambda content: content["spec"].update(data={"KEY": VALUE}),
        lambda content: content.update(spec=VALUE),
    ),
}


def test_a_file_with_a_value_in_plain_does_not_fit(sealer: Sealer) -> None:
    text = sealer.seal(SECRET)
    mark = "".join(f"{line}\n" for line in text.splitlines() if line.startswith("#"))
    assert sealer.fits(mark + yaml.safe_dump(yaml.safe_load(text)), SECRET)
    without = {key: value for key, value in SECRET.items() if key != "data"}
    for spoil in PLAIN[name(sealer)]:
        content = yaml.safe_load(text)
        spoil(content)
        for manifest in (SECRET, without):
            assert not sealer.fits(mark + yaml.safe_dump(content), manifest), content


@pytest.mark.parametrize("change", [{"age": [{"recipient": "age1qqqq"}]}, {"pgp": [{"fp": "A"}]}, {"age": None}])
def test_other_recipients_do_not_fit(sealer: Sealer, change: dict[str, Any], tmp_path: Path) -> None:
    content = yaml.safe_load(text := sealer.seal(SECRET))
    if isinstance(sealer, SopsSealer):
        content["sops"] |= change
        text = yaml.safe_dump(content)
    else:
        (tmp_path / "prod.crt").write_text("renewed")
    assert not sealer.fits(text, SECRET)


def test_the_tool_gets_neither_recipients_nor_the_passphrase_from_the_environment(
    sealer: Sealer, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPS_PGP_FP", "0000")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "sesame")
    replace_tool(tools, name(sealer), "env | grep -c -e SOPS_ -e PULUMI_ >&2; exit 3")
    with pytest.raises(DeployError, match="failed; nothing was written: 0"):
        sealer.seal(SECRET)


def test_a_tool_that_does_not_seal_is_found_out(sealer: Sealer, tools: Path) -> None:
    replace_tool(tools, name(sealer), "cat")
    with pytest.raises(DeployError, match=r"is not that Secret, sealed .*the real one") as caught:
        sealer.seal(SECRET)
    assert VALUE not in str(caught.value)


def test_sops_that_leaves_one_value_open_is_found_out(tools: Path) -> None:
    program = tools.parent / "bin" / "sops"
    program.write_text(program.read_text().replace("sealed(value)", "value"))
    with pytest.raises(DeployError, match="is not that Secret, sealed"):
        SopsSealer(Sops(age=("age1qqqq",))).seal(SECRET)


def test_a_tool_that_fails_says_why_but_quotes_no_value(sealer: Sealer, tools: Path) -> None:
    lines = {**SECRET, "data": {"KEY": VALUE, "MORE": base64.b64encode(b"one\ntwo\n").decode(), "NONE": ""}}
    for said in (VALUE, "hunter2", "two"):
        replace_tool(tools, name(sealer), f"echo 'no key: {said}' >&2; exit 1")
        with pytest.raises(DeployError, match=r"failed; nothing was written\.$") as caught:
            sealer.seal(lines)
        assert caught.value.code == 1
    replace_tool(tools, name(sealer), "printf 'first\\nno \\033[31mkey\\n' >&2; exit 1")
    with pytest.raises(DeployError, match=r"nothing was written: no  \[31mkey$"):
        sealer.seal(SECRET)


def test_a_tool_that_is_not_there_is_named(sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(DeployError, match=f"`{name(sealer)}` is not on PATH.*https://") as caught:
        sealer.seal(SECRET)
    assert caught.value.code == os.EX_UNAVAILABLE


@pytest.mark.parametrize(
    ("content", "says", "code"),
    [
        (b"no program", r"cannot be run: Exec format error; nothing was written", os.EX_UNAVAILABLE),
        (b"#!/bin/sh\nprintf '\\377\\376'", "is not that Secret, sealed", 1),
        (b"#!/bin/sh\nprintf '\\377\\376' >&2; exit 1", "failed; nothing was written: \ufffd\ufffd$", 1),
    ],
    ids=["no program", "no text", "no text as an error"],
)
def test_a_tool_that_is_none_is_told(sealer: Sealer, tools: Path, content: bytes, says: str, code: int) -> None:
    (tools.parent / "bin" / name(sealer)).write_bytes(content)
    with pytest.raises(DeployError, match=says) as caught:
        sealer.seal(SECRET)
    assert caught.value.code == code


def test_a_certificate_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "prod.crt").mkdir()
    with pytest.raises(DeployError, match=r"prod\.crt, the certificate .* cannot be read: Is a directory") as caught:
        KubesealSealer(SealedSecret(certificate="prod.crt"), tmp_path).fits("", SECRET)
    assert caught.value.code == os.EX_CONFIG


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"prod\.crt is missing.*--fetch-cert") as caught:
        KubesealSealer(SealedSecret(certificate="prod.crt"), tmp_path).seal(SECRET)
    assert caught.value.code == os.EX_CONFIG
