import pulumi
from pulumi_kubernetes import apps, core

edit = pulumi.Config().require_int("edit")
settings = core.v1.ConfigMap("settings", data={"greeting": "hello" if edit == 0 else "good morning"})
login = core.v1.Secret("login", string_data={"password": f"pass{edit}"})
labels = {"app": "web"}
container = {
    "name": "web",
    "image": "none",
    "env_from": [
        {"config_map_ref": {"name": settings.metadata["name"]}},
        {"secret_ref": {"name": login.metadata["name"]}},
    ],
}
apps.v1.Deployment(
    "web",
    metadata={"name": "web"},
    spec={
        "replicas": 0,
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    },
)
pulumi.export("settings", settings.metadata["name"])
pulumi.export("login", login.string_data)
