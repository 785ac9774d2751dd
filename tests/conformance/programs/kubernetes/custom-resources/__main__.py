import pulumi
from pulumi_kubernetes import apiextensions

edit = pulumi.Config().require_int("edit")
group = "conformance-custom-resources.example.com"
schema = {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
definition = apiextensions.v1.CustomResourceDefinition(
    "widgets",
    metadata={"name": f"widgets.{group}"},
    spec={
        "group": group,
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
    },
)
apiextensions.CustomResource(
    "widget",
    api_version=f"{group}/v1",
    kind="Widget",
    metadata={"name": "widget"},
    spec={"size": edit + 1, "parts": [{"name": "a"}, {"name": "b", "ratio": 0.5}][: 2 - edit]},
    opts=pulumi.ResourceOptions(depends_on=[definition]),
)
