import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
base = core.v1.ConfigMap("base", data={"a": str(edit)}, opts=pulumi.ResourceOptions(delete_before_replace=True))
core.v1.ConfigMap("data", data={"of": base.metadata["name"]})
core.v1.ServiceAccount("label", metadata={"labels": {"of": base.metadata["name"]}})
core.v1.ServiceAccount("after", opts=pulumi.ResourceOptions(depends_on=[base]))
