import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
core.v1.ServiceAccount("changed", metadata={"name": "changed", "labels": {"edit": str(edit // 2)}})
if edit == 0:
    core.v1.ServiceAccount("removed", metadata={"name": "removed"})
core.v1.ConfigMap("same", metadata={"name": "same"})
