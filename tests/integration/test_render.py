"""A render applied by kubectl is what `up` makes; its Secrets are opened by the keys they were sealed for alone."""

from __future__ import annotations

import base64
import datetime
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from deploy.gitops.protect import kept
from tests.integration.flux import module as go_module
from tests.integration.project import Project, fetch, until
from tests.integration.tools import age_key, established, path_of

pytestmark = pytest.mark.timeout(300)

CANARY = "-".join(("canary", "71d0b3a9c2"))  # in two parts, as the copy of the project holds this file too
CANARIES = (CANARY, base64.b64encode(CANARY.encode()).decode())
"""A Secret holds the second."""
KINDS = "deployments,services,configmaps,secrets"
SERVER = ("creationTimestamp", "uid", "resourceVersion", "generation", "managedFields")
ALLOCATED = ("clusterIP", "clusterIPs", "nodePort")
"""What a Service is given by the server."""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sops` and `kubeseal`."""
    return path_of(tmp_path_factory.mktemp("bin"), "sops", "kubeseal")


@pytest.fixture(scope="module")
def deployed(project: Project, tools: Path) -> Project:
    """The stack, up, with a secret of its own."""
    project.extra["PATH"] = f"{tools}:{project.env['PATH']}"
    project.deploy("config", "test", "set", "secrets.API_TOKEN", "--path", "--secret", stdin=CANARY).ok()
    project.up().ok()
    return project


def declare(project: Project, **secrets: object) -> None:
    """Makes the stack a stage whose Secrets have a form."""
    content = {"stages": [{"stack": "test", "secrets": secrets}]}
    (project.folder / "pipeline.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def render(project: Project, out: Path) -> dict[str, bytes]:
    """Renders; the files by name, which hold no secret."""
    ran = project.deploy("render", "test", "--out", str(out)).ok()
    files = {file.name: file.read_bytes() for file in out.iterdir()}
    shown = "".join([ran.text, *(text.decode() for text in files.values())])
    assert [text for text in CANARIES if text in shown] == []
    return files


def test_a_render_is_what_up_makes(deployed: Project, tools: Path, tmp_path: Path) -> None:
    key, recipient = age_key()
    declare(deployed, sops={"age": [recipient]})
    out = tmp_path / "out"
    first = render(deployed, out)
    assert render(deployed, out) == first
    deployed.deploy("render", "test", "--out", str(out), "--check").ok()
    check_without_the_passphrase(deployed, out)

    opened = tmp_path / "opened"
    shutil.copytree(out, opened)
    for file in opened.glob("secret-*.yaml"):
        environment = {"SOPS_AGE_KEY": key, "HOME": str(tmp_path)}
        subprocess.run([tools / "sops", "--decrypt", "--in-place", file], check=True, env=environment)
    apply = ("--server-side", "--force-conflicts", "-k", str(opened))
    assert deployed.kubectl("diff", *apply) == "", "the server finds nothing to change in what `up` made"

    made = objects(deployed)
    deployed.deploy("destroy", "test", "--yes").ok()
    deployed.kubectl("apply", *apply)
    deployed.kubectl("rollout", "status", "deployment/flask-k8s", "--timeout=60s", timeout=90)
    assert objects(deployed) == made
    url = f"http://localhost:{deployed.config['config']['flask-k8s:servicePort']}"
    until(lambda: answers(url), f"{url} answers")


def check_without_the_passphrase(project: Project, out: Path) -> None:
    """A check notices that a secret was changed since, and finds nothing where none was."""
    file = project.folder / "Pulumi.test.yaml"
    before = file.read_bytes()
    words = ("render", "test", "--out", str(out), "--check")
    project.deploy("config", "test", "set", "secrets.API_TOKEN", "--path", "--secret", stdin="another").ok()
    project.extra["PULUMI_CONFIG_PASSPHRASE"] = ""
    try:
        ran = project.deploy(*words)
        assert ran.code == 1, ran.text
        assert "older than the stack's secrets" in ran.out
        file.write_bytes(before)
        project.deploy(*words).ok()
    finally:
        file.write_bytes(before)
        del project.extra["PULUMI_CONFIG_PASSPHRASE"]


def answers(url: str) -> bool:
    try:
        return "Hello" in fetch(url)[1]
    except OSError:
        return False


def objects(project: Project) -> dict[str, Any]:
    """What is in the namespace, but for what only the server decides."""
    found = {}
    for item in project.objects(KINDS, "-l", "app.kubernetes.io/name=flask-k8s"):
        item.pop("status", None)
        for name in SERVER:
            item["metadata"].pop(name, None)
        item["metadata"].pop("annotations", None)  # of the Deployment's controller, its revision
        for part in (item.get("spec", {}), *item.get("spec", {}).get("ports", ())):
            for name in ALLOCATED:
                part.pop(name, None)
        found[f"{item['kind']} {item['metadata']['name']}"] = item
    assert len(found) == 4
    return found


def test_what_is_protected_is_marked_and_nothing_else(deployed: Project, tmp_path: Path) -> None:
    declare(deployed, externalSecret={"store": "vault", "key": "team/test"})
    image = f"{deployed.node.registry}/flask-k8s@sha256:{'a' * 64}"
    deployed.deploy("render", "test", "--out", str(tmp_path / "out"), "--image", image).ok()
    overlay = {"resources": ["out"], "patches": [kept("example.com/keep", "yes")]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    made = list(yaml.safe_load_all(deployed.kubectl("kustomize", str(tmp_path))))
    marked = {it["kind"]: it["metadata"].get("annotations", {}).get("example.com/keep") for it in made}
    assert marked == {
        "Namespace": "yes", "Deployment": "yes", "Service": "yes", "ConfigMap": None, "ExternalSecret": None
    }  # fmt: skip


def test_a_sealed_secret_is_opened_by_its_cluster_alone(deployed: Project, tools: Path, tmp_path: Path) -> None:
    key = _certificate(deployed.folder / "cluster.crt")
    (tmp_path / "key.pem").write_bytes(key)
    declare(deployed, sealedSecret={"certificate": "cluster.crt"})
    image = f"{deployed.node.registry}/flask-k8s@sha256:{'a' * 64}"
    out = tmp_path / "out"
    deployed.deploy("render", "test", "--out", str(out), "--image", image).ok()
    sealed = (out / "sealedsecret-flask-k8s-secret.yaml").read_text()
    assert [text for text in CANARIES if text in sealed] == []
    command = [str(tools / "kubeseal"), "--recovery-unseal", "--recovery-private-key", str(tmp_path / "key.pem")]
    secret = json.loads(subprocess.check_output([*command, "--format", "json"], input=sealed, text=True))
    assert base64.b64decode(secret["data"]["API_TOKEN"]).decode() == CANARY
    deployment = yaml.safe_load((out / "deployment-flask-k8s.yaml").read_text())
    pod = deployment["spec"]["template"]["spec"]
    assert {"secretRef": {"name": secret["metadata"]["name"]}} in pod["containers"][0]["envFrom"]
    before = {file: file.read_bytes() for file in out.iterdir()}
    deployed.deploy("render", "test", "--out", str(out), "--image", image).ok()
    assert {file: file.read_bytes() for file in out.iterdir()} == before


@pytest.mark.parametrize(
    ("kind", "module", "crd"),
    [
        (
            "externalsecret",
            ("github.com/external-secrets/external-secrets", "v1.3.2"),
            "config/crds/bases/external-secrets.io_externalsecrets.yaml",
        ),
        (
            "sealedsecret",
            ("github.com/bitnami-labs/sealed-secrets", "v0.27.1"),
            "helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml",
        ),
    ],
    ids=["externalsecret", "sealedsecret"],
)
def test_a_form_is_what_its_definition_asks_for(
    deployed: Project, tmp_path: Path, kind: str, module: tuple[str, str], crd: str
) -> None:
    if kind == "sealedsecret":
        _certificate(deployed.folder / "cluster.crt")
        declare(deployed, sealedSecret={"certificate": "cluster.crt"})
    else:
        declare(deployed, externalSecret={"store": "vault", "key": "team/test"})
    image = f"{deployed.node.registry}/flask-k8s@sha256:{'a' * 64}"
    deployed.deploy("render", "test", "--out", str(tmp_path / "out"), "--image", image).ok()
    definition = str(go_module(*module) / crd)
    deployed.kubectl("apply", "--server-side", "-f", definition)
    try:
        name = yaml.safe_load(Path(definition).read_text("utf-8"))["metadata"]["name"]
        established(deployed.kubectl, name)
        file = str(tmp_path / "out" / f"{kind}-flask-k8s-secret.yaml")
        told = deployed.kubectl("create", "--dry-run=server", "--validate=strict", "-f", file)
        assert "created (server dry run)" in told
    finally:
        deployed.kubectl("delete", "-f", definition)


def _certificate(file: Path) -> bytes:
    """Writes a certificate as the controller makes it; its private key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
