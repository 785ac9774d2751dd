import pulumi

edit = pulumi.Config().require_int("edit")
pulumi.export("same", [1, {"a": "b"}])
pulumi.export("value", edit)
pulumi.export("type", [edit] if edit else str(edit))
if edit == 0:
    pulumi.export("gone", "soon")
pulumi.export("secret" if edit else "plain", pulumi.Output.secret({"a": edit}) if edit else {"a": edit})
