"""The configuration files of the parts, the user's kubeconfig, and the objects every cluster has."""

from __future__ import annotations

import base64
import json
import tomllib
from pathlib import Path

import pytest

from cluster import addons, config, kubeconfig, pki
from cluster.profile import Profile

CNI = Path("/usr/lib/cni")


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Profile("test")


def test_all_files_are_written_and_the_users_kubeconfig_is_left_alone(profile: Profile, tmp_path: Path) -> None:
    theirs = tmp_path / ".kube" / "config"
    theirs.parent.mkdir()
    theirs.write_text("theirs")
    pki.ensure(profile.pki, profile.context)
    config.render(profile, CNI)
    for name in config.files(profile, CNI):
        assert (profile.config / name).read_text()
    for client in config.CLIENTS:
        assert (profile.config / f"{client}.kubeconfig").stat().st_mode & 0o777 == 0o600
    assert theirs.read_text() == "theirs"


def test_kubeconfig(profile: Profile) -> None:
    pki.ensure(profile.pki, profile.context)
    given = {"pki": profile.pki, "leaf": "admin", "server": profile.server, "context": profile.context}
    assert kubeconfig.ensure(profile.kubeconfig, **given)  # type: ignore[arg-type]
    assert not kubeconfig.ensure(profile.kubeconfig, **given)  # type: ignore[arg-type]
    content = json.loads(profile.kubeconfig.read_text())
    assert profile.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert content["current-context"] == "flask-k8s-test"
    assert [context["name"] for context in content["contexts"]] == ["flask-k8s-test"]
    cluster = content["clusters"][0]["cluster"]
    assert cluster["server"] == f"https://127.0.0.1:{profile.api_port}"
    assert base64.b64decode(cluster["certificate-authority-data"]) == (profile.pki / "ca.crt").read_bytes()


def test_containerd_reads_its_file_and_pulls_from_the_registry_over_http(profile: Profile) -> None:
    files = config.files(profile, CNI)
    cri = tomllib.loads(files["containerd.toml"])["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["restrict_oom_score_adj"] is True
    assert cri["sandbox_image"] == config.PAUSE
    assert cri["registry"]["config_path"] == str(profile.config / "certs.d")
    mirror = tomllib.loads(files[f"certs.d/localhost:{profile.registry_port}/hosts.toml"])
    assert mirror["server"] == f"http://localhost:{profile.registry_port}"


def test_profiles_share_no_cgroup_socket_or_folder(profile: Profile) -> None:
    one, two = config.kubelet(profile), config.kubelet(Profile("other"))
    for key in ("cgroupRoot", "containerRuntimeEndpoint", "tlsPrivateKeyFile", "resolvConf"):
        assert one[key] != two[key]


def test_only_health_is_open_to_anyone() -> None:
    conditions = config.authentication()["anonymous"]["conditions"]
    assert [condition["path"] for condition in conditions] == ["/livez", "/readyz", "/healthz"]


def test_objects_name_their_own_path(profile: Profile) -> None:
    for path, content in addons.objects(profile):
        prefix = "/api/" if content["apiVersion"] == "v1" else "/apis/"
        assert path.startswith(f"{prefix}{content['apiVersion']}/")
        assert path.endswith(f"/{content['metadata']['name']}")
        if namespace := content["metadata"].get("namespace"):
            assert f"/namespaces/{namespace}/" in path


def test_the_registry_is_announced(profile: Profile) -> None:
    found = [content for _, content in addons.objects(profile) if content["kind"] == "ConfigMap"]
    assert [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in found] == [
        ("kube-public", "local-registry-hosting")
    ]
    hosting = json.loads(found[0]["data"]["localRegistryHosting.v1"])
    assert hosting == {"host": f"localhost:{profile.registry_port}"}


def test_images_are_not_unpacked_by_overlay_on_overlay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = "1 0 8:1 / / rw - {} none rw\n2 1 0:5 / /proc rw - proc proc rw\n3 1 8:2 / /home rw - ext4 /dev/sdb rw\n"
    for root, folder, wanted in [("overlay", "/root/x", "native"), ("ext4", "/root/x", "overlayfs"),
                                 ("overlay", "/home/me/x", "overlayfs")]:  # fmt: skip
        monkeypatch.setattr(Path, "read_text", lambda _, root=root: table.format(root))
        assert config.snapshotter(Path(folder)) == wanted
