import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
wanted = ["jsonpath={.data.ready}=yes", "jsonpath={.data.other}", "jsonpath={.data.ready}"][min(edit, 2)]
core.v1.ConfigMap(
    "a",
    metadata={"name": "a", "annotations": {"pulumi.com/waitFor": wanted, "pulumi.com/timeoutSeconds": "2"}},
    data={"ready": "yes"},
)
