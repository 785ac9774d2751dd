"""What the supervisor of a node does: its mounts and links, its parts with their order, and how they end."""

from __future__ import annotations

from pathlib import Path

from cluster import packages, registry
from cluster.profile import NODE_ADDRESS, SERVICE_CIDR, Profile
from cluster.spec import PartSpec, Spec
from cluster.supervisor import HOST_PROC

HOST_NET = "/run/node/host-net"

KUBELET_SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""Settings of the whole machine that a kubelet changes where they differ. This one is shown them as it wants them."""


def spec(profile: Profile, binaries: Path) -> Spec:
    """The whole node; `binaries` is the folder of the Go parts."""
    return {
        "hostname": profile.context,
        "state": str(profile.state),
        "logs": str(profile.logs),
        "host_setup": host_setup(profile),
        "setup": setup(),
        "parts": parts(profile, binaries),
        "stop": [
            ["kubelet", "kube-controller-manager", "kube-scheduler"],
            ["pods"],
            ["containerd", "kube-proxy", "coredns", "registry", "forwarder"],
            ["kube-apiserver"],
            ["etcd"],
        ],
        "cgroups": [str(root / profile.context) for root in cgroup_mounts()],
    }


def cgroup_mounts() -> list[Path]:
    """Roots of all cgroup hierarchies: one with cgroup v2, else one per controller."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted({path.resolve() for path in root.iterdir() if (path / "cgroup.procs").exists()})


def host_setup(profile: Profile) -> list[list[str]]:
    """Mounts of the node's own. Its /run and /var are its own, so that no part leaves anything on the host."""
    home, var, run = str(Path.home()), str(profile.var), str(profile.run)
    keep = [[home, f"{var}{home.removeprefix('/var')}"]] if home.startswith("/var/") else []
    sysctls = [
        command
        for name, value in KUBELET_SYSCTLS.items()
        for command in (
            ["sh", "-c", f'echo {value} >"$0"', f"/run/node/{name.replace('/', '.')}"],
            ["sh", "-c", '! [ -e "$1" ] || mount --bind "$0" "$1"', f"/run/node/{name.replace('/', '.')}",
             f"/proc/sys/{name}"],
        )
    ]  # fmt: skip
    return [
        # The folder that the host sees as well is kept aside while /run is covered.
        ["mount", "--make-rprivate", "/"],
        *(command for source, target in keep for command in (
            ["mkdir", "-p", target], ["mount", "--rbind", source, target])),
        ["mount", "--rbind", var, "/var"],
        ["sh", "-c", 'exec 9<"$0" && mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p "$0" /run/node /run/lock && '
         'mount --no-canonicalize --bind /proc/self/fd/9 "$0"', run],
        ["mkdir", HOST_PROC],
        ["mount", "--rbind", "/proc", HOST_PROC],
        ["touch", HOST_NET],
        ["mount", "--bind", "/proc/self/ns/net", HOST_NET],
        ["mount", "-t", "proc", "proc", "/proc"],
        *sysctls,
        ["mount", "--make-rshared", "/"],
    ]  # fmt: skip


def setup() -> list[list[str]]:
    """Links of the node's own network: a bridge without ports carries its address."""
    return [
        ["ip", "link", "set", "lo", "up"],
        ["ip", "link", "add", "node", "type", "bridge"],
        ["ip", "address", "add", f"{NODE_ADDRESS}/32", "dev", "node"],
        ["ip", "link", "set", "node", "up"],
        # Never taken: Services are translated before; but without a route a dial from the node would fail at once.
        ["ip", "route", "add", SERVICE_CIDR, "dev", "node", "src", NODE_ADDRESS],
        # No way out of the node: pods that try are told so at once.
        ["ip", "route", "add", "prohibit", "default"],
        ["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"],
    ]


