"""One update at a time."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from engine.backend.lock import locked, remove_all
from engine.errors import EngineError
from tests.engine.world import World, end, until

pytestmark = pytest.mark.timeout(60)


def test_a_live_lock_is_respected(world: World) -> None:
    world.program("""Thing("a", wait=30)""")
    process = world.start("up", "--skip-preview")
    until(world.objects, "the object a")
    ended = world.run("up", "--yes")
    assert ended.code == 75
    assert f"(pid {process.pid})" in ended.err
    assert os.uname().nodename in ended.err
    assert "cancel" in ended.err
    assert world.run("preview").code == 0
    process.kill()
    end(process)


def test_a_lock_of_another_host_is_removed_only_by_cancel(world: World) -> None:
    world.program("")
    folder = world.folder / "state/.pulumi/locks/organization/demo/dev"
    folder.mkdir(parents=True, exist_ok=True)
    lock = {"pid": 1, "username": "ann", "hostname": "elsewhere", "timestamp": "2026-01-02T03:04:05Z"}
    (folder / "5a1e9c9e-0000-4000-8000-000000000000.json").write_text(json.dumps(lock))
    ended = world.run("up", "--yes")
    assert ended.code == 75
    assert "created by ann@elsewhere (pid 1) at 2026-01-02T03:04:05Z" in ended.err
    assert world.run("cancel", "--yes").code == 0
    world.up()


def test_a_lock_that_a_killed_process_did_not_finish_is_in_nobody_s_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(path: Path, content: bytes) -> None:
        path.with_name(f".{path.name}.tmp").write_bytes(content[:3])
        raise SystemExit

    monkeypatch.setattr("engine.backend.lock.write_atomic", cut)
    with pytest.raises(SystemExit), locked(tmp_path / "demo/dev", print):
        pass
    assert not list((tmp_path / "demo/dev").iterdir()), "whatever is there is a lock to the CLI"
    monkeypatch.undo()
    with locked(tmp_path / "demo/dev", print):
        (lock,) = (tmp_path / "demo/dev").iterdir()
        assert json.loads(lock.read_bytes())["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "[]", "5", '{"pid": "x"}'])
def test_a_lock_that_says_nothing_is_held_until_it_is_removed(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    (tmp_path / ".b.json.tmp").write_text(content)
    with pytest.raises(EngineError, match=r"by \?@\? \(pid [x?]\)"), locked(tmp_path, print):
        pass
    remove_all(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_lock_of_a_container_of_the_same_name_is_not_judged(world: World) -> None:
    world.program("")
    folder = world.folder / "state/.pulumi/locks/organization/demo/dev"
    folder.mkdir(parents=True, exist_ok=True)
    lock = {"pid": 2**22 + 1, "username": "ann", "hostname": os.uname().nodename, "timestamp": "t"}
    path = folder / "5a1e9c9e-0000-4000-8000-000000000000.json"
    path.write_text(json.dumps({**lock, "namespace": "pid:[1]"}))
    assert world.run("up", "--yes").code == 75
    path.write_text(json.dumps(lock))  # as a CLI of this host writes it
    ended = world.run("up", "--yes")
    assert ended.code == 0
    assert "which is dead, is removed" in ended.out
