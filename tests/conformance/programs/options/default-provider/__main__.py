import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
core.v1.ConfigMap("a", metadata={"name": "a"}, data={"a": str(edit)})
core.v1.Secret("b", metadata={"name": "b"}, string_data={"a": str(edit)})
