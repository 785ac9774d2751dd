import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")


class Inner(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("example:index:Inner", name, {"edit": edit}, opts)
        self.settings = core.v1.ConfigMap(
            f"{name}-settings", metadata={"labels": {"edit": str(edit)}}, opts=pulumi.ResourceOptions(parent=self)
        )
        self.register_outputs({"settings": self.settings.metadata["name"]})


class Outer(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("example:index:Outer", name, {}, None)
        self.inner = Inner(f"{name}-inner", pulumi.ResourceOptions(parent=self))
        if edit == 1:
            Inner(f"{name}-another", pulumi.ResourceOptions(parent=self))
        self.register_outputs({"edit": edit, "settings": self.inner.settings.metadata["name"]})


pulumi.export("settings", Outer("outer").inner.settings.metadata["name"])
