import pulumi
from pulumi_kubernetes import apps

edit = pulumi.Config().require_int("edit")
labels = {"app": "web"}
pod = {
    "metadata": {"labels": labels},
    "spec": {"containers": [{"name": "a", "image": "none.invalid/a", "image_pull_policy": "Never"}]},
}
apps.v1.Deployment(
    "web",
    metadata={"name": "web", "labels": {"edit": str(edit)}, "annotations": {"pulumi.com/skipAwait": "true"}},
    spec={"replicas": 0, "selector": {"match_labels": labels}, "template": pod},
    opts=pulumi.ResourceOptions(ignore_changes=["spec.replicas"]),
)
