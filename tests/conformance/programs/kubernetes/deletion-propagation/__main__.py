import pulumi
from pulumi_kubernetes import apps, core

edit = pulumi.Config().require_int("edit")
labels = {"app": "web"}
policies = ["orphan", "background", "foreground"]
core.v1.ConfigMap(
    "a", metadata={"name": "a", "annotations": {"pulumi.com/deletionPropagationPolicy": policies[edit % 3]}}
)
pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "none"}]}}
spec = {"replicas": 0, "selector": {"match_labels": labels}, "template": pod}
apps.v1.Deployment(
    "web", metadata={"name": "web", "annotations": {"pulumi.com/deletionPropagationPolicy": "orphan"}}, spec=spec
)
