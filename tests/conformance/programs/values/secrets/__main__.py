import pulumi
from pulumi_kubernetes import core

config = pulumi.Config()
edit = config.require_int("edit")
password = config.require_secret("password")
core.v1.Secret("one", metadata={"name": "one"}, string_data={"password": password, "edit": str(edit)})
core.v1.Secret("two", metadata={"name": "two"}, data={"a": "YQ=="})
core.v1.ConfigMap("three", metadata={"name": "three", "labels": {"a": pulumi.Output.secret(f"v{edit}")}})
hidden = core.v1.ConfigMap(
    "four",
    metadata={"name": "four"},
    data={"a": "b"},
    opts=pulumi.ResourceOptions(additional_secret_outputs=["data"] if edit else None),
)
core.v1.ServiceAccount("five", metadata={"name": "five"}, image_pull_secrets=[{"name": password}, {"name": "plain"}])
pulumi.export("config", config.require_secret_object("nested"))
pulumi.export("password", password)
pulumi.export("nested", {"list": ["plain", password.apply(len)], "plain": 1})
pulumi.export("hidden", hidden.data)
pulumi.export("plain", pulumi.Output.unsecret(password).apply(len))
