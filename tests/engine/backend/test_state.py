"""Checkpoints: their form, their reading, and what is wrong with a damaged one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.backend import checkpoint as checkpoints
from engine.backend.checkpoint import Checkpoint, Operation, Serializer, Vault
from engine.backend.filestate import Backend, check_stack_name, root_of
from engine.backend.passphrase import SecretsManager
from engine.errors import EngineError
from engine.resource.state import State, from_json, to_json
from engine.resource.values import Secret
from tests.engine.data_checkpoint import CHECKPOINT
from tests.engine.world import World


def _backend(tmp_path: Path, text: str) -> Backend:
    backend = Backend(tmp_path, "demo")
    backend.check_layout()
    backend.checkpoint("dev").parent.mkdir(parents=True)
    backend.checkpoint("dev").write_text(text)
    return backend


def test_the_cli_s_checkpoint_is_read_and_written_back_as_it_was(tmp_path: Path) -> None:
    backend = _backend(tmp_path, CHECKPOINT)
    latest = checkpoints.read(backend, "dev")
    manager = SecretsManager(checkpoints.salt_of(latest), "open sesame")
    vault = Vault(manager, manager)
    found = checkpoints.parse(backend, "dev", latest, vault)
    assert found.resources[0].outputs["s"] == Secret({"a": "<canary> & co", "n": 3})
    written = Serializer(backend.qualified("dev"), vault).dump(found).decode()
    before, after = (json.loads(text, object_pairs_hook=list) for text in (CHECKPOINT, written))
    manifest = dict(dict(dict(after)["checkpoint"])["latest"]).pop("manifest")
    assert [key for key, _ in manifest] == ["time", "magic", "version"]
    assert _without_manifest(after) == _without_manifest(before), "the same fields in the same order"


def _load(backend: Backend, manager: SecretsManager) -> Checkpoint:
    latest = checkpoints.read(backend, "dev")
    checkpoints.salt_of(latest)
    return checkpoints.parse(backend, "dev", latest, Vault(manager, manager))


def _without_manifest(value: list[list[object]]) -> str:
    text = json.dumps(value)
    start = text.index('["manifest"')
    return text[:start] + text[text.index('["secrets_providers"') :]


def test_every_field_of_a_resource_round_trips() -> None:
    state = State(
        urn="urn:pulumi:dev::demo::fake:index:Thing::a", type="fake:index:Thing", custom=True, id="i", delete=True,
        inputs={"z": 1, "a": {"b": [None, 1.5, True]}, "s": Secret([1])}, outputs={"o": "p"},
        parent="urn:p", protect=True, external=True, dependencies=("urn:d",), init_errors=("why",),
        provider="urn:x::id", property_dependencies={"z": ("urn:d",), "a": ()}, pending_replacement=True,
        additional_secret_outputs=("o",),
        custom_timeouts={"create": 90}, retain_on_delete=True, deleted_with="urn:w", created="c", modified="m",
        source_position="project:///x#1", ignore_changes=("z",), replace_on_changes=("a",), extra={"taint": True},
    )  # fmt: skip
    raw = to_json(state, lambda text, _: text[::-1])
    assert list(raw) == [
        "urn", "custom", "delete", "id", "type", "inputs", "outputs", "parent", "protect", "taint", "external",
        "dependencies", "initErrors", "provider", "propertyDependencies", "pendingReplacement",
        "additionalSecretOutputs", "customTimeouts", "retainOnDelete", "deletedWith", "created", "modified",
        "sourcePosition", "ignoreChanges", "replaceOnChanges",
    ]  # fmt: skip
    assert list(raw["inputs"]) == ["a", "s", "z"]
    again = from_json(json.loads(json.dumps(raw)), lambda text, _: text[::-1])
    assert vars(again) == vars(state)


def test_pending_operations_follow_the_resources(tmp_path: Path) -> None:
    state = State(urn="urn:pulumi:dev::demo::fake:index:Thing::a", type="fake:index:Thing", custom=True)
    text = Serializer("organization/demo/dev", Vault(None, None)).dump(Checkpoint((), (Operation(state, "creating"),)))
    latest = json.loads(text)["checkpoint"]["latest"]
    assert list(latest) == ["manifest", "pending_operations", "metadata"]
    assert latest["pending_operations"] == [
        {"resource": {"urn": state.urn, "custom": True, "type": state.type}, "type": "creating"}
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CHECKPOINT[:700], "truncated"),
        ("", "truncated"),
        ("[]", "truncated"),
        ('{"version":3}', "truncated"),
        (CHECKPOINT.replace('"version":3', '"version":5'), "version 5"),
        (CHECKPOINT.replace('"version":3', '"version":4,"features":["views"]'), "features"),
        (CHECKPOINT.replace('"type":"passphrase"', '"type":"service"'), "secrets provider 'service'"),
        (CHECKPOINT.replace('"custom":false,"type":"demo', '"custom":false,"id":"x","type":"demo'), "has an id"),
        (CHECKPOINT.replace('Stack::demo-dev","custom', 'Stack::other","custom'), "does not precede it"),
        (CHECKPOINT.replace('"type":"demo:index:G",', ""), "malformed"),
        (CHECKPOINT.replace('"type":"demo:index:G",', '"type":5,'), "malformed"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_left_alone(tmp_path: Path, text: str, message: str) -> None:
    backend = _backend(tmp_path, text)
    manager = SecretsManager("v1:fjkFHtdGxGc=:v1:KTPjy5qi4vPCuEny:i/l48eN2D8VNcEjNVqiafJ0zdFDogQ==", "open sesame")
    with pytest.raises(EngineError, match=message) as caught:
        _load(backend, manager)
    assert backend.checkpoint("dev").read_text() == text
    assert str(backend.checkpoint("dev")) in str(caught.value) or "service" in message


def test_a_truncated_checkpoint_names_its_backup(world: World) -> None:
    world.program("""Thing("a")""")
    world.up()
    whole = world.checkpoint.read_bytes()
    world.checkpoint.write_bytes(whole[:500])
    ended = world.run("up", "--yes")
    assert ended.code == 78
    assert str(world.checkpoint) in ended.err
    assert "Traceback" not in ended.text
    assert world.checkpoint.read_bytes() == whole[:500]
    command = ended.err.split("To mend it, restore it: ")[1].split()
    assert command[0] == "cp"
    world.checkpoint.write_bytes(Path(command[1]).read_bytes())
    assert command[2] == str(world.checkpoint)
    assert world.run("preview", "--expect-no-changes").code == 0


def test_resources_are_put_in_order() -> None:
    one = State(urn="urn:one", type="t", custom=False)
    provider = State(urn="urn:p", type="pulumi:providers:x", custom=True, id="i")
    two = State(urn="urn:two", type="t", custom=True, id="2", parent="urn:one", provider="urn:p::i")
    three = State(urn="urn:three", type="t", custom=True, id="3", dependencies=("urn:two",), provider="urn:p::i")
    right = (one, provider, two, three)
    assert checkpoints.in_order(right) == right
    for wrong in ((three, two, one, provider), (two, three, provider, one)):
        assert checkpoints.integrity_problem(wrong)
        assert not checkpoints.integrity_problem(checkpoints.in_order(wrong))


def test_history_and_backups(world: World) -> None:
    world.program("""Thing("a")""")
    world.up()
    base = world.folder / "state/.pulumi"
    (entry,) = (base / "history/demo/dev").glob("dev-*.history.json")
    recorded = json.loads(entry.read_text())
    assert list(recorded) == [
        "kind", "startTime", "message", "environment", "config", "version", "result", "endTime", "resourceChanges"
    ]  # fmt: skip
    assert recorded["kind"] == "update"
    assert recorded["result"] == "succeeded"
    assert recorded["resourceChanges"] == {"create": 2}
    assert recorded["config"] == {"demo:size": "1"}
    copy = entry.with_name(entry.name.replace(".history.", ".checkpoint."))
    assert copy.read_bytes() == world.checkpoint.read_bytes()
    assert len(list((base / "backups/demo/dev").glob("dev.*.json"))) == 1
    assert (base / "stacks/demo/dev.json.bak").exists()
    assert world.checkpoint.stat().st_mode & 0o077 == 0


def test_a_state_folder_that_cannot_be_written(world: World, tmp_path: Path) -> None:
    world.program("""Thing("a")""")
    locks = world.folder / "state/.pulumi/locks"
    assert not list(locks.rglob("*.json"))
    (world.folder / "state/.pulumi/stacks/demo/dev.json").rename(tmp_path / "kept")
    (world.folder / "state/.pulumi/stacks/demo/dev.json").mkdir()  # even root cannot replace a folder by a file
    ended = world.run("up", "--yes")
    assert ended.code in (69, 78)
    assert "Traceback" not in ended.text


@pytest.mark.parametrize(
    ("url", "path"),
    [("file:///a/b", "/a/b"), ("file:///a/b?no_tmp_dir=true", "/a/b"), ("file://~", str(Path.home())),
     ("file://~/x", str(Path.home() / "x"))],
)  # fmt: skip
def test_backend_urls(url: str, path: str) -> None:
    assert str(root_of(url)) == path


def test_a_relative_backend_starts_at_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert root_of("file://./x") == tmp_path / "x"


@pytest.mark.parametrize("url", ["s3://bucket", "https://api.example.invalid", "gs://x", "azblob://x"])
def test_other_backends_need_the_cli(url: str) -> None:
    with pytest.raises(EngineError, match="use the Pulumi CLI"):
        root_of(url)


def test_other_layouts(tmp_path: Path) -> None:
    (tmp_path / ".pulumi/stacks").mkdir(parents=True)
    (tmp_path / ".pulumi/stacks/old.json").write_text("{}")
    with pytest.raises(EngineError, match="legacy state layout"):
        Backend(tmp_path, "demo").check_layout()
    (tmp_path / ".pulumi/meta.yaml").write_text("version: 2\n")
    with pytest.raises(EngineError, match=r"meta\.yaml"):
        Backend(tmp_path, "demo").check_layout()


def test_a_state_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="mkdir -p"):
        Backend(tmp_path / "misspelt", "demo").check_layout()
    assert not (tmp_path / "misspelt").exists()
    Backend(tmp_path, "demo").check_layout()
    (tmp_path / ".pulumi/meta.yaml").write_text("# ours\nversion: 1 # by project\n")
    Backend(tmp_path, "demo").check_layout()


def test_a_compressed_checkpoint_needs_the_cli(tmp_path: Path) -> None:
    backend = _backend(tmp_path, CHECKPOINT)
    assert backend.stacks() == ["dev"]
    backend.checkpoint("dev").rename(backend.checkpoint("dev").with_suffix(".json.gz"))
    for ask in (lambda: backend.exists("dev"), backend.stacks):
        with pytest.raises(EngineError, match="compressed"):
            ask()


def test_what_the_cli_keeps_about_a_stack_goes_with_it(tmp_path: Path) -> None:
    backend = _backend(tmp_path, CHECKPOINT)
    for name in ("dev.json.attrs", "dev.pulumi-tags", "other.json"):
        backend.checkpoint("dev").with_name(name).touch()
    backend.remove("dev")
    assert sorted(file.name for file in backend.checkpoint("dev").parent.iterdir()) == ["dev.json.bak", "other.json"]


@pytest.mark.parametrize(
    "name", ["", "a b", "x/dev", "organization/demo/", "organization/other/dev", "organization/demo/x/dev"]
)
def test_stack_names(name: str) -> None:
    assert check_stack_name("organization/demo/dev", "demo") == "dev"
    with pytest.raises(EngineError, match="stack"):
        check_stack_name(name, "demo")


def test_a_state_is_compared_by_identity() -> None:
    state = State(urn="urn:x", type="t", custom=True)
    assert state != replace(state)
