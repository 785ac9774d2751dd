import pulumi
from pulumi_kubernetes import apps, core

edit = pulumi.Config().require_int("edit")
core.v1.ResourceQuota(
    "quota", metadata={"name": "quota"}, spec={"hard": {"cpu": "1000m", "memory": "1024Mi", "pods": "5"}}
)
labels = {"app": "web"}
limits = {"cpu": "0.5", "memory": "1024Mi"} if edit == 0 else {"cpu": "500m", "memory": "1Gi"}
containers = [{"name": "web", "image": "none", "resources": {"limits": limits, "requests": {"cpu": 0.25}}}]
apps.v1.Deployment(
    "web",
    metadata={"name": "web"},
    spec={
        "replicas": 0,
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
    },
)
