import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
if pulumi.get_stack() == "base":
    pulumi.export("name", f"name{edit}")
    pulumi.export("password", pulumi.Output.secret(f"pass{edit}"))
else:
    base = pulumi.StackReference("organization/stack-reference/base")
    core.v1.ServiceAccount("a", metadata={"name": "a", "labels": {"of": base.require_output("name")}})
    pulumi.export("password", base.get_output("password"))
    pulumi.export("none", base.get_output("none"))
