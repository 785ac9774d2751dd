import pulumi
from pulumi_kubernetes import apiextensions

edit = pulumi.Config().require_int("edit")
group = "conformance-unordered.example.com"
schema = {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
apiextensions.CustomResource(
    "gadget", api_version=f"{group}/v1", kind="Gadget", metadata={"name": "gadget"}, spec={"size": edit}
)
apiextensions.v1.CustomResourceDefinition(
    "gadgets",
    metadata={"name": f"gadgets.{group}"},
    spec={
        "group": group,
        "scope": "Namespaced",
        "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
    },
)
