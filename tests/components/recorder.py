"""Runs a piece of a Pulumi program under the SDK's mocks and keeps what it registered.

The mocks do no diff and no await, and let unknown values pass: tests assert on what was registered, not on what came
back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc

PINNED = f"registry.example.com/flask-k8s@sha256:{'a' * 64}"
KEY = "k" * 32


@dataclass
class Recorded:
    """What was registered: inputs by (type, name), parents and outputs by the same, in order of arrival."""

    inputs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    parents: dict[tuple[str, str], str] = field(default_factory=dict)
    providers: dict[tuple[str, str], str] = field(default_factory=dict)
    timeouts: dict[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)
    dependencies: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    """Types of what may not be deleted."""
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What components said of themselves, by URN."""

    def only(self, type: str) -> dict[str, Any]:
        """The inputs of the one resource of a type."""
        found = [inputs for (kind, _), inputs in self.inputs.items() if kind == type]
        assert len(found) == 1, f"{type}: {len(found)} registered"
        return found[0]

    def types(self) -> list[str]:
        return sorted(kind for kind, _ in self.inputs)

    def outputs_of(self, type: str) -> dict[str, Any]:
        """The outputs of the one component of a type."""
        found = [outputs for urn, outputs in self.outputs.items() if urn.split("::")[2].endswith(type)]
        assert len(found) == 1, f"{type}: {len(found)} registered outputs"
        return found[0]


class _Cluster(mocks.Mocks):
    """Answers as the providers would after an `up`, in the few fields that the components read."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        match args.typ:
            case "kubernetes:core/v1:Service":
                state["spec"] = {"ports": [{"nodePort": 30123}], **state["spec"]}
                state["status"] = {"loadBalancer": {"ingress": self.ingress}}
                for port in state["spec"]["ports"]:
                    port.setdefault("nodePort", 30123)
            case "docker:index/image:Image":
                state["repoDigest"] = f"{args.inputs['imageName'].rpartition(':')[0]}@sha256:{'b' * 64}"
        return f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"no function is called: {args.token}")

    ingress: tuple[dict[str, str], ...] = ({"hostname": "localhost"},)


class _Monitor(mocks.MockMonitor):
    def __init__(self, answers: mocks.Mocks, recorded: Recorded) -> None:
        super().__init__(answers)
        self._recorded = recorded

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.type != "pulumi:pulumi:Stack":
            key = (request.type, request.name)
            assert key not in self._recorded.inputs, f"registered twice: {key}"
            self._recorded.inputs[key] = rpc.deserialize_properties(request.object, keep_unknowns=True)
            self._recorded.parents[key] = request.parent
            self._recorded.providers[key] = request.provider or "".join(request.providers.values())
            timeouts = request.customTimeouts
            self._recorded.timeouts[key] = (timeouts.create, timeouts.update, timeouts.delete)
            self._recorded.dependencies[key] = list(request.dependencies)
            if request.HasField("protect"):
                assert request.protect, key
                self._recorded.protected.add(request.type)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self._recorded.outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def record(
    program: Callable[[], object],
    *,
    stack: str = "dev",
    preview: bool = False,
    ingress: tuple[dict[str, str], ...] = ({"hostname": "localhost"},),
) -> Recorded:
    """Runs the program to its end and returns what it registered."""
    recorded = Recorded()
    answers = _Cluster()
    answers.ingress = ingress
    monitor = _Monitor(answers, recorded)
    mocks.set_mocks(answers, project="flask-k8s", stack=stack, preview=preview, monitor=monitor)

    def run() -> None:
        program()

    mocks.test(run)()  # type: ignore[no-untyped-call]
    return recorded


def plain(value: Any) -> Any:
    """The value inside a secret wrapper; fails when it is not secret."""
    assert isinstance(value, dict), value
    assert value.get("4dabf18193072939515e22adb298388d") == "1b47061264138c4ac30d75fd1eb44270", "not marked secret"
    return value["value"]


def provider() -> pulumi.ProviderResource:
    """A Kubernetes provider of the program's own."""
    import pulumi_kubernetes as k8s

    return k8s.Provider("kubernetes", kubeconfig="~/kubeconfig", context="somewhere")
