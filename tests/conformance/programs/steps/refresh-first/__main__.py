import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
core.v1.ConfigMap("gone", metadata={"name": "gone"}, data={"a": "b"})
core.v1.ServiceAccount("changed", metadata={"name": "changed", "labels": {"a": "b", "edit": str(edit)}})
if edit == 0:
    core.v1.ServiceAccount("removed", metadata={"name": "removed"})
