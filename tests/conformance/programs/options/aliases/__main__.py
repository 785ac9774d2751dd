import pulumi
from pulumi_kubernetes import core

GROUP = "urn:pulumi:test::aliases::example:index:Group"
edit = pulumi.Config().require_int("edit")


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("example:index:Group" if edit == 0 else "example:index:Team", name, None, opts)


def was(*aliases: pulumi.Alias | str, parent: pulumi.Resource | None = None) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(aliases=list(aliases) if edit else None, parent=parent)


group = Group("group" if edit == 0 else "team", was(pulumi.Alias(name="group", type_="example:index:Group")))
core.v1.ConfigMap("old" if edit == 0 else "new", metadata={"name": "a"}, opts=was(pulumi.Alias(name="old")))
core.v1.ConfigMap(
    "moved",
    metadata={"name": "b"},
    opts=was(pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE), parent=group if edit else None),
)
core.v1.ConfigMap(
    "out",
    metadata={"name": "c"},
    opts=was(
        "urn:pulumi:test::aliases::example:index:Group$kubernetes:core/v1:ConfigMap::out",
        parent=None if edit else group,
    ),
)
core.v1.ConfigMap("inside", metadata={"name": "d"}, opts=pulumi.ResourceOptions(parent=group))
