"""An image pinned for one run, or for good, in the text of a stack's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.image import pinned, using, with_image
from deploy.stack import load

IMAGE = f"registry.test/app@sha256:{'1' * 64}"
FILE = """\
# The environment.
config:
  flask-k8s:context: kind-kind  # mine
  flask-k8s:registry: r.test
  flask-k8s:registryUsername: robot
  flask-k8s:registryPassword:
    secure: v1:AAAA

  flask-k8s:replicas: "5"
"""


@pytest.fixture
def file(folder: Path) -> Path:
    path = folder / "Pulumi.staging.yaml"
    path.write_text(FILE)
    return path


def test_what_says_where_a_build_goes_leaves_and_the_rest_stays(folder: Path, file: Path) -> None:
    text = with_image(load(folder, "staging"), IMAGE)
    assert f"  flask-k8s:image: {IMAGE}\n" in text
    assert "registry:" not in text
    assert "registryUsername" not in text
    assert "secure" not in text
    for line in ("# The environment.", "kind-kind  # mine", '  flask-k8s:replicas: "5"'):
        assert line in text
    assert file.read_text() == FILE, "the file itself is not touched"


def test_the_image_of_before_is_replaced_in_its_place(folder: Path, file: Path) -> None:
    other = IMAGE.replace("1", "2")
    file.write_text(f"config:\n  flask-k8s:image: {other}  # promoted\n  flask-k8s:replicas: 5\n")
    assert with_image(load(folder, "staging"), IMAGE) == file.read_text().replace(other, IMAGE)


@pytest.mark.parametrize("image", ["registry.test/app:1", "registry.test/app", f"{IMAGE}1", "app@sha256:1"])
def test_a_tag_for_a_digest_is_refused(folder: Path, file: Path, image: str) -> None:
    with pytest.raises(DeployError, match="@sha256:") as caught:
        with_image(load(folder, "staging"), image)
    assert repr(image) in str(caught.value)
    assert caught.value.code == 78


def test_pinned_for_the_time_of_a_block(folder: Path, file: Path) -> None:
    stack = load(folder, "staging")
    with pinned(stack, IMAGE) as run:
        assert run.get("image") == IMAGE
        assert not run.builds
        other = run.other_file
        assert other
        assert run.words == ("--stack", "staging", "--config-file", str(other))
        assert other.stat().st_mode & 0o777 == 0o600
        assert run.file == stack.file
    assert not other.exists()
    assert file.read_text() == FILE


@pytest.mark.parametrize("image", [None, ""])
def test_without_an_image_it_is_the_stack_itself(folder: Path, file: Path, image: str | None) -> None:
    stack = load(folder, "staging")
    with pinned(stack, image) as run:
        assert run is stack


def test_another_text_is_read_in_its_place(folder: Path, file: Path) -> None:
    with using(load(folder, "staging"), "config:\n  flask-k8s:replicas: 7\n") as run:
        assert run.get("replicas") == "7"
        assert run.get("context") == ""
