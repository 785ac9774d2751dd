"""What the Pulumi Kubernetes Operator is told."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from deploy.gitops.operator import operator
from deploy.gitops.source import Source
from tests.deploy.gitops.conftest import URL, target
from tests.deploy.gitops.operator_schema import Stack


def test_only_an_environment_that_builds_nothing_is_a_stack(here: Source) -> None:
    made = operator([target("dev", builds=True), target("prod")], here)
    assert sorted(name.partition("/")[2] for name in made) == [
        "clusterrolebinding.yaml", "serviceaccount.yaml", "stack-prod.yaml"
    ]  # fmt: skip
    assert operator([target("dev", builds=True)], here) == {}


def test_a_stack_names_its_secrets_and_holds_none(here: Source) -> None:
    stack = operator([target("prod")], here)["pulumi-operator/stack-prod.yaml"]
    spec = stack["spec"]
    assert (spec["stack"], spec["projectRepo"], spec["branch"]) == ("prod", URL, "main")
    secrets = {name: (ref["type"], ref["secret"]) for name, ref in spec["envRefs"].items()}
    assert secrets == {
        "PULUMI_BACKEND_URL": ("Secret", {"name": "app-prod-pulumi", "key": "backend"}),
        "PULUMI_CONFIG_PASSPHRASE": ("Secret", {"name": "app-prod-pulumi", "key": "passphrase"}),
    }
    assert spec["destroyOnFinalize"] is False
    pod = spec["workspaceTemplate"]["spec"]["podTemplate"]["spec"]
    folder = pod["containers"][0]["volumeMounts"][0]["mountPath"]
    file = pod["volumes"][0]["secret"]["items"][0]["path"]
    assert spec["config"] == {"app:kubeconfig": f"{folder}/{file}"}
    assert not {"repoDir", "gitAuth"} & spec.keys()


@pytest.mark.parametrize("url", [URL, "ssh://git@git.example.com/app.git"])
@pytest.mark.parametrize("prefix", ["", "apps/web/"])
def test_a_stack_is_what_the_operator_s_api_asks_for(url: str, prefix: str) -> None:
    made = operator([target("prod")], Source(url, prefix=prefix))["pulumi-operator/stack-prod.yaml"]
    found = msgspec.convert(made, Stack)
    assert [bool(found.spec.git_auth), found.spec.repo_dir] == [url != URL, prefix or None]
    made["spec"]["backnd"] = "s3://state"
    with pytest.raises(msgspec.ValidationError, match="backnd"):
        msgspec.convert(made, Stack)


def test_the_service_account_is_the_one_that_is_bound(here: Source) -> None:
    made = operator([target("prod")], here)
    account = made["pulumi-operator/serviceaccount.yaml"]["metadata"]
    (subject,) = made["pulumi-operator/clusterrolebinding.yaml"]["subjects"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    assert made["pulumi-operator/stack-prod.yaml"]["spec"]["serviceAccountName"] == account["name"]


def test_a_subfolder_and_a_key_are_told() -> None:
    source = replace(Source("ssh://git@git.example.com/app.git"), prefix="apps/web/")
    spec = operator([target("prod")], source)["pulumi-operator/stack-prod.yaml"]["spec"]
    assert spec["repoDir"] == "apps/web/"
    assert spec["gitAuth"]["sshAuth"]["sshPrivateKey"]["secret"] == {"name": "app-git", "key": "identity"}
