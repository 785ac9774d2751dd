"""The folder of a render."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.render.folder import KUSTOMIZATION, Folder

HEADER = "# Made here, for prod.\n"
OURS = f"{HEADER}kind: Service\n"


def _link(folder: Path) -> None:
    (folder / "a.yaml").symlink_to("b.yaml")


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: (folder / "a.yaml").write_text("kind: Service\n"),
        lambda folder: (folder / "a.yaml").write_text("# Made here, for dev.\n"),
        lambda folder: (folder / "a.yaml").write_bytes(b"\xff\xfe"),
        lambda folder: (folder / "a.yaml").write_text(""),
        lambda folder: (folder / "a.yaml").mkdir(),
        _link,
        lambda folder: (folder / ".a.0a1b2c3d.tmp").write_text("mine\n"),
        lambda folder: (folder / ".a.0a1b2c3d.tmp").symlink_to("b.yaml"),
    ],
    ids=["foreign", "of another stack", "binary", "empty", "folder", "link", "temporary", "temporary link"],
)
def test_what_was_not_made_here_is_foreign_and_stays(tmp_path: Path, make: object) -> None:
    assert callable(make)
    (tmp_path / "b.yaml").write_text(OURS)
    make(tmp_path)
    folder = Folder.read(tmp_path, HEADER)
    assert [*folder.files] == ["b.yaml"]
    assert len(folder.foreign) == 1
    assert folder.stale({}) == {"b.yaml": "left over"}
    folder.write({})
    assert [file.name for file in tmp_path.iterdir()] == [*folder.foreign]


def test_only_the_named_parts_are_read(tmp_path: Path) -> None:
    for part in ("one", "two", "three"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "a.yaml").write_text(OURS)
    assert [*Folder.read(tmp_path, HEADER, ("one", "two", "four")).files] == ["one/a.yaml", "two/a.yaml"]


def test_lines_that_git_ends_otherwise_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(OURS.replace("\n", "\r\n").encode())
    folder = Folder.read(tmp_path, HEADER)
    assert folder.write({"a.yaml": OURS}) == {}
    assert b"\r\n" in (tmp_path / "a.yaml").read_bytes()


def test_only_what_changed_is_written_and_what_is_gone_removed(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml", "gone.yaml"):
        (tmp_path / name).write_text(OURS)
    (tmp_path / "a.yaml").chmod(0o640)
    kept = (tmp_path / "b.yaml").stat()
    folder = Folder.read(tmp_path, HEADER)
    wanted = {"a.yaml": OURS + "#\n", "b.yaml": OURS, "c.yaml": OURS}
    stale = {"a.yaml": "changed", "c.yaml": "missing", "gone.yaml": "left over"}
    assert folder.stale(wanted) == folder.write(wanted) == stale
    assert Folder.read(tmp_path, HEADER).stale(wanted) == {}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.yaml", "b.yaml", "c.yaml"]
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b.yaml").stat().st_ino == kept.st_ino
    assert (tmp_path / "c.yaml").stat().st_mode & 0o777 == 0o644


def test_a_killed_run_leaves_nothing_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / KUSTOMIZATION).write_text(OURS)
    for number, text in enumerate(("", "# Ma", OURS)):
        (tmp_path / f".b.yaml.0a1b2c3{number}.tmp").write_text(text)
    written: list[str] = []

    def killed(path: Path, content: bytes, mode: int | None) -> None:
        written.append(path.name)
        if len(written) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("deploy.render.folder.write_atomic", killed)
    with pytest.raises(KeyboardInterrupt):
        Folder.read(tmp_path, HEADER).write({KUSTOMIZATION: OURS + "#\n", "z.yaml": OURS, "a.yaml": OURS})
    assert written == ["a.yaml", "z.yaml", KUSTOMIZATION], "what names the others comes last"
    monkeypatch.undo()
    Folder.read(tmp_path, HEADER).write({KUSTOMIZATION: OURS})
    assert [file.name for file in tmp_path.iterdir()] == [KUSTOMIZATION]


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeployError, match="cannot be read: Not a directory") as caught:
        Folder.read(tmp_path / "file", HEADER)
    assert caught.value.code == os.EX_UNAVAILABLE
    with pytest.raises(DeployError, match="cannot be written: Not a directory"):
        Folder(tmp_path / "file" / "out").write({"a.yaml": OURS})
