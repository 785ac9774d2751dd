import pulumi
from pulumi_kubernetes import apps, core

edit = pulumi.Config().require_int("edit")
labels = {"app": "web"}
pod = {
    "metadata": {"labels": labels},
    "spec": {"containers": [{"name": "a", "image": "none.invalid/none", "image_pull_policy": "Never"}]},
}
web = apps.v1.Deployment(
    "web",
    metadata={"name": "web", "annotations": {"pulumi.com/timeoutSeconds": "2"}},
    spec={"replicas": 1 if edit < 2 else 0, "selector": {"match_labels": labels}, "template": pod},
)
core.v1.ServiceAccount("after", metadata={"name": "after"}, opts=pulumi.ResourceOptions(depends_on=[web]))
