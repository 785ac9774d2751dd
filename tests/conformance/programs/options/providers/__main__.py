import pulumi
import pulumi_kubernetes as k8s

edit = pulumi.Config().require_int("edit")
own = k8s.Provider("own", namespace="conformance-providers", enable_config_map_mutable=edit > 0)
core = k8s.core.v1
core.ConfigMap("own", metadata={"name": "own"}, data={"a": str(edit)}, opts=pulumi.ResourceOptions(provider=own))
core.ConfigMap("default", metadata={"name": "default"}, data={"a": str(edit)})
group = pulumi.ComponentResource("example:index:Group", "group", opts=pulumi.ResourceOptions(providers=[own]))
core.ServiceAccount("in-group", opts=pulumi.ResourceOptions(parent=group))
