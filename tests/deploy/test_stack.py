"""The effective configuration of a stack, read from its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.stack import HIDDEN, load


def test_the_stack_file_goes_over_the_project_s_defaults(folder: Path) -> None:
    stack = load(folder, "staging")
    assert stack.get("replicas") == "5"
    assert load(folder, "dev").get("replicas") == "3"
    assert stack.values["pulumi:disable-default-providers"] == '["kubernetes"]'


def test_a_secret_is_known_by_its_key_alone(folder: Path) -> None:
    stack = load(folder, "staging")
    assert stack.secret_keys == {"flask-k8s:hashKey"}
    assert stack.get("hashKey") == HIDDEN


def test_only_the_reserved_context_is_local(folder: Path) -> None:
    assert load(folder, "dev").is_local
    assert not load(folder, "staging").is_local


def test_a_stack_with_a_pinned_image_builds_nothing(folder: Path) -> None:
    assert load(folder, "dev").builds
    (folder / "Pulumi.prod.yaml").write_text(f"config:\n  flask-k8s:image: r/app@sha256:{'0' * 64}\n")
    assert not load(folder, "prod").builds


@pytest.mark.parametrize("name", ["prod", "../dev", ""])
def test_an_unknown_stack_names_the_known_ones(folder: Path, name: str) -> None:
    with pytest.raises(DeployError, match=r"dev, staging") as caught:
        load(folder, name)
    assert caught.value.code == os.EX_USAGE


@pytest.mark.parametrize(
    ("content", "says"),
    [("config: [1, 2]\n", "`config` is a list"), ("- 1\n", "holds a list"), ("config: {a: [\n", "line 2")],
)
def test_a_file_that_is_no_stack_is_named(folder: Path, content: str, says: str) -> None:
    (folder / "Pulumi.dev.yaml").write_text(content)
    with pytest.raises(DeployError, match=says) as caught:
        load(folder, "dev")
    assert caught.value.code == os.EX_CONFIG
    assert "Pulumi.dev.yaml" in str(caught.value)
