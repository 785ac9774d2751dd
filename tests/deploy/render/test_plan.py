"""What the folder of a render should hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deploy.engines import Embedded
from deploy.errors import DeployError
from deploy.objects import Object
from deploy.pipeline.sealing import ExternalSecret, SealedSecret, Secrets, Sops
from deploy.render.folder import KUSTOMIZATION, Folder
from deploy.render.plan import Plan, header, plan
from deploy.stack import Stack
from tests.deploy.objects.conftest import PINNED, make, project
from tests.deploy.render.conftest import RECIPIENT, World, made

__all__ = ["make", "project"]
SOPS = Secrets(sops=Sops(age=(RECIPIENT,)))


def planned(world: World, *extra: Object) -> Plan:
    world.extra = list(extra)
    return plan(world.stack, world.engine, SOPS, Folder(world.out), None)


def test_what_is_for_the_provider_alone_is_left_out(world: World) -> None:
    service = made("v1", "Service", "small", labels={"pulumi.com/a": "b", "app": "a"})
    service.manifest["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    text = planned(world, service).files["service-small.yaml"]
    assert yaml.safe_load(text)["metadata"] == {"name": "small", "namespace": "ns", "labels": {"app": "a"}}


def test_names_of_files_have_no_hash_and_nothing_odd(world: World) -> None:
    config = made("v1", "ConfigMap", "small-config-0123456789", role="small-config")
    odd = made("example.com/v1", "Thing", "x", role="A/b C")
    assert {"configmap-small-config.yaml", "thing-a-b-c.yaml"} < planned(world, config, odd).files.keys()


def test_two_objects_for_one_file_are_refused(world: World) -> None:
    one, two = made("v1", "Service", "one", role="a/b"), made("v1", "Service", "two", role="a b")
    with pytest.raises(DeployError, match=r"Service 'two' and Service 'one' would be rendered to one file"):
        planned(world, one, two)
    form = Secrets(sealed_secret=SealedSecret(certificate="prod.crt"))
    world.extra = [made("bitnami.com/v1alpha1", "SealedSecret", "small-secret")]
    with pytest.raises(DeployError, match=r"one file, sealedsecret-small-secret\.yaml, as the resources are named"):
        plan(world.stack, world.engine, form, Folder(world.out), None)


@pytest.mark.parametrize("name", ["fixed", "fixed-2025010112"])
def test_a_secret_under_a_fixed_name_is_kept_while_nothing_changed(world: World, tools: Path, name: str) -> None:
    fixed = made("v1", "Secret", name, data={"KEY": "YQ=="})
    assert list(planned(world, fixed).to_seal) == ["secret-small-secret.yaml", f"secret-{name}.yaml"]
    world.render()
    assert plan(world.stack, world.engine, SOPS, Folder.read(world.out, header("prod")), None).to_seal == {}
    world.configure()  # encrypted anew: only the other's name tells that its content is the same
    again = plan(world.stack, world.engine, SOPS, Folder.read(world.out, header("prod")), None)
    assert list(again.to_seal) == [f"secret-{name}.yaml"]


def test_a_configmap_is_no_secret_whatever_its_name(world: World) -> None:
    made_ = planned(world, made("v1", "ConfigMap", "small-secret", data={"A": "b"}))
    assert "configmap-small-secret.yaml" in made_.files
    assert "secret-small-secret.yaml" in made_.to_seal


def test_the_project_s_own_program_renders(make: Callable[..., Stack], tmp_path: Path) -> None:
    stack = make("rendered", image=PINNED, env={"A": "yes"})
    with pytest.raises(DeployError, match="flask-k8s-secret ends in a keyed hash"):
        plan(stack, Embedded(stack.project), None, Folder(tmp_path), None)
    form = Secrets(external_secret=ExternalSecret(store="vault", key="rendered"))
    made_ = plan(stack, Embedded(stack.project), form, Folder(tmp_path), None)
    assert list(made_.files) == [
        "namespace-flask-k8s.yaml",
        "configmap-flask-k8s-config.yaml",
        "deployment-flask-k8s.yaml",
        "externalsecret-flask-k8s-secret.yaml",
        "service-flask-k8s.yaml",
        KUSTOMIZATION,
    ]
    assert yaml.safe_load(made_.files["configmap-flask-k8s-config.yaml"])["data"]["A"] == "yes"
    pod = yaml.safe_load(made_.files["deployment-flask-k8s.yaml"])["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == PINNED
    assert {"secretRef": {"name": "flask-k8s-secret"}} in pod["containers"][0]["envFrom"]
    assert {volume.get("secret", {}).get("secretName") for volume in pod["volumes"]} == {None, "flask-k8s-secret"}
    assert plan(stack, Embedded(stack.project), form, Folder(tmp_path), None).files == made_.files
