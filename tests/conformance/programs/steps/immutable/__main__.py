import pulumi
from pulumi_kubernetes import apps, core, rbac

edit = pulumi.Config().require_int("edit")


def deployment(name: str, metadata: dict[str, str]) -> None:
    labels = {"app": f"{name}{edit}"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "none"}]}}
    spec = {"replicas": 0, "selector": {"match_labels": labels}, "template": pod}
    apps.v1.Deployment(name, metadata=metadata, spec=spec)


deployment("named", {"name": "named"})
deployment("unnamed", {})
role = {"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": f"role{edit}"}
rbac.v1.RoleBinding("binding", role_ref=role, subjects=[{"kind": "User", "name": "someone"}])
core.v1.Secret("typed", metadata={"name": "typed"}, type=f"example.com/type{edit}", string_data={"a": "b"})
