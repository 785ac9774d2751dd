import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
labels = {"edit": str(edit)}
one = core.v1.ServiceAccount("one", metadata={"name": "one", "labels": labels})
core.v1.ServiceAccount("two", metadata={"name": "two", "labels": labels}, opts=pulumi.ResourceOptions(depends_on=[one]))
core.v1.ServiceAccount("three", metadata={"name": "three", "labels": labels})
