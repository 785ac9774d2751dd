import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
group = pulumi.ComponentResource("example:index:Group", "group")
core.v1.ServiceAccount("in-group", metadata={"name": "in-group"}, opts=pulumi.ResourceOptions(parent=group))
one = core.v1.ServiceAccount("one", metadata={"name": "one"})
after = [one, group] if edit == 0 else [one]
core.v1.ServiceAccount("two", metadata={"name": "two"}, opts=pulumi.ResourceOptions(depends_on=after))
