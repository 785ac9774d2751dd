import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
base = core.v1.ConfigMap("base", metadata={"name": "base"}, data={"edit": str(edit)})
core.v1.ConfigMap(
    "above", metadata={"name": "above"}, data={"of": base.metadata["uid"].apply(lambda uid: str(len(uid)))}
)
core.v1.ConfigMap(
    "beside", metadata={"name": "beside"}, data={"a": "b"}, opts=pulumi.ResourceOptions(depends_on=[base])
)
