import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
core.v1.ConfigMap("mine", metadata={"name": "mine" if edit else "theirs"}, data={"of": "mine"})
