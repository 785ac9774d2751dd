import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
core.v1.ConfigMap("plain", data={"a": "b"})
core.v1.ConfigMap("labelled", metadata={"labels": {"edit": str(edit)}})
core.v1.ServiceAccount("to-own-name", metadata={} if edit == 0 else {"name": "own"})
core.v1.ServiceAccount("to-random-name", metadata={"name": "fixed"} if edit == 0 else {})
core.v1.ServiceAccount("to-other-name", metadata={"name": f"name{edit}"})
core.v1.ServiceAccount("a-name-that-is-very-long" * 3)
