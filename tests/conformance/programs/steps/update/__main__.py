import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
account = core.v1.ServiceAccount(
    "robot",
    metadata={"name": "robot", "labels": {"tier": "a"} if edit == 0 else {"team": "b"}},
    automount_service_account_token=edit == 0,
)
core.v1.Service(
    "web",
    metadata={"name": "web", "annotations": {"pulumi.com/skipAwait": "true"}},
    spec={"ports": [{"port": 80 + min(edit, 1), "name": "http"}], "selector": {"app": "web"}},
)
pulumi.export("account", account.metadata["name"])
