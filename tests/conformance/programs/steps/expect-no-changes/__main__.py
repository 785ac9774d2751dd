import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
core.v1.ServiceAccount("a", metadata={"name": "a", "labels": {"edit": str(min(edit, 1))}})
