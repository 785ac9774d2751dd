"""The folder is made right; what others put there stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.gitops.folder import HEADER, Folder

WANTED = {"flux/a.yaml": f"{HEADER}a: 1\n", "argocd/b.yaml": f"{HEADER}b: 1\n"}


def test_a_new_folder_is_written_and_then_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "gitops"
    assert Folder.read(folder).write(WANTED) == {"flux/a.yaml": "missing", "argocd/b.yaml": "missing"}
    assert (folder / "flux/a.yaml").read_text() == WANTED["flux/a.yaml"]
    assert (folder / "flux/a.yaml").stat().st_mode & 0o777 == 0o644
    before = (folder / "flux/a.yaml").stat().st_ino
    assert Folder.read(folder).write(WANTED) == {}
    assert (folder / "flux/a.yaml").stat().st_ino == before


def test_what_is_stale_is_named_and_mended(tmp_path: Path) -> None:
    Folder.read(tmp_path).write({**WANTED, "flux/gone.yaml": HEADER})
    (tmp_path / "flux/a.yaml").write_text(f"{HEADER}a: 2\n")
    (tmp_path / "argocd/b.yaml").unlink()
    stale = {"flux/a.yaml": "changed", "argocd/b.yaml": "missing", "flux/gone.yaml": "left over"}
    assert Folder.read(tmp_path).stale(WANTED) == stale
    assert (tmp_path / "flux/gone.yaml").exists(), "only asked"
    assert Folder.read(tmp_path).write(WANTED) == stale
    assert not (tmp_path / "flux/gone.yaml").exists()
    assert Folder.read(tmp_path).stale(WANTED) == {}


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "flux").mkdir()
    (tmp_path / "flux/own.yaml").write_text("own: 1\n")
    (tmp_path / "flux/link.yaml").symlink_to("own.yaml")
    (tmp_path / "flux/more").mkdir()
    Folder.read(tmp_path).write(WANTED)
    assert (tmp_path / "flux/own.yaml").read_text() == "own: 1\n"
    assert Folder.read(tmp_path).stale(WANTED) == {}


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_a_file_of_others_where_one_must_be_is_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "flux").mkdir()
    place = tmp_path / "flux/a.yaml"
    if kind == "file":
        place.write_text("own: 1\n")
    elif kind == "link":
        (tmp_path / "target").write_text(HEADER)
        place.symlink_to(tmp_path / "target")
    else:
        place.mkdir()
    with pytest.raises(DeployError, match=r"flux/a\.yaml") as raised:
        Folder.read(tmp_path).write(WANTED)
    assert raised.value.code == 78
    assert not (tmp_path / "argocd").exists(), "nothing is written"


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "gitops").write_text("")
    with pytest.raises(DeployError) as raised:
        Folder.read(tmp_path / "gitops").write(WANTED)
    assert raised.value.code == 69
