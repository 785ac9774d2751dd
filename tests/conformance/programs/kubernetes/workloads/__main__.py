import pulumi
from pulumi_kubernetes import apps, batch, core

edit = pulumi.Config().require_int("edit")
labels = {"app": "db"}
quiet = {"pulumi.com/skipAwait": "true"}
containers = [{"name": "a", "image": f"none{edit}"}]
batch.v1.Job(
    "job",
    metadata={"annotations": quiet},
    spec={"suspend": True, "template": {"spec": {"containers": containers, "restart_policy": "Never"}}},
)
size = {"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
apps.v1.StatefulSet(
    "db",
    metadata={"name": "db"},
    spec={
        "replicas": 0,
        "service_name": f"db{edit}",
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "none"}]}},
        "volume_claim_templates": [{"metadata": {"name": "data"}, "spec": size}],
    },
)
core.v1.PersistentVolumeClaim(
    "data", metadata={"annotations": quiet}, spec={"storage_class_name": f"none{edit}", **size}
)
core.v1.Service(
    "db",
    metadata={"name": "db", "annotations": quiet},
    spec={"cluster_ip": "None" if edit else None, "selector": labels, "ports": [{"port": 5432}]},
)
