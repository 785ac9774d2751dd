import pulumi
from pulumi_kubernetes import apps, core

edit = pulumi.Config().require_int("edit")
labels = {"app": "web"}
metadata = {"name": "web", "annotations": {"pulumi.com/skipAwait": "true"}}
pod = {
    "metadata": {"labels": labels},
    "spec": {"containers": [{"name": "a", "image": f"none.invalid/{edit}", "image_pull_policy": "Never"}]},
}
spec = {"replicas": 1, "selector": {"match_labels": labels}, "template": pod}
apps.v1.Deployment("web", metadata=metadata, spec=spec)
core.v1.Service("web", metadata=metadata, spec={"selector": labels, "ports": [{"port": 80}]})
