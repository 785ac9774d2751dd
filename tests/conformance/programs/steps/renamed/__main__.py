import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
core.v1.ConfigMap(f"unnamed{edit}", data={"a": "b"})
core.v1.ConfigMap(f"named{edit}", metadata={"name": f"named{edit}"})
