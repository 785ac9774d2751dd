import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
space = core.v1.Namespace("space", metadata={"name": "conformance-deleted-with-space"})
inside = {"name": "a", "namespace": space.metadata["name"]}
core.v1.ConfigMap("a", metadata=inside, opts=pulumi.ResourceOptions(deleted_with=space))
