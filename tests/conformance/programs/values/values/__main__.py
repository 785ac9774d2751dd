import pulumi
from pulumi_kubernetes import core

edit = pulumi.Config().require_int("edit")
texts = {
    "empty": "", "lines": "a\nb\n", "quotes": "\"'\\", "scripts": "grüße, 你好, привет, 🙂", "number": "1e3",
    "yes": "yes", "html": "<a&b>", "control": "\t\u2028", "edit": str(edit),
}  # fmt: skip
core.v1.ConfigMap("texts", metadata={"name": "texts"}, data=texts, binary_data={"b": "AAEC/w=="})
core.v1.ConfigMap("nothing", metadata={"name": "nothing", "labels": None}, data={} if edit else None, immutable=None)
values = {
    "zero": 0, "one": 1, "minus": -1, "half": 0.5, "large": 2**53, "small": 1e-9, "true": True, "false": False,
    "none": None, "list": [1, None, "", [], {}], "map": {"a": {"b": []}}, "text": "é🙂", "edit": edit,
}  # fmt: skip
for key, value in values.items():
    pulumi.export(key, value)
pulumi.export("all", values)
