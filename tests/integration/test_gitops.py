"""What is in git is what runs: Flux's own controllers roll out a promotion, mend drift, and delete what is deleted.

The tests build on each other, in their order.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

import cluster
from tests.integration import flux
from tests.integration.gitserver import served
from tests.integration.project import until
from tests.integration.stages import Stages, make_stages
from tests.integration.tools import age_key, established, path_of

pytestmark = pytest.mark.timeout(400)

RENDER = "rendered/staging"
DEPLOYMENT = "deployment/flask-k8s"
FLUX_CRD = "config/crd/bases/{}.toolkit.fluxcd.io_{}.yaml"
ARGOCD = ("github.com/argoproj/argo-cd/v3", "v3.1.9", "manifests/crds/applicationset-crd.yaml")


@dataclass
class World:
    """The three stages, of which Flux reconciles staging."""

    stages: Stages
    url: str
    """Of the repository, for Flux."""

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        return self.stages.stack("staging").kubectl(*words, stdin=stdin)

    def within(self, namespace: str, *words: str, stdin: str | None = None) -> str:
        return self.kubectl("--namespace", namespace, *words, stdin=stdin)

    def promote(self) -> str:
        """Promotes dev's image to staging, and has Flux apply the commit; what was said."""
        ran = self.stages.deploy("promote", "dev", "staging", "--push", "--yes").ok()
        self.applied(self.stages.project.git("rev-parse", "HEAD"))
        return ran.err

    def applied(self, commit: str) -> None:
        """Tells Flux to look, and waits until it has applied the commit that was pushed."""
        self.reconcile("gitrepository/flask-k8s")
        until(lambda: commit in self.flux("lastAppliedRevision"), "the commit is applied")

    def reconcile(self, subject: str) -> None:
        """Has Flux look now, which else does so every few minutes."""
        asked = f"reconcile.fluxcd.io/requestedAt={time.time_ns()}"
        self.within("flux-system", "annotate", "--overwrite", subject, asked)

    def flux(self, field: str) -> str:
        """A field of the Kustomization's status."""
        kind = "kustomization.kustomize.toolkit.fluxcd.io/flask-k8s-staging"
        return self.within("flux-system", "get", kind, "-o", f"jsonpath={{.status.{field}}}")

    def page(self) -> str:
        return self.kubectl("get", "--raw", f"/api/v1/namespaces/{self.namespace}/services/http:flask-k8s:80/proxy/")

    @property
    def namespace(self) -> str:
        return self.stages.stack("staging").namespace


@pytest.fixture(scope="module")
def world(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    stages = make_stages(tmp_path_factory.mktemp("gitops"), node)
    project = stages.project
    key, recipient = age_key()
    tools = path_of(tmp_path_factory.mktemp("bin"), "sops")
    project.extra["PATH"] = os.pathsep.join([str(tools), os.environ["PATH"]])
    file = project.folder / "pipeline.yaml"
    pipeline = yaml.safe_load(file.read_text("utf-8"))
    pipeline["stages"][1] |= {"render": RENDER, "secrets": {"sops": {"age": [recipient]}}}
    file.write_text(yaml.safe_dump(pipeline), "utf-8")
    with served(stages.remote) as url:
        made = World(stages, url)
        stages.deploy("gitops", "--repository", url).ok()
        project.commit("Let Flux take staging from here")
        project.git("push", "--quiet")
        try:
            _install(made, key)
            with flux.controllers(node, tmp_path_factory.mktemp("flux")):
                files = [_file(made, f"flux/{name}.yaml") for name in ("kustomization-staging", "gitrepository")]
                made.within("flux-system", "apply", "-f", files[1], "-f", files[0])
                yield made
                for made_file in files:
                    made.within("flux-system", "delete", "-f", made_file, "--timeout=50s")
        finally:
            left = (stages.stack("dev").namespace, "flux-system", "argocd")
            made.kubectl("delete", "namespace", *left, "--ignore-not-found", "--wait=false")
            names = [crd["metadata"]["name"] for crd in _crds()]
            made.kubectl("delete", "crd", *names, "--ignore-not-found", "--wait=false")


def _install(world: World, key: str) -> None:
    """The kinds, Flux's namespace, and the key that opens staging's secrets."""
    for crd in _crds():
        world.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(crd))
        established(world.kubectl, crd["metadata"]["name"])
    for name in ("flux-system", "argocd"):
        world.kubectl("create", "namespace", name)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "flask-k8s-staging-age", "namespace": "flux-system"},
        "stringData": {"age.agekey": key},
    }
    world.within("flux-system", "apply", "-f", "-", stdin=json.dumps(secret))


