import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
if edit < 2:
    core.v1.ConfigMap("stays", metadata={"name": "stays"}, data={"a": "b"})
if edit == 0:
    core.v1.ServiceAccount("leaves", metadata={"name": "leaves"})
if edit == 1:
    core.v1.ServiceAccount("comes", metadata={"name": "comes"})
