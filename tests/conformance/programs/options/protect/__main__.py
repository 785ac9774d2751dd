import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
base = core.v1.ServiceAccount("base", metadata={"name": "base"})
if edit != 1:
    kept = pulumi.ResourceOptions(protect=edit == 0, depends_on=[base])
    core.v1.ConfigMap("kept", metadata={"name": "kept"}, opts=kept)
