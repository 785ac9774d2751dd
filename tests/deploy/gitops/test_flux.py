"""What Flux is told."""

from __future__ import annotations

from dataclasses import replace

import yaml

from deploy.gitops.flux import flux
from deploy.gitops.source import Source
from tests.deploy.gitops.conftest import URL, target


def test_an_environment_is_a_kustomization_of_its_render(here: Source) -> None:
    made = flux([target("staging", timeout=40), target("prod")], here)
    assert list(made) == [
        "flux/gitrepository.yaml", "flux/kustomization-staging.yaml", "flux/kustomization-prod.yaml"
    ]  # fmt: skip
    repository, staging, _ = made.values()
    assert repository["spec"] == {
        "interval": "1m", "url": URL, "ref": {"branch": "main"}, "ignore": "/*\n!/rendered\n"
    }  # fmt: skip
    assert staging["metadata"] == {"name": "app-staging", "namespace": "flux-system"}
    spec = staging["spec"]
    assert spec["path"] == "./rendered/staging"
    assert spec["sourceRef"] == {"kind": "GitRepository", "name": repository["metadata"]["name"]}
    assert spec["prune"] is True
    assert spec["timeout"] == "100s", "longer than a rollout may take"
    health = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app", "namespace": "app-staging"}
    assert spec["healthChecks"] == [health]
    assert not {"decryption", "patches", "deletionPolicy"} & spec.keys()


def test_secrets_sealed_by_sops_are_opened_with_a_key_of_the_environments_own(here: Source) -> None:
    made = flux([target("staging", sops=True), target("prod", sops=True)], here)
    keys = [made[f"flux/kustomization-{stack}.yaml"]["spec"]["decryption"] for stack in ("staging", "prod")]
    assert keys == [
        {"provider": "sops", "secretRef": {"name": f"app-{stack}-age"}} for stack in ("staging", "prod")
    ]  # fmt: skip


def test_what_is_protected_is_deleted_by_nobody(here: Source) -> None:
    spec = flux([target("prod", protected=True)], here)["flux/kustomization-prod.yaml"]["spec"]
    assert spec["deletionPolicy"] == "Orphan"
    (patch,) = spec["patches"]
    assert patch["target"] == {"kind": "(Namespace|Deployment|Service)"}
    annotations = yaml.safe_load(patch["patch"])["metadata"]["annotations"]
    assert annotations == {"kustomize.toolkit.fluxcd.io/prune": "disabled"}


def test_a_project_in_a_subfolder_is_found_and_the_rest_of_the_repository_left_out(here: Source) -> None:
    made = flux([target("prod")], replace(here, prefix="apps/web/"))
    assert made["flux/kustomization-prod.yaml"]["spec"]["path"] == "./apps/web/rendered/prod"
    ignored = "/*\n!/apps\n/apps/*\n!/apps/web\n/apps/web/*\n!/apps/web/rendered\n"
    assert made["flux/gitrepository.yaml"]["spec"]["ignore"] == ignored


def test_a_stage_may_name_another_folder_for_its_render(here: Source) -> None:
    found = [target("dev"), target("staging", declared="live/staging"), target("prod", declared="live/prod")]
    made = flux(found, here)
    paths = [made[f"flux/kustomization-{it.stack}.yaml"]["spec"]["path"] for it in found]
    assert paths == ["./rendered/dev", "./live/staging", "./live/prod"]
    ignored = made["flux/gitrepository.yaml"]["spec"]["ignore"].split()
    assert ignored == ["/*", "!/live", "/live/*", "!/live/prod", "!/live/staging", "!/rendered"]


def test_a_repository_over_ssh_is_read_with_a_key() -> None:
    made = flux([target("prod")], Source("ssh://git@git.example.com/team/app.git"))
    assert made["flux/gitrepository.yaml"]["spec"]["secretRef"] == {"name": "app-git"}
