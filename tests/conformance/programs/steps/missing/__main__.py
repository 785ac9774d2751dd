from pulumi_kubernetes import core

core.v1.ConfigMap.get("found", "conformance-missing/theirs")
