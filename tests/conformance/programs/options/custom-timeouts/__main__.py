import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
timeouts = pulumi.CustomTimeouts(create="5m", update="90s") if edit == 0 else pulumi.CustomTimeouts(delete="1h")
core.v1.ConfigMap("a", metadata={"name": "a"}, opts=pulumi.ResourceOptions(custom_timeouts=timeouts))
