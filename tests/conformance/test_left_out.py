"""What is left to the CLI ends in an error that names it, and the docs list it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import warm
from tests.conformance.world import PASSPHRASE, SALT

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "left_out.yaml").read_text("utf-8"))
START = "import pulumi\nimport pulumi_kubernetes as k8s\nfrom pulumi_kubernetes import core\n"
CLUSTER = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "none",
    "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:1"}}],
    "contexts": [{"name": "none", "context": {"cluster": "none"}}],
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["feature"] + " " + case.get("run", ""))
def test_it_names_the_cli(case: dict[str, Any], tmp_path: Path) -> None:
    stacks = tmp_path / "state/.pulumi/stacks/left-out"
    stacks.mkdir(parents=True)
    (stacks / "test.json").write_text('{"version": 3, "checkpoint": {"stack": "organization/left-out/test"}}')
    (tmp_path / "state/.pulumi/meta.yaml").write_text("version: 1\n")
    (tmp_path / "Pulumi.yaml").write_text("name: left-out\nruntime: python\n")
    stack = {"encryptionsalt": SALT, "config": case.get("config", {})}
    (tmp_path / "Pulumi.test.yaml").write_text(yaml.safe_dump(stack))
    (tmp_path / "__main__.py").write_text(START + case.get("program", ""))
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(CLUSTER))
    before = files(tmp_path)
    environment = {
        **os.environ,
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "PULUMI_BACKEND_URL": case.get("backend", f"file://{tmp_path}/state"),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_STACK": "test",
    }
    words = [*case.get("run", "preview").split(), "-C", str(tmp_path)]
    ended = warm.run("engine", words, warm.ROOT, environment)
    said = ended.stdout + ended.stderr
    assert case["says"] in said
    assert "Pulumi CLI" in said or case["feature"] == "List kinds"  # those the provider refuses as well
    assert ended.returncode == case.get("code", 1), said
    assert files(tmp_path) == before


def files(folder: Path) -> dict[str, str]:
    return {str(file): file.read_text() for file in folder.rglob("*.*") if file.suffix in (".json", ".yaml")}


def test_the_docs_list_each() -> None:
    docs = (warm.ROOT / "docs/engine.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \|", docs, re.MULTILINE)
    assert {case["feature"] for case in CASES} <= set(rows)
