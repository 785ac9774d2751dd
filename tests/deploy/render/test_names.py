"""The names of Secrets, found without the passphrase."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.observe.recorded import Recorded
from deploy.render.folder import KUSTOMIZATION, Folder
from deploy.render.names import Memory, found, notes, renamed
from engine.errors import INTERRUPTED
from tests.deploy.render.conftest import made

SHOWN = made("v1", "Secret", "app-secret-0000000000")
PLACE = ("ns", "app-secret")
SEALED, RECORDED, REMEMBERED = (f"app-secret-{digit * 10}" for digit in "123")


def state(name: str = RECORDED) -> Recorded:
    inputs = {"metadata": {"namespace": "ns", "name": name}}
    other = {"type": "kubernetes:core/v1:Secret", "inputs": {"metadata": {"namespace": "other", "name": SEALED}}}
    return Recorded(resources=[{"type": "pulumi:pulumi:Stack"}, other, {**other, "inputs": inputs}])


@pytest.mark.parametrize(
    ("memory", "fresh", "recorded", "wanted"),
    [
        (Memory("f", {PLACE: SEALED}), True, state(), SEALED),
        (Memory("f", {PLACE: SEALED}), False, state(), SEALED),
        (Memory("f", {}, {PLACE: REMEMBERED}), True, state(), REMEMBERED),
        (Memory("f", {}, {PLACE: REMEMBERED}), False, state(), RECORDED),
        (Memory("f", {}, {PLACE: REMEMBERED}), False, Recorded(), REMEMBERED),
        (Memory(), False, state(), RECORDED),
    ],
    ids=["sealed", "sealed, though older", "same secrets", "state", "older render", "no render"],
)
def test_the_best_source_is_taken(memory: Memory, fresh: bool, recorded: Recorded, wanted: str) -> None:
    assert found([SHOWN], memory, fresh, lambda: recorded) == {SHOWN.name: wanted}


def _fails(code: int) -> Recorded:
    raise DeployError("no backend", code)


def test_nowhere_to_be_found_says_where_it_was_looked_for() -> None:
    for read in (Recorded, lambda: state("app-other-0123456789"), lambda: _fails(78)):
        with pytest.raises(DeployError, match=r"in neither\. Set PULUMI_CONFIG_PASSPHRASE"):
            found([SHOWN], Memory(), False, read)
    with pytest.raises(DeployError, match="no backend"):
        found([SHOWN], Memory(), False, lambda: _fails(INTERRUPTED))


def test_the_memory_is_what_the_notes_say(tmp_path: Path) -> None:
    text = notes("a" * 64, [made("v1", "Secret", REMEMBERED)])
    sealed = f"# head\nkind: Secret\nmetadata: {{name: {SEALED}, namespace: ns}}\n"
    files = {
        KUSTOMIZATION: f"# head\n{text}kind: K\n",
        "secret-app-secret.yaml": sealed,
        "deployment-a.yaml": "kind: D",
    }
    assert Memory.of(Folder(tmp_path, files)) == Memory("a" * 64, {PLACE: SEALED}, {PLACE: REMEMBERED})
    assert Memory.of(Folder(tmp_path)) == Memory()
    assert notes("", []) == ""


def test_a_name_is_replaced_wherever_it_stands_whole() -> None:
    before = {"a": [{"name": "old"}], "b": "older", "c": 1, "old": "old"}
    assert renamed(before, {"old": "new"}) == {"a": [{"name": "new"}], "b": "older", "c": 1, "old": "new"}
