"""What the engine refuses: what is left to the CLI, by its name, and what the CLI refuses too."""

from __future__ import annotations

import pytest

from tests.engine.world import World

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize(
    ("program", "named"),
    [
        ("""pulumi.CustomResource("aws:s3/bucket:Bucket", "b", {})""", "the package 'aws'"),
        ("""Thing("a", opts=Opts(import_="x"))""", "the option import_"),
        ("""Thing("a", opts=Opts(replace_with=[Thing("b")]))""", "the option replace_with"),
        ("""Thing("a", opts=Opts(hide_diffs=["x"]))""", "the option hide_diffs"),
        ("""Thing("a", opts=Opts(replacement_trigger=1))""", "the option replacement_trigger"),
        ("""Thing("a", opts=Opts(plugin_download_url="https://x.invalid"))""", "the option plugin_download_url"),
        (
            """Thing("a", opts=Opts(id="x", plugin_download_url="https://x.invalid"))""",
            "the option plugin_download_url",
        ),
        ("""Thing("a", opts=Opts(transforms=[lambda args: None]))""", "the option transforms"),
        ("""pulumi.runtime.register_resource_transform(lambda args: None)""", "a stack transform"),
        ("""pulumi.CustomResource("pulumi:index:Stash", "s", {"input": 1})""", "pulumi:index:Stash 's'"),
        ("""pulumi.runtime.invoke("fake:index:get", {}).value""", "the function 'fake:index:get'"),
        ("""Thing("a", v=pulumi.FileArchive("."))""", "an archive as a property"),
        ("""pulumi.ComponentResource("x:index:Y", "y", {}, remote=True)""", "remote"),
        (
            """Thing("a", opts=Opts(hooks=pulumi.ResourceHookBinding(before_create=[lambda args: None])))""",
            "the resource hook",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_name(world: World, program: str, named: str) -> None:
    world.program(program)
    ended = world.run("preview")
    assert ended.code == 1
    assert named in ended.out
    assert "use the Pulumi CLI" in ended.out
    assert "update the Pulumi CLI" not in ended.out


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("""pulumi.require_pulumi_version(">=9.0.0")""", 'is not in the version range ">=9.0.0"'),
        ("""g = Group("g"); g.register_outputs({"a": 1}); g.register_outputs({"a": 2})""", "are registered already"),
    ],
)
def test_what_the_cli_refuses_too(world: World, program: str, said: str) -> None:
    world.program(program)
    ended = world.run("preview")
    assert ended.code == 1
    assert said in ended.out
