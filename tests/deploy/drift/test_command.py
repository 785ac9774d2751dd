"""`drift`: what it prints, and how it ends."""

from __future__ import annotations

import argparse
import json

import pytest

from deploy.drift.command import LONGEST, drift
from deploy.errors import DeployError
from tests.deploy.drift.conftest import CORE, Bench, config_map
from tests.engine.kubernetes.fake_api import status

WEB = f"{CORE}/configmaps/web"


def run(bench: Bench, *, fix: bool = False, as_json: bool = False) -> int:
    return drift(bench.stack, bench, argparse.Namespace(fix=fix, json=as_json))


def test_without_drift_it_says_so(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bench) == 0
    assert capsys.readouterr().out == "dev: no drift\n"
    assert run(bench, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"fixed": False, "drifts": []}


def test_drift_is_listed_by_object(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.record(config_map(a="1", b="2", c="3"))
    bench.record({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    bench.live(WEB, config_map(a="1", b="x" * 999), ("kubectl-edit", "Update", {"f:data": {"f:b": {}}}))
    assert run(bench) == 2
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "ConfigMap shop/web",
        f"  data.b: 2 -> {'x' * LONGEST}... (by kubectl-edit, Update, 2026-01-01T00:00:00Z)",
        "  data.c: 3 -> nothing (by whom is not recorded)",
        "Namespace shop",
        "  missing (who deleted it is not recorded)",
    ]
    assert "deploy drift dev --fix" in printed.err


def test_json_has_every_value_whole(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="x" * 999))
    assert run(bench, as_json=True) == 2
    [found] = json.loads(capsys.readouterr().out)["drifts"]
    assert found == {
        "kind": "ConfigMap", "namespace": "shop", "name": "web", "path": "data.a", "wanted": "1", "found": "x" * 999,
        "by": "", "at": "", "operation": "",
    }  # fmt: skip


@pytest.mark.parametrize("fix", [False, True])
@pytest.mark.parametrize("locked", [False, True])
def test_what_an_update_is_changing_is_no_drift(bench: Bench, fix: bool, locked: bool) -> None:
    bench.record(config_map(a="1"))
    if locked:
        bench.lock()
    else:
        bench.pending = [{"type": "updating", "resource": bench.resources[0]}]
    with pytest.raises(DeployError, match="dev: an update is under way") as failed:
        run(bench, fix=fix)
    assert failed.value.code == 75
    assert bench.api.calls == []


def test_what_an_update_changed_meanwhile_is_no_drift(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.api.refuse["GET", WEB] = [status(404, "NotFound", "not found")]

    class Later(list[tuple[str, ...]]):
        def append(self, words: tuple[str, ...]) -> None:
            super().append(words)
            bench.resources[0]["inputs"]["data"]["a"] = str(len(self))

    bench.asked = Later()
    with pytest.raises(DeployError, match="under way") as failed:
        run(bench)
    assert failed.value.code == 75


def test_what_is_found_is_told_before_what_cannot_be(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.record(config_map("bad", a="1"))
    bench.record(config_map(a="1"))
    bench.api.refuse["GET", f"{CORE}/configmaps/bad"] = [status(403, "Forbidden", "not you")]
    with pytest.raises(DeployError, match="not you") as failed:
        run(bench)
    assert failed.value.code == 69
    assert capsys.readouterr().out.splitlines() == [
        "ConfigMap shop/web",
        "  missing (who deleted it is not recorded)",
    ]


def test_nothing_that_is_live_commands_the_terminal(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="\x1b]0;taken\x07\nb"))
    run(bench)
    assert "data.a: 1 ->  ]0;taken  b (by" in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [False, True])
def test_what_is_fixed_ends_well(bench: Bench, capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    bench.record(config_map(a="1"))
    assert run(bench, fix=True, as_json=as_json) == 0
    printed = capsys.readouterr()
    assert "all of it is put back" in printed.err
    assert json.loads(printed.out)["fixed"] if as_json else "missing" in printed.out
    assert run(bench) == 0
