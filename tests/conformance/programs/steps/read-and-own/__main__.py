import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
if edit == 0:
    core.v1.ServiceAccount("given", metadata={"name": "given"})
    core.v1.ConfigMap.get("taken", "conformance-read-and-own/theirs")
else:
    core.v1.ServiceAccount.get("given", "conformance-read-and-own/given")
    core.v1.ConfigMap("taken", metadata={"name": "ours"})
