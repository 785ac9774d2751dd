"""Secrets are encrypted in state, masked in output, and never in an environment or command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.resource import wire
from tests.engine.world import World, end, until

pytestmark = pytest.mark.timeout(60)
CANARY = "canary-7f3a"


def _set(world: World, key: str, value: str) -> None:
    process = world.run("config", "set", "--secret", key, value)
    assert process.code == 0, process.text


def _files(folder: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def test_a_secret_is_nowhere_plain(world: World) -> None:
    _set(world, "password", CANARY)
    assert CANARY not in (world.project / "Pulumi.dev.yaml").read_text()
    program = """
        config = pulumi.Config()
        password = config.require_secret("password")
        print("the password is", config.require("password"))
        pulumi.log.warn("the password is " + config.require("password"))
        a = Thing("a", password=password, nested={{"deep": [password]}}, v={v})
        Thing("b", token=a.token)
        pulumi.export("password", password)
        pulumi.export("inner", {{"x": password.apply(lambda p: p + "-more")}})
    """
    world.program(program.format(v=1))
    ended = world.run("up", "--yes")
    assert ended.code == 0, ended.text
    assert CANARY not in ended.text
    assert "the password is [secret]" in ended.out
    assert "password: [secret]" in ended.out
    _set(world, "password", f"{CANARY}-2")
    world.program(program.format(v=2))
    ended = world.run("up", "--yes")
    assert ended.code == 0, ended.text
    assert "~ password: [secret] => [secret]" in ended.out
    assert CANARY not in ended.text
    assert CANARY not in _files(world.folder / "state")
    assert "token-a-" not in _files(world.folder / "state")
    assert CANARY not in world.run("stack", "output").text
    assert CANARY not in world.run("stack", "output", "--json").text
    assert CANARY not in world.run("stack", "export").text
    shown = json.loads(world.run("stack", "export", "--show-secrets").out)["deployment"]["resources"][0]["outputs"]
    assert shown["password"] == {wire.SIGNATURE: wire.SECRET, "plaintext": f'"{CANARY}-2"'}, "as the CLI prints it"
    assert world.run("stack", "export", "--show-secrets", PULUMI_CONFIG_PASSPHRASE="wrong").code == 78
    assert world.run("stack", "export", PULUMI_CONFIG_PASSPHRASE="").code == 0
    assert f"{CANARY}-2-more" in world.run("stack", "output", "inner", "--show-secrets").out
    assert world.run("config", "get", "password").out == f"{CANARY}-2\n"


def test_no_process_shows_a_secret(world: World) -> None:
    _set(world, "password", CANARY)
    world.program("""
        Thing("a", wait=3, password=pulumi.Config().require_secret("password"))
    """)
    process = world.start("up", "--skip-preview")
    until(world.objects, "the object")
    seen = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            shown = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(world.folder).encode() in shown:
            seen += 1
            assert CANARY.encode() not in shown
    assert seen >= 2
    assert end(process).code == 0


def test_an_unchanged_secret_keeps_its_ciphertext(world: World) -> None:
    program = """Thing("a", password=pulumi.Output.secret("{canary}"), v={v})"""
    world.program(program.format(canary=CANARY, v=1))
    world.up()
    before = world.resources()["a"]["inputs"]["password"]["ciphertext"]
    world.program(program.format(canary=CANARY, v=2))
    world.up()
    assert world.resources()["a"]["inputs"]["password"]["ciphertext"] == before
    world.program(program.format(canary="another", v=2))
    world.up()
    assert world.resources()["a"]["inputs"]["password"]["ciphertext"] != before


def test_additional_secret_outputs(world: World) -> None:
    world.program(f"""Thing("a", plain="{CANARY}", opts=Opts(additional_secret_outputs=["plain"]))""")
    world.up()
    assert "ciphertext" in world.resources()["a"]["outputs"]["plain"]
    assert world.resources()["a"]["additionalSecretOutputs"] == ["plain"]


def test_a_secret_in_a_failure_is_masked(world: World) -> None:
    world.program(f"""Thing("{CANARY}-name", key=pulumi.Output.secret("no room"), fail="create")""")
    ended = world.run("up", "--yes")
    assert ended.code == 1
    assert "no room" not in ended.out
    assert "[secret] for it" in ended.out


@pytest.mark.parametrize("command", ["preview", "up", "destroy"])
def test_a_wrong_passphrase(world: World, command: str) -> None:
    world.program("""Thing("a", password=pulumi.Output.secret("x"))""")
    world.up()
    before = world.checkpoint.read_bytes()
    arguments = [command] if command == "preview" else [command, "--yes"]
    ended = world.run(*arguments, PULUMI_CONFIG_PASSPHRASE="wrong")
    assert ended.code == 78
    assert "incorrect passphrase" in ended.err
    assert "PULUMI_CONFIG_PASSPHRASE" in ended.err
    assert "Traceback" not in ended.text
    assert "wrong" not in ended.text.replace("wrong passphrase", "")
    assert world.checkpoint.read_bytes() == before
    assert world.run("preview").code == 0


def test_no_passphrase_at_all(world: World) -> None:
    world.program("")
    del world.environment["PULUMI_CONFIG_PASSPHRASE"]
    ended = world.run("up", "--yes")
    assert ended.code == 78
    assert "passphrase must be set with PULUMI_CONFIG_PASSPHRASE" in ended.err


def test_a_passphrase_file(world: World) -> None:
    world.program("")
    del world.environment["PULUMI_CONFIG_PASSPHRASE"]
    world.write("pass.txt", "open sesame\n")
    assert world.run("up", "--yes", PULUMI_CONFIG_PASSPHRASE_FILE="pass.txt").code == 0


def test_nothing_secret_needs_no_passphrase_in_a_preview(world: World) -> None:
    world.program("")
    world.up()
    ended = world.run("preview", PULUMI_CONFIG_PASSPHRASE="wrong")
    assert ended.code == 0, ended.text