def _crds() -> list[dict[str, Any]]:
    """The real ones, out of the modules of the controllers."""
    kinds = ("gitrepositories", "ocirepositories", "buckets", "helmrepositories", "helmcharts", "externalartifacts")
    sources = (FLUX_CRD.format("source", kind) for kind in kinds)
    return [
        *flux.crds(flux.MODULES["source-controller"], flux.VERSION, *sources),
        *flux.crds(flux.MODULES["kustomize-controller"], flux.VERSION, FLUX_CRD.format("kustomize", "kustomizations")),
        *flux.crds(*ARGOCD),
    ]


def _file(world: World, name: str) -> str:
    return str(world.stages.project.folder / "gitops" / name)


@pytest.mark.parametrize(("tool", "namespace"), [("flux", "flux-system"), ("argocd", "argocd")])
def test_the_api_server_takes_every_object_by_the_real_schemas(world: World, tool: str, namespace: str) -> None:
    said = world.within(namespace, "apply", "--dry-run=server", "--validate=strict", "-f", _file(world, tool))
    assert said.count("(server dry run)") == len(list((world.stages.project.folder / "gitops" / tool).glob("*.yaml")))


def test_a_promotion_is_rolled_out_with_its_secrets(world: World) -> None:
    stages = world.stages
    stages.deploy("up", "dev", "--yes").ok()
    world.promote()
    until(lambda: "True" in world.flux("conditions[?(@.type=='Ready')].status"), "staging is healthy")
    assert stages.image("staging") == stages.image("dev")
    assert world.page().startswith("Hello from staging!")
    sealed = (stages.project.folder / RENDER).glob("secret-*.yaml")
    assert ["ENC[" in file.read_text("utf-8") for file in sealed] == [True]


def test_the_next_promotion_takes_the_old_configuration_away(world: World) -> None:
    stages = world.stages
    ours = ("get", "configmap", "-l", "app.kubernetes.io/name=flask-k8s", "-o", "name")
    before = world.kubectl(*ours).split()
    stages.stack("staging").configure(greeting="Hello anew!")
    image = stages.release("{{ it.greeting }}\nanother\n", "Change the page")
    assert "no preview: staging is applied from git" in world.promote()
    assert stages.image("staging") == image
    assert world.page().splitlines()[:2] == ["Hello anew!", "another"]
    after = world.kubectl(*ours).split()
    assert len(before) == len(after) == 1
    assert before != after


def test_what_flux_applied_is_promoted_further(world: World) -> None:
    stages = world.stages
    ran = stages.deploy("promote", "staging", "prod", "--push", "--yes").ok()
    assert "reconciled: staging is applied from git" in ran.err
    pinned = stages.stack("prod").config["config"]["flask-k8s:image"]
    assert pinned == stages.image("staging")
    assert "succeeded" not in stages.deploy("history", "staging").ok().out, "there was no `up`"
    (shown,) = (line for line in stages.deploy("status").ok().out.splitlines() if line.startswith("staging "))
    assert shown.split()[1] == "healthy"
    assert shown.endswith("not asked  applied from git")
    assert "**staging**: applied from git" in stages.deploy("ci", "preview", "--stacks", "staging").ok().out


def test_drift_is_put_back(world: World) -> None:
    world.kubectl("scale", DEPLOYMENT, "--replicas", "1")
    world.kubectl("label", DEPLOYMENT, "app.kubernetes.io/name=other", "--overwrite")
    world.reconcile("kustomization.kustomize.toolkit.fluxcd.io/flask-k8s-staging")
    fields = "jsonpath={.spec.replicas} {.metadata.labels.app\\.kubernetes\\.io/name}"
    until(lambda: world.kubectl("get", DEPLOYMENT, "-o", fields) == "2 flask-k8s", "as it is in git")


def test_a_file_deleted_in_git_is_deleted_in_the_cluster(world: World) -> None:
    folder = world.stages.project.folder / RENDER
    (service,) = folder.glob("service-*.yaml")
    service.unlink()
    kustomization = folder / "kustomization.yaml"
    lines = kustomization.read_text("utf-8").splitlines(keepends=True)
    kustomization.write_text("".join(line for line in lines if service.name not in line), "utf-8")
    commit = world.stages.project.commit("Take the Service away")
    world.stages.project.git("push", "--quiet")
    world.applied(commit)
    assert world.kubectl("get", "services", "-o", "name") == ""
