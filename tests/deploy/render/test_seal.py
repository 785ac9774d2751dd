"""Sealing by sops and kubeseal, for which stand-ins are on PATH; the real ones: tests/integration/test_render.py."""

from __future__ import annotations

import os
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


@pytest.mark.parametrize("change", [{"age": [{"recipient": "age1qqqq"}]}, {"pgp": [{"fp": "A"}]}, {"age": None}])
def test_other_recipients_do_not_fit(sealer: Sealer, change: dict[str, Any], tmp_path: Path) -> None:
    content = yaml.safe_load(text := sealer.seal(SECRET))
    if isinstance(sealer, SopsSealer):
        content["sops"] |= change
        text = yaml.safe_dump(content)
    else:
        (tmp_path / "prod.crt").write_text("renewed")
    assert not sealer.fits(text, SECRET)


def test_the_environment_adds_no_recipients(sealer: Sealer, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_PGP_FP", "0000")
    replace_tool(tools, name(sealer), "env | grep -c SOPS_ >&2; exit 3")
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
    replace_tool(tools, name(sealer), f"echo 'no key: {VALUE}' >&2; exit 1")
    with pytest.raises(DeployError, match=r"failed; nothing was written\.$") as caught:
        sealer.seal(SECRET)
    assert caught.value.code == 1
    replace_tool(tools, name(sealer), "printf 'first\\nno \\033[31mkey\\n' >&2; exit 1")
    with pytest.raises(DeployError, match=r"nothing was written: no  \[31mkey$"):
        sealer.seal(SECRET)


def test_a_tool_that_is_not_there_is_named(sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(DeployError, match=f"`{name(sealer)}` is not on PATH.*https://") as caught:
        sealer.seal(SECRET)
    assert caught.value.code == os.EX_UNAVAILABLE


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"prod\.crt is missing.*--fetch-cert") as caught:
        KubesealSealer(SealedSecret(certificate="prod.crt"), tmp_path).seal(SECRET)
    assert caught.value.code == os.EX_CONFIG
