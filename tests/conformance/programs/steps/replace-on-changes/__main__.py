import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
labels = {"edit": str(edit)}
named = pulumi.ResourceOptions(replace_on_changes=["metadata.labels"])
core.v1.ServiceAccount("named", metadata={"labels": labels}, opts=named)
core.v1.ServiceAccount("other", automount_service_account_token=edit == 0, opts=named)
core.v1.ServiceAccount("any", metadata={"labels": labels}, opts=pulumi.ResourceOptions(replace_on_changes=["*"]))
