import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
needs = []
if edit == 0:
    needs = [core.v1.ServiceAccount("needed", metadata={"name": "needed"})]
core.v1.ConfigMap(
    "needs", metadata={"name": "needs"}, data={"edit": str(edit)}, opts=pulumi.ResourceOptions(depends_on=needs)
)
