import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
space = core.v1.Namespace("space", metadata={"name": f"conformance-namespace-{edit}"})
core.v1.ConfigMap("a", metadata={"name": "a", "namespace": space.metadata["name"]})
core.v1.ServiceAccount("b", metadata={"namespace": space.id})
