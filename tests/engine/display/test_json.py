"""`--json`: the plan and the events, as the CLI prints them."""

from __future__ import annotations

import json
from typing import Any

from tests.engine.world import Ended, World

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
BEFORE = """
    class Box(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("demo:index:Box", name, {}, opts)
            self.register_outputs({"box": name})
    box = Box("box")
    Thing("a", size=1, secret=pulumi.Output.secret("canary-1"), frozen="x", list=[1])
    Thing("same")
    Thing("gone")
    Thing("first", frozen="x", first=True, opts=Opts(parent=box))
    pulumi.export("key", pulumi.Config().get_secret("key"))
"""
AFTER = (
    BEFORE.replace("size=1", "size=2").replace("canary-1", "canary-2").replace("list=[1]", "list=[1, 2], new={'x': 1}")
    .replace('    Thing("gone")\n', '    Thing("swap", frozen=2)\n').replace('frozen="x", first', 'frozen="y", first')
)  # fmt: skip


def events(ended: Ended) -> list[tuple[str, Any]]:
    """The events, debug messages aside; they are numbered from 0."""
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert [line.pop("sequence") for line in lines] == list(range(len(lines)))
    assert all(isinstance(line.pop("timestamp"), int) and len(line) == 1 for line in lines)
    found = [next(iter(line.items())) for line in lines]
    return [(kind, event) for kind, event in found if event.get("severity") != "debug"]


def steps(found: list[tuple[str, Any]]) -> list[str]:
    """Such as `pre create a`."""
    words = {"resourcePreEvent": "pre", "resOutputsEvent": "out", "resOpFailedEvent": "failed"}
    return [
        f"{words[kind]} {event['metadata']['op']} {event['metadata']['urn'].split('::')[-1]}"
        for kind, event in found
        if kind in words and "providers" not in event["metadata"]["type"]
    ]


def test_the_plan(world: World) -> None:
    world.program(BEFORE + '    Thing("swap", frozen=1)\n')
    world.run("config", "set", "--secret", "key", "hunter2")
    world.up()
    world.program(AFTER)
    ended = world.run("preview", "--json")
    assert ended.code == 0, ended.text
    digest = json.loads(ended.out)
    assert digest["config"] == {"demo:key": "[secret]", "demo:size": "1"}
    assert digest["changeSummary"] == {"delete": 1, "replace": 2, "same": 3, "update": 1}
    told = {step["urn"].split("::")[-1]: step for step in digest["steps"]}
    assert {name: step["op"] for name, step in told.items()} == {
        "demo-dev": "same", "a": "update", "swap": "replace", "first": "replace", "gone": "delete",
    }  # fmt: skip
    assert len(digest["steps"]) == len(told), "a replace is one step"
    update = told["a"]
    assert update["detailedDiff"] == {
        name: {"kind": kind, "inputDiff": False}
        for name, kind in (("list", "update"), ("new", "add"), ("secret", "update"), ("size", "update"))
    }
    assert update["oldState"]["id"]
    assert update["oldState"]["inputs"]["secret"] == "[secret]"
    assert {"id", "outputs"} & update["newState"].keys() == set()
    assert update["newState"]["inputs"]["size"] == 2
    assert update["newState"]["propertyDependencies"]["size"] == []
    assert update["newState"]["modified"] == update["oldState"]["modified"]
    assert update["provider"] == update["newState"]["provider"]
    assert told["swap"]["replaceReasons"] == ["frozen"]
    assert told["swap"]["detailedDiff"] == {"frozen": {"kind": "update-replace", "inputDiff": False}}
    assert told["swap"]["oldState"]["delete"]
    assert told["first"]["oldState"]["pendingReplacement"]
    assert told["gone"]["detailedDiff"] is None
    assert "newState" not in told["gone"]
    assert told["demo-dev"]["oldState"]["outputs"] == {"key": "[secret]"}
    for canary in ("canary", "hunter2", "token-"):
        assert canary not in ended.text


def test_what_goes_wrong_in_a_plan(world: World) -> None:
    world.program("""
        pulumi.log.warn("wary", Thing("a"))
        print("hello")
        Thing("b", bad=True)
    """)
    ended = world.run("preview", "--json")
    assert ended.code == 1
    found = {entry["severity"]: entry for entry in json.loads(ended.out)["diagnostics"]}
    assert found["warning"]["message"] == "warning: wary\n"
    assert found["warning"]["urn"].endswith("::a")
    assert found["info"] == {"message": "hello\n\n", "severity": "info"}
    assert found["error"]["message"].startswith("error: ")
    assert "must not be true" in found["error"]["message"]


