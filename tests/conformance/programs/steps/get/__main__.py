import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
found = core.v1.ConfigMap.get("found", "conformance-get/theirs")
core.v1.ServiceAccount("ours", metadata={"name": "ours", "labels": {"of": found.data["key"]}})
if edit == 1:
    secret = core.v1.Secret.get("secret", "conformance-get/hidden")
    pulumi.export("password", secret.data["password"])
pulumi.export("found", found.data)
