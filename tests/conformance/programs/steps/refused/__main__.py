import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
account = core.v1.ServiceAccount("account", metadata={"name": "account"})
ports = [{"port": 80 if edit else 123456}]
annotations = {"pulumi.com/skipAwait": "true"}
core.v1.Service(
    "web",
    metadata={"name": "web", "annotations": annotations},
    spec={"ports": ports},
    opts=pulumi.ResourceOptions(depends_on=[account]),
)
