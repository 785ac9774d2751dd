import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
keep = pulumi.ResourceOptions(retain_on_delete=True)
if edit < 1:
    core.v1.ConfigMap("leaves", metadata={"name": "leaves"}, opts=keep)
core.v1.ConfigMap("replaced", data={"a": str(min(edit, 1))}, opts=keep)
core.v1.ConfigMap("destroyed", metadata={"name": "destroyed"}, opts=keep)
