import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
gone = core.v1.ConfigMap("gone", metadata={"name": "gone"}, data={"a": "b"})
core.v1.ServiceAccount("changed", metadata={"name": "changed", "labels": {"a": "b"}})
core.v1.ServiceAccount("same", metadata={"name": "same"}, opts=pulumi.ResourceOptions(depends_on=[gone]))
pulumi.export("edit", edit)