def parts(profile: Profile, binaries: Path) -> dict[str, PartSpec]:
    """Each part by name, in the order in which `status` lists them."""
    pki, conf = profile.pki, profile.config

    def part(argv: list[str], probe: str, *after: str, once: bool = False) -> PartSpec:
        return {"argv": argv, "after": list(after), "probe": probe, "once": once}

    def kube(name: str, *flags: str) -> list[str]:
        return [str(binaries / name), *flags]

    store = "unix:///run/node/etcd.sock"
    serve = registry.prepare(
        binaries / "registry", conf / "registry.yaml", profile.data / "registry", profile.registry_port
    )
    return {
        "etcd": part(
            kube(
                "etcd",
                "--data-dir=/var/lib/etcd",
                f"--listen-client-urls={store}",
                "--listen-peer-urls=unix:///run/node/etcd-peer.sock",
                # Addresses must be told, but nobody listens on these: it is reached by its socket only.
                "--advertise-client-urls=http://127.0.0.1:2379",
                "--initial-advertise-peer-urls=http://127.0.0.1:2380",
                "--initial-cluster=default=http://127.0.0.1:2380",
                "--listen-metrics-urls=http://127.0.0.1:2381",
                "--heartbeat-interval=50",
                "--election-timeout=500",
                "--log-level=warn",
            ),
            "http://127.0.0.1:2381/health",
        ),
        "kube-apiserver": part(
            kube(
                "kube-apiserver",
                f"--advertise-address={NODE_ADDRESS}",
                "--secure-port=6443",
                f"--etcd-servers={store}",
                f"--service-cluster-ip-range={SERVICE_CIDR}",
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=NodeRestriction",
                f"--authentication-config={conf / 'apiserver-authentication.yaml'}",
                "--allow-privileged=true",
                "--profiling=false",
                f"--client-ca-file={pki / 'ca.crt'}",
                f"--tls-cert-file={pki / 'apiserver.crt'}",
                f"--tls-private-key-file={pki / 'apiserver.key'}",
                f"--kubelet-certificate-authority={pki / 'ca.crt'}",
                f"--kubelet-client-certificate={pki / 'apiserver-kubelet.crt'}",
                f"--kubelet-client-key={pki / 'apiserver-kubelet.key'}",
                "--kubelet-preferred-address-types=InternalIP",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                f"--service-account-key-file={pki / 'service-account.pub'}",
                f"--service-account-signing-key-file={pki / 'service-account.key'}",
                f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
                "--requestheader-allowed-names=front-proxy-client",
                "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                "--requestheader-group-headers=X-Remote-Group",
                "--requestheader-username-headers=X-Remote-User",
                f"--proxy-client-cert-file={pki / 'front-proxy.crt'}",
                f"--proxy-client-key-file={pki / 'front-proxy.key'}",
            ),
            f"https://{NODE_ADDRESS}:6443/readyz",
            "etcd",
        ),
        "kube-controller-manager": part(
            kube(
                "kube-controller-manager",
                f"--kubeconfig={conf / 'controller-manager.kubeconfig'}",
                f"--authentication-kubeconfig={conf / 'controller-manager.kubeconfig'}",
                f"--authorization-kubeconfig={conf / 'controller-manager.kubeconfig'}",
                "--bind-address=127.0.0.1",
                "--leader-elect=false",
                "--use-service-account-credentials=true",
                "--kube-api-qps=200",
                "--kube-api-burst=400",
                f"--service-account-private-key-file={pki / 'service-account.key'}",
                f"--root-ca-file={pki / 'ca.crt'}",
                f"--cluster-signing-cert-file={pki / 'ca.crt'}",
                f"--cluster-signing-key-file={pki / 'ca.key'}",
                "--profiling=false",
            ),
            "https://127.0.0.1:10257/healthz",
            "kube-apiserver",
        ),
        "kube-scheduler": part(
            kube("kube-scheduler", f"--config={conf / 'scheduler.yaml'}", "--bind-address=127.0.0.1"),
            "https://127.0.0.1:10259/healthz",
            "kube-apiserver",
        ),
        "containerd": part(
            [str(packages.require("containerd")), f"--config={conf / 'containerd.toml'}", "--log-level=warn"],
            f"unix:{profile.containerd}",
        ),
        "pause-image": part(
            [str(packages.require("ctr")), f"--address={profile.containerd}", "--namespace=k8s.io", "images",
             "import", str(binaries / "pause.tar")],
            "",
            "containerd",
            once=True,
        ),
        "kubelet": part(
            kube(
                "kubelet",
                f"--config={conf / 'kubelet.yaml'}",
                f"--kubeconfig={conf / 'kubelet.kubeconfig'}",
                f"--hostname-override={profile.context}",
                f"--node-ip={NODE_ADDRESS}",
            ),
            "http://127.0.0.1:10248/healthz",
            "kube-apiserver", "containerd",
        ),
        "kube-proxy": part(
            kube("kube-proxy", f"--config={conf / 'proxy.yaml'}"),
            "http://127.0.0.1:10256/livez",
            "kube-apiserver",
        ),
        "coredns": part(
            kube("coredns", f"-conf={conf / 'Corefile'}"),
            f"http://{NODE_ADDRESS}:8181/ready",
            "kube-apiserver",
        ),
        "registry": part(serve, f"http://127.0.0.1:{profile.registry_port}/v2/"),
        "forwarder": part(
            kube(
                "forwarder",
                f"--kubeconfig={conf / 'forwarder.kubeconfig'}",
                f"--host-net={HOST_NET}",
                f"--host-proc={HOST_PROC}",
                f"--report={profile.routes}",
                f"--route={profile.api_port}={NODE_ADDRESS}:6443=kube-apiserver",
                f"--route={profile.registry_port}=127.0.0.1:{profile.registry_port}=registry",
            ),
            f"file:{profile.routes}",
        ),
    }  # fmt: skip


def needs() -> list[str]:
    """Programs that the node runs beside the Go parts, as `packages.ensure` takes them."""
    return ["containerd", "ctr", "runc", "cni-plugins", "nft", "ip", "unshare", "setsid", "mount"]