def test_the_events_of_an_update(world: World) -> None:
    world.program(BEFORE + '    Thing("swap", frozen=1)\n')
    world.run("config", "set", "--secret", "key", "hunter2")
    world.up()
    world.program(AFTER + '    print("hunter2")\n')
    ended = world.run("up", "--skip-preview", "--json")
    assert ended.code == 0, ended.text
    found = events(ended)
    assert found[0] == ("preludeEvent", {"config": {"demo:key": "[secret]", "demo:size": "1"}})
    assert found[-1] == ("cancelEvent", {})
    kind, summary = found[-2]
    assert (kind, summary.pop("durationSeconds") > 0) == ("summaryEvent", True)
    assert summary == {
        "maybeCorrupt": False, "resourceChanges": {"delete": 1, "replace": 2, "same": 3, "update": 1},
        "PolicyPacks": {}, "isPreview": False, "result": "succeeded",
    }  # fmt: skip
    order = steps(found)
    assert order[0] == "pre same demo-dev"
    assert order[-1] == "out same demo-dev"
    for name, parts in (
        ("box", ["pre same", "out same"]),
        ("a", ["pre update", "out update"]),
        ("gone", ["pre delete", "out delete"]),
        ("swap", ["pre create-replacement", "out create-replacement", "pre replace", "out replace",
                  "pre delete-replaced", "out delete-replaced"]),
        ("first", ["pre delete-replaced", "out delete-replaced", "pre replace", "out replace",
                   "pre create-replacement", "out create-replacement"]),
    ):  # fmt: skip
        assert [line.removesuffix(f" {name}") for line in order if line.endswith(f" {name}")] == parts
    by_step = {line: event["metadata"] for line, event in zip(order, _steps_of(found), strict=True)}
    before, after = by_step["pre update a"], by_step["out update a"]
    assert (before["new"]["id"], before["new"]["outputs"]) == ("", {})
    assert after["new"]["id"] == after["old"]["id"] != ""
    assert after["new"]["outputs"]["token"] == after["new"]["inputs"]["secret"] == SECRET
    assert after["detailedDiff"]["size"] == {"diffKind": "update", "inputDiff": False}
    assert after["logical"]
    assert "logical" not in by_step["pre create-replacement swap"]
    assert by_step["out replace swap"]["keys"] == ["frozen"]
    assert by_step["out delete gone"]["new"] is None
    assert by_step["out same box"]["new"]["outputs"] == {"box": "box"}
    for canary in ("canary", "hunter2", "token-"):
        assert canary not in ended.text


def _steps_of(found: list[tuple[str, Any]]) -> list[Any]:
    return [event for _, event in found if "metadata" in event and "providers" not in event["metadata"]["type"]]


def test_the_events_of_a_failure(world: World) -> None:
    world.program("""Thing("a", fail="create")""")
    ended = world.run("up", "--yes", "--json")
    assert ended.code == 1
    plan, end = json.JSONDecoder().raw_decode(ended.out)
    assert plan["changeSummary"] == {"create": 2}
    found = events(Ended(1, ended.out[end:].lstrip(), ""))
    failed = next(index for index, (kind, _) in enumerate(found) if kind == "resOpFailedEvent")
    kind, message = found[failed - 1]
    assert kind == "diagnosticEvent"
    assert (message["prefix"], message["severity"]) == ("error: ", "error")
    assert "no room for it" in message["message"]
    assert message["urn"] == found[failed][1]["metadata"]["urn"]
    assert sum("no room for it" in event.get("message", "") for _, event in found) == 1
    assert found[-2][1]["result"] == "failed"


def test_the_events_of_a_destroy(world: World) -> None:
    world.program("""Thing("a", opts=Opts(parent=Group("group"), protect=True))""")
    world.up()
    ended = world.run("destroy", "--skip-preview", "--json")
    assert (ended.code, steps(events(ended))) == (1, ["pre delete a", "failed delete a"])
    assert "cannot be deleted" in ended.out
    digest = json.loads(world.run("destroy", "--preview-only", "--json").out)
    assert [step["op"] for step in digest["steps"]] == ["delete"]
    assert "cannot be deleted" in digest["diagnostics"][0]["message"]
    world.program("""Thing("a", opts=Opts(parent=Group("group")))""")
    world.up()
    found = events(world.run("destroy", "--skip-preview", "--json"))
    assert steps(found) == [
        "pre delete a", "out delete a", "pre delete group", "out delete group", "pre delete demo-dev",
        "out delete demo-dev",
    ]  # fmt: skip
    assert found[-2][1]["resourceChanges"] == {"delete": 3}
