"""Which updates can be gone back to; git is real."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deploy.errors import DeployError
from deploy.promotion.good import Good, begun, good_updates, meaning, named, others, taken_back
from deploy.promotion.message import ROLLED_BACK, message
from tests.deploy.promotion.world import NOW, OTHER, World

IMAGES = [f"r.test/flask-k8s@sha256:{digit * 64}" for digit in "123"]


def numbers(world: World) -> list[int]:
    """The good updates of prod, those that were not taken back."""
    found = good_updates(world.stack("prod"), world.repo, world.updates["prod"])
    return [good.number for good in found if not good.taken_back]


def known(world: World) -> list[Good]:
    return good_updates(world.stack("prod"), world.repo, world.updates["prod"])


def to_go_back_to(world: World) -> list[int]:
    """What a rollback of prod would try, in turn."""
    stack = world.stack("prod")
    return [good.number for good in others(stack, known(world), stack.file.read_text())]


def roll_back(world: World, content: str) -> str:
    """The commit of a rollback of prod to that content."""
    last = world.repo.commits("Pulumi.prod.yaml", limit=1)[0].sha
    commit = world.repo.commit_files({"Pulumi.prod.yaml": content}, message("revert", "", [(ROLLED_BACK, last)]))
    world.repo.advance(commit)
    return commit


@pytest.fixture
def three(world: World) -> list[str]:
    """Three versions of prod that were deployed; their files."""
    contents = []
    for number, image in enumerate(IMAGES, 1):
        world.configure("prod", f"image: {image}")
        world.deployed("prod", number)
        contents.append(world.stack("prod").file.read_text())
    return contents


def test_what_succeeded_with_its_committed_file_is_good(world: World, three: list[str]) -> None:
    found = good_updates(world.stack("prod"), world.repo, world.updates["prod"])
    assert [(good.number, good.content, good.image) for good in found] == [
        (number, three[number - 1], IMAGES[number - 1]) for number in (3, 2, 1)
    ]
    assert str(found[0]) == f"update 3 (sha256:333333333333, commit {world.git('rev-parse', 'HEAD')[:12]})"


@pytest.mark.parametrize(
    "changes",
    [
        {"result": "failed"},
        {"kind": "destroy"},
        {"kind": "refresh"},
        {"revision": ""},
        {"revision": "f" * 40},
        {"config": {"flask-k8s:image": OTHER}},
        {"config": {}},
    ],
    ids=str,
)
def test_what_is_not(world: World, changes: dict[str, object]) -> None:
    world.configure("prod", f"image: {IMAGES[0]}")
    world.deployed("prod", 1, **changes)
    assert numbers(world) == []


@pytest.mark.parametrize("line", ["servicePort: 81", 'env: {"A": "b"}', "createNamespace: true"])
def test_a_value_is_the_same_in_yaml_and_as_text(world: World, line: str) -> None:
    world.configure("prod", f"image: {IMAGES[0]}", line)
    world.deployed("prod")
    assert numbers(world) == [1]


@pytest.mark.parametrize("text", ["config: [1]\n", "config: {a: [\n", "- 1\n"])
def test_a_file_that_was_nonsense_is_passed_over(world: World, text: str) -> None:
    good = world.stack("prod").file.read_text()
    revision = world.write("Pulumi.prod.yaml", text)
    world.write("Pulumi.prod.yaml", good)
    world.deployed("prod", revision=revision, config={"flask-k8s:image": OTHER}, image=OTHER)
    assert numbers(world) == []


def test_an_image_that_was_pinned_for_one_run_alone_is_not_in_the_file(world: World) -> None:
    world.deployed("prod", config={**world.stack("prod").values, "flask-k8s:image": OTHER}, image=OTHER)
    assert numbers(world) == []


def test_what_was_rolled_back_is_out_until_it_is_deployed_again(world: World, three: list[str]) -> None:
    roll_back(world, three[1])
    assert taken_back(world.stack("prod"), world.repo, world.updates["prod"]) == {3}
    assert numbers(world) == [2, 1]
    world.configure("prod", f"image: {IMAGES[2]}")
    world.deployed("prod", 5, ended=NOW + timedelta(hours=1))
    assert numbers(world) == [5, 2, 1], "its new deployment came after the rollback"


def test_a_rollback_of_another_stack_takes_nothing_back(world: World, three: list[str]) -> None:
    last = world.repo.commits("Pulumi.prod.yaml", limit=1)[0].sha
    world.write("Pulumi.staging.yaml", "config: {}\n", message("revert", "", [(ROLLED_BACK, last)]))
    assert numbers(world) == [3, 2, 1]


def test_a_file_that_was_rolled_back_and_is_not_here_takes_nothing_back(world: World, three: list[str]) -> None:
    world.deployed("prod", 4, revision="e" * 40)
    text = message("revert", "", [(ROLLED_BACK, "f" * 40)])
    world.write("Pulumi.prod.yaml", three[1], text)
    assert taken_back(world.stack("prod"), world.repo, world.updates["prod"]) == set()


def test_those_with_another_file_newest_first(world: World, three: list[str]) -> None:
    assert to_go_back_to(world) == [2, 1]
    world.write("Pulumi.prod.yaml", three[2] + "  flask-k8s:servicePort: 81\n")
    assert to_go_back_to(world) == [3, 2, 1], "the present file was not deployed well"


def test_what_says_the_same_is_no_other_file(world: World, three: list[str]) -> None:
    lines = three[2].splitlines()
    at = lines.index("config:") + 1  # the salt is above it
    text = "\r\n".join(["# edited", *lines[:at], *reversed(lines[at:])]) + "\r\n"
    (world.folder / "Pulumi.prod.yaml").write_bytes(text.encode())
    assert text != three[2]
    assert to_go_back_to(world) == [2, 1]


def test_each_file_once(world: World, three: list[str]) -> None:
    world.write("Pulumi.prod.yaml", three[0] + "# again\n")
    world.deployed("prod", 4)
    world.write("Pulumi.prod.yaml", three[2])
    assert to_go_back_to(world) == [4, 2]


def test_what_a_file_says() -> None:
    assert meaning("# x\na: 1\r\nb: [2]\n") == meaning("b: [2] # y\na: 1")
    assert meaning("a: yes") == meaning("a: 'yes'"), "as the engines read it"
    assert len({meaning(text) for text in ("a: 1", "a: '1'", "a: 2", "b: 1", "", "a: [1, 2]", "a: [2, 1]")}) == 7


@pytest.mark.parametrize("text", [None, "a: [", "1: a\nb: c", "a: &x [*x]", "\0"])
def test_a_file_that_says_nothing(text: str | None) -> None:
    assert meaning(text) == ""


@pytest.mark.parametrize(
    ("wanted", "number"), [("1", 1), ("2", 2), ("2222222", 2), ("sha256:" + "1" * 64, 1), ("sha256:33333333", 3)]
)
def test_one_is_named(world: World, three: list[str], wanted: str, number: int) -> None:
    assert named(world.stack("prod"), known(world), wanted).number == number


def test_what_was_taken_back_can_still_be_named(world: World, three: list[str]) -> None:
    roll_back(world, three[1])
    assert named(world.stack("prod"), known(world), "3").taken_back
    assert to_go_back_to(world) == [1]


@pytest.mark.parametrize(
    "wanted", ["9", "222", "4444444", "sha256:444444444444", "r.test/app:1", "r.test/app:1111111111", "0"]
)
def test_nothing_has_that_name(world: World, three: list[str], wanted: str) -> None:
    with pytest.raises(DeployError, match=f"--to {wanted}.*3 .sha256:333333333333.*history prod") as caught:
        named(world.stack("prod"), known(world), wanted)
    assert caught.value.code == 64


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_go_back_to(world: World, count: int) -> None:
    stack = world.stack("prod")
    text = stack.file.read_text()
    good = [Good(1, "a" * 40, text, OTHER)]
    with pytest.raises(DeployError, match=r"nothing to roll prod back to.*Pulumi\.prod\.yaml") as caught:
        others(stack, good[:count], text)
    assert caught.value.code == 1


def test_a_rollback_that_was_killed_is_gone_on_with(world: World, three: list[str]) -> None:
    def on_its_way() -> int | None:
        found = begun(world.stack("prod"), world.repo, world.updates["prod"], known(world))
        return found.number if found else None

    assert on_its_way() is None
    roll_back(world, three[1])
    assert on_its_way() == 2
    world.write("README.md", "another commit")
    assert on_its_way() == 2
    world.deployed("prod", 4, result="failed")
    assert on_its_way() == 2, "its end is an update that succeeded"
    world.deployed("prod", 5)
    assert on_its_way() is None
