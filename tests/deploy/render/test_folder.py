"""The folder of a render."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.render.folder import KUSTOMIZATION, Folder, header

OURS = f"{header('prod')}kind: Service\n"


def _link(folder: Path) -> None:
    (folder / "a.yaml").symlink_to("b.yaml")


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: (folder / "a.yaml").write_text("kind: Service\n"),
        lambda folder: (folder / "a.yaml").write_text(header("dev")),
        lambda folder: (folder / "a.yaml").write_bytes(b"\xff\xfe"),
        lambda folder: (folder / "a.yaml").write_text(""),
        lambda folder: (folder / "a.yaml").mkdir(),
        _link,
    ],
    ids=["foreign", "of another stack", "binary", "empty", "folder", "link"],
)
def test_what_render_did_not_make_for_the_stack_is_refused(tmp_path: Path, make: object) -> None:
    assert callable(make)
    (tmp_path / "b.yaml").write_text(OURS)
    make(tmp_path)
    with pytest.raises(DeployError, match=r"did not make: a\.yaml\. .*nothing was changed") as caught:
        Folder.read(tmp_path, "prod")
    assert caught.value.code == os.EX_CONFIG


def test_many_foreign_files_are_counted(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / str(number)).touch()
    with pytest.raises(DeployError, match="0, 1, 2, 3, 4 and 4 more"):
        Folder.read(tmp_path, "prod")


def test_only_what_changed_is_written_and_what_is_gone_removed(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml", "gone.yaml"):
        (tmp_path / name).write_text(OURS)
    (tmp_path / "a.yaml").chmod(0o640)
    kept = (tmp_path / "b.yaml").stat()
    folder = Folder.read(tmp_path, "prod")
    assert folder.write({"a.yaml": OURS + "#\n", "b.yaml": OURS, "c.yaml": OURS}) == (2, 1)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.yaml", "b.yaml", "c.yaml"]
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b.yaml").stat().st_ino == kept.st_ino


def test_a_killed_run_leaves_nothing_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / KUSTOMIZATION).write_text(OURS)
    (tmp_path / ".b.yaml.0a1b2c3d.tmp").write_text("# Ma")
    written: list[str] = []

    def killed(path: Path, content: bytes, mode: int | None) -> None:
        written.append(path.name)
        if len(written) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("deploy.render.folder.write_atomic", killed)
    with pytest.raises(KeyboardInterrupt):
        Folder.read(tmp_path, "prod").write({KUSTOMIZATION: OURS + "#\n", "z.yaml": OURS, "a.yaml": OURS})
    assert written == ["a.yaml", "z.yaml", KUSTOMIZATION], "what names the others comes last"
    monkeypatch.undo()
    Folder.read(tmp_path, "prod").write({KUSTOMIZATION: OURS})
    assert [file.name for file in tmp_path.iterdir()] == [KUSTOMIZATION]


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeployError, match="cannot be read: Not a directory") as caught:
        Folder.read(tmp_path / "file", "prod")
    assert caught.value.code == os.EX_UNAVAILABLE
    with pytest.raises(DeployError, match="cannot be written: Not a directory"):
        Folder(tmp_path / "file" / "out").write({"a.yaml": OURS})
