"""A checkpoint as a Pulumi CLI (v3.260.0) wrote it, its source positions left out; the passphrase is `open sesame`."""

CHECKPOINT = (
    '{"version":3,"checkpoint":{"stack":"organization/demo/dev","latest":{"manifest":{"time":'
    '"2026-11-20T21:52:39.549280119Z","magic":"7dff0d166258e7f1d265e8e044021ea087795d58a0c6415ab6fe8b7c790e447f",'
    '"version":"v3.260.0"},"secrets_providers":{"type":"passphrase","state":{"salt":'
    '"v1:fjkFHtdGxGc=:v1:KTPjy5qi4vPCuEny:i/l48eN2D8VNcEjNVqiafJ0zdFDogQ=="}},"resources":[{"urn":'
    '"urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev","custom":false,"type":"pulumi:pulumi:Stack","outputs":'
    '{"plain":[1,2.5,null],"s":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","ciphertext":'
    '"v1:BtgVTAGSaii6DOHs:8StpIACJCxk7IQwv582sxngDaJ1fV/VfFv2GWxAQE2cr5+Rn64SccX6lrYzm2tsXxAxJ2d424Uf2ow=="}},'
    '"created":"2026-11-20T21:52:39.528718327Z","modified":"2026-11-20T21:52:39.528718327Z"},{"urn":'
    '"urn:pulumi:dev::demo::demo:index:G::g","custom":false,"type":"demo:index:G","inputs":{"x":1,"y":{"z":[1]}},'
    '"outputs":{"a":1},"parent":"urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev","propertyDependencies":'
    '{"x":[],"y":[]},"created":"2026-11-20T21:52:39.539196536Z","modified":"2026-11-20T21:52:39.539196536Z",'
    '"sourcePosition":"project:///__main__.py#7"}],"metadata":{}}}}'
)
