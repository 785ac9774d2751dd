import pulumi
from pulumi_kubernetes import core, policy, rbac, storage

edit = pulumi.Config().require_int("edit")
labels = {"edit": str(edit)}
policy.v1.PodDisruptionBudget(
    "all", metadata={"name": "all", "labels": labels}, spec={"min_available": 0, "selector": {}}
)
rbac.v1.Role("nothing", metadata={"name": "nothing", "labels": labels}, rules=[])
core.v1.ConfigMap("nothing", metadata={"name": "nothing", "labels": labels, "annotations": {}}, data={})
core.v1.Secret("nothing", metadata={"name": "nothing", "labels": labels}, data={})
storage.v1.StorageClass(
    "plain",
    metadata={"name": "conformance-empty-values", "labels": labels},
    provisioner="example.com/none",
    parameters={},
)
