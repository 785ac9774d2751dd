"""The configuration files of the node's parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cluster import kubeconfig
from cluster.files import write
from cluster.profile import DNS_ADDRESS, DNS_DOMAIN, NODE_ADDRESS, POD_CIDR, Profile

PAUSE = "localhost/flask-k8s-pause:1"
"""The sandbox image; imported into containerd when the node starts, never pulled."""

API = f"https://{NODE_ADDRESS}:6443"

CLIENTS = ("controller-manager", "scheduler", "kubelet", "proxy", "coredns", "forwarder")
"""Parts that talk to the API server, each with a certificate and a kubeconfig of its own."""


def render(profile: Profile, cni: Path) -> None:
    """Write all files; `cni` is the folder of the CNI plugins."""
    for name, content in files(profile, cni).items():
        write(profile.config / name, content)
    for client in CLIENTS:
        file = profile.config / f"{client}.kubeconfig"
        kubeconfig.ensure(file, pki=profile.pki, leaf=client, server=API, context=profile.context)


def files(profile: Profile, cni: Path) -> dict[str, str]:
    """Content of each file by its path in the profile's `config` folder."""
    return {
        "apiserver-authentication.yaml": _json(authentication()),
        "kubelet.yaml": _json(kubelet(profile)),
        "proxy.yaml": _json(proxy(profile)),
        "scheduler.yaml": _json(scheduler(profile)),
        "containerd.toml": containerd(profile, cni),
        "cni/10-pods.conflist": _json(pod_network()),
        f"certs.d/{profile.registry}/hosts.toml": f'server = "http://{profile.registry}"\n',
        "Corefile": corefile(profile),
        "resolv.conf": "# The node resolves nothing outside the cluster.\n",
    }


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"  # JSON is YAML


def authentication() -> dict[str, Any]:
    """Anonymous requests for health only.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-authenticator-configuration
    """
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "anonymous": {"enabled": True, "conditions": [{"path": p} for p in ("/livez", "/readyz", "/healthz")]},
    }


def kubelet(profile: Profile) -> dict[str, Any]:
    """https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/"""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(profile.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(profile.pki / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(profile.pki / "kubelet-server.key"),
        "readOnlyPort": 0,
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": DNS_DOMAIN,
        "resolvConf": str(profile.config / "resolv.conf"),
        "containerRuntimeEndpoint": f"unix://{profile.containerd}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{profile.context}",
        "failCgroupV1": False,
        "failSwapOn": False,
        # No iptables here: kube-proxy works with nftables, and nothing else needs the kubelet's chains.
        "makeIPTablesUtilChains": False,
        "serializeImagePulls": False,
        # The disk is the user's: its being full is no reason to throw away images that were built here.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "0%", "nodefs.inodesFree": "0%",
                         "imagefs.available": "0%"},
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
    }  # fmt: skip


def proxy(profile: Profile) -> dict[str, Any]:
    """https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/"""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "hostnameOverride": profile.context,
        "clientConnection": {"kubeconfig": str(profile.config / "proxy.kubeconfig")},
        "clusterCIDR": POD_CIDR,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "nftables": {"minSyncPeriod": "100ms"},
        # The limits of connection tracking are the host's.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpCloseWaitTimeout": "0s", "tcpEstablishedTimeout": "0s"},
    }


def scheduler(profile: Profile) -> dict[str, Any]:
    """https://kubernetes.io/docs/reference/config-api/kube-scheduler-config.v1/"""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"kubeconfig": str(profile.config / "scheduler.kubeconfig"), "qps": 200, "burst": 400},
    }


def containerd(profile: Profile, cni: Path) -> str:
    """https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md (JSON strings are TOML's)."""
    cri = '[plugins."io.containerd.grpc.v1.cri"'
    return f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
address = {json.dumps(str(profile.containerd))}

{cri}]
sandbox_image = "{PAUSE}"
# Without CAP_SYS_RESOURCE no score can be lowered, and every sandbox would fail.
restrict_oom_score_adj = true
enable_unprivileged_ports = true
enable_unprivileged_icmp = true

{cri}.cni]
bin_dir = {json.dumps(str(cni))}
conf_dir = {json.dumps(str(profile.config / "cni"))}

{cri}.registry]
config_path = {json.dumps(str(profile.config / "certs.d"))}

{cri}.containerd]
snapshotter = "{snapshotter(profile.var)}"

{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

{cri}.containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def snapshotter(folder: Path) -> str:
    """How images are unpacked: overlayfs can't lie on another one, as it would in most containers."""
    mounts = [line.split(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    places = {Path(left.split()[4]): right.split()[0] for left, right in mounts}
    inmost = max((place for place in places if folder.is_relative_to(place)), key=lambda place: len(place.parts))
    return "native" if places[inmost] == "overlay" else "overlayfs"


def pod_network() -> dict[str, Any]:
    """A pair of interfaces and a route for each pod; pods reach each other, Services and the node.

    There is no way out of the node: its network namespace has no link to the host's. (slirp4netns would give
    one without a change to the host.) A bridge would need br_netfilter for a Service whose pod is on it as well.
    """
    ipam = {
        "type": "host-local",
        "ranges": [[{"subnet": "10.244.0.0/24"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/run/cni",  # as pods don't outlive the node, nor do their addresses
    }
    return {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [{"type": "ptp", "ipMasq": False, "mtu": 1500, "ipam": ipam}],
    }


def corefile(profile: Profile) -> str:
    """https://coredns.io/plugins/; names outside the cluster don't exist, as there is no way to them."""
    return f"""\
.:53 {{
    bind {NODE_ADDRESS}
    errors
    health {NODE_ADDRESS}:8080
    ready {NODE_ADDRESS}:8181
    kubernetes {DNS_DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {profile.config / "coredns.kubeconfig"}
        pods insecure
        ttl 5
    }}
    template ANY ANY . {{
        rcode NXDOMAIN
    }}
    cache 5
    loadbalance
}}
"""
