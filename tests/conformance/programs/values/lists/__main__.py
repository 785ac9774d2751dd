import pulumi
from pulumi_kubernetes import apps

edit = pulumi.Config().require_int("edit")
labels = {"app": "web"}
env = [
    [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}],
    [{"name": "B", "value": "2"}, {"name": "A", "value": "one"}],
    [],
][edit]
ports = [[{"container_port": 80}], [{"container_port": 80}, {"container_port": 81, "protocol": "UDP"}], None][edit]
containers = [
    {"name": "web", "image": "none", "env": env, "ports": ports, "args": ["a", "b", "c"][edit:]},
    {"name": "side", "image": "none"},
]
apps.v1.Deployment(
    "web",
    metadata={"name": "web"},
    spec={
        "replicas": 0,
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers[:: -1 if edit == 1 else 1]}},
    },
)
