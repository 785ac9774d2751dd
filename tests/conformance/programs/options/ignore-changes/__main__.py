import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
core.v1.ConfigMap(
    "key",
    metadata={"name": "key", "labels": {"edit": str(edit)}},
    data={"a": str(edit), "b": "c"},
    opts=pulumi.ResourceOptions(ignore_changes=["data.a"]),
)
core.v1.ConfigMap(
    "whole",
    metadata={"name": "whole"},
    data={"a": "b"} if edit == 0 else {"c": "d"},
    opts=pulumi.ResourceOptions(ignore_changes=["data"]),
)
core.v1.Service(
    "element",
    metadata={"name": "element", "annotations": {"pulumi.com/skipAwait": "true"}},
    spec={"ports": [{"name": "a", "port": 80 + edit}, {"name": "b", "port": 90 + edit}]},
    opts=pulumi.ResourceOptions(ignore_changes=["spec.ports[0].port"]),
)
core.v1.ServiceAccount(
    "pattern",
    metadata={"name": "pattern", "labels": {"x": str(edit)}, "annotations": {"example.com/x": str(edit)}},
    opts=pulumi.ResourceOptions(ignore_changes=["metadata.*.x", 'metadata.annotations["example.com/x"]']),
)
