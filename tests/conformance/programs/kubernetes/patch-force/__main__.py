import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
annotations = {"pulumi.com/patchForce": "true"} if edit == 2 else {}
core.v1.ServiceAccount("a", metadata={"name": "a", "labels": {"x": str(edit)}, "annotations": annotations})
