"""What Argo CD is told."""

from __future__ import annotations

from typing import Any

import yaml

from deploy.gitops.argocd import argocd
from deploy.gitops.source import Source
from tests.deploy.gitops.conftest import URL, target


def spec(*targets: Any, source: Source) -> dict[str, Any]:
    (made,) = argocd(targets, source).values()
    found: dict[str, Any] = made["spec"]
    return found


def test_each_environment_is_an_element_with_all_that_the_template_asks_for(here: Source) -> None:
    made = spec(target("staging"), target("prod", protected=True), source=here)
    elements = made["generators"][0]["list"]["elements"]
    assert elements == [
        {"name": "app-staging", "namespace": "app-staging", "path": "rendered/staging", "protected": "false"},
        {"name": "app-prod", "namespace": "app-prod", "path": "rendered/prod", "protected": "true"},
    ]
    application = made["template"]["spec"]
    assert application["source"] == {"repoURL": URL, "targetRevision": "main", "path": "{{ .path }}"}
    assert application["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}
    assert "PruneLast=true" in application["syncPolicy"]["syncOptions"], "old pods need the old ConfigMap"


def test_deleting_the_set_deletes_no_app(here: Source) -> None:
    assert spec(target("prod"), source=here)["syncPolicy"] == {"preserveResourcesOnDeletion": True}


def test_only_what_is_protected_gets_the_patch(here: Source) -> None:
    assert "templatePatch" not in spec(target("staging"), source=here)
    text = spec(target("staging"), target("prod", protected=True), source=here)["templatePatch"]
    always, condition, rest = text.partition('{{- if eq .protected "true" }}\n')
    assert condition
    assert yaml.safe_load(always) == {"metadata": {"name": "{{ .name }}"}}
    only, _, nothing = rest.partition("{{- end }}")
    assert nothing.strip() == ""
    (patch,) = yaml.safe_load(only)["spec"]["source"]["kustomize"]["patches"]
    annotations = yaml.safe_load(patch["patch"])["metadata"]["annotations"]
    assert annotations == {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}
