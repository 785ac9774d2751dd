"""What is read from the JSON of either engine."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.ci.plan import Line, Plan, Step, diagnostics, parse
from tests.deploy.ci import samples
from tests.deploy.ci.samples import DIGEST, ENGINES, digest, root, step

MAP, DEPLOYMENT = "kubernetes:core/v1:ConfigMap", "kubernetes:apps/v1:Deployment"


def lines(
    kind: str, old: Any, new: Any, op: str = "update", told: Any = None
) -> list[tuple[str, str | None, str | None]]:
    """What is told of one step."""
    (found,) = parse("dev", digest(step(op, kind, "web", old, new, detailedDiff=told))).steps
    return [(it.path, it.old, it.new) for it in found.lines]


@pytest.mark.parametrize("engine", ENGINES)
def test_changes_of_either_engine(engine: str) -> None:
    plan = parse("dev", samples.changed(engine))
    assert [(it.verb, it.kind, it.name) for it in plan.steps] == [
        ("create", "ConfigMap", "web-config-9876543210"),
        ("delete", "ConfigMap", "web-config-0123456789"),
        ("update", "Deployment", "web"),
        ("update", "Image", "flask-k8s"),
        ("create", "Secret", "web-secret-9876543210"),
        ("delete", "Secret", "web-secret-0123456789"),
    ]
    assert plan.counts == {"create": 2, "update": 2, "delete": 2, "same": 11}
    assert plan.steps[0].lines == (Line("data.GREETING", '"Hello"', '"Bonjour"'),)
    assert plan.steps[2].lines == (
        Line("spec.replicas", "1", "2"),
        Line("spec.template.spec.config", '"web-config-0123456789"', '"web-config-9876543210"'),
        Line("spec.template.spec.image", f'"{DIGEST}"', '"(known after the deployment)"'),
    )
    assert "canary" not in str(plan)
    assert "Y2FuYXJ5" not in str(plan)


@pytest.mark.parametrize("engine", ENGINES)
def test_replace_is_told_once_with_its_reason(engine: str) -> None:
    plan = parse("dev", samples.replaced(engine))
    change = (Line("metadata.name", '"shop"', '"store"'),)
    assert plan.steps == (Step("replace", "Namespace", "web", change, ("metadata.name",)),)


def test_image_that_would_be_built() -> None:
    plan = parse("dev", digest(root(image=DIGEST), samples.image(revision="b" * 40)))
    assert (plan.image, plan.built) == ("registry.test/flask-k8s:dev", ", to be built from revision `bbbbbbbbbbbb`")


def test_image_that_stays() -> None:
    plan = parse("dev", digest(root(image=DIGEST), samples.image("same"), same=2))
    assert (plan.image, plan.built, plan.steps) == (DIGEST, ", as it is", ())


def test_image_that_is_pinned() -> None:
    plan = parse("prod", digest(root(image="older")), DIGEST)
    assert (plan.image, plan.built) == (DIGEST, "")


def test_stack_that_was_never_deployed() -> None:
    new = {"metadata": {"labels": {"a/b": "c"}}, "data": {}, "list": [{"port": 80}]}
    told = digest(step("create", MAP, "web", new=new) | {"provider": "x"}, create=1)
    assert parse("dev", told) == Plan(
        "dev",
        (
            Step(
                "create",
                "ConfigMap",
                "web",
                (
                    Line("data", None, "{}"),
                    Line("list[0].port", None, "80"),
                    Line('metadata.labels["a/b"]', None, '"c"'),
                ),
            ),
        ),
        {"create": 1},
        "",
        ", as it is",
    )


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("[secret]", "plain", ("[secret]", "[secret]")),
        ("plain", "[secret]", ("[secret]", "[secret]")),
        ({"a": "plain"}, {"a": "[secret]"}, ("[secret]", "[secret]")),
        ({"a": "[secret]"}, "plain", ("[secret]", "[secret]")),
        ([1, "[secret]"], "plain", ("[secret]", "[secret]")),
    ],
)
def test_value_that_was_or_becomes_secret_is_shown_on_neither_side(old: Any, new: Any, shown: tuple[str, str]) -> None:
    found = lines(DEPLOYMENT, {"x": old}, {"x": new})
    assert [it[1:] for it in found] == [shown]


def test_secret_that_changes_is_named() -> None:
    told = {"x.a": {"kind": "update"}, "__internal": {}, "y": {}}
    same = {"x": {"a": "[secret]"}, "y": [1]}
    found = lines(DEPLOYMENT, same, {**same, "y": [1, 2]}, told=told)
    assert found == [("y[1]", None, "2"), ("x.a", "[secret]", "[secret]")]


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_content_of_a_secret_is_never_shown(field: str) -> None:
    plain = {field: {"KEY": "canary"}}
    assert "canary" not in str(lines("kubernetes:core/v1:Secret", plain, {field: {"KEY": "canary2"}}))
    assert lines("kubernetes:core/v1:Secret", None, plain, "create") == [(field, None, "[secret]")]


def test_what_is_no_object_is_left_out() -> None:
    component = step("delete", "flask-k8s:index:AppService", "web", {})
    component["oldState"]["custom"] = False
    default = step("create", "pulumi:providers:docker", "default_5_2_0", new={})
    chosen = step("update", "pulumi:providers:kubernetes", "kubernetes", {"context": "a"}, {"context": "b"})
    found = parse("dev", digest(component, default, chosen, step("read", MAP, "old", {}, {}))).steps
    assert [(it.kind, it.name) for it in found] == [("kubernetes", "kubernetes")]


def test_step_that_the_engine_could_not_print_is_told_all_the_same() -> None:
    (found,) = parse("dev", digest(step("delete", MAP, "web"), delete=1)).steps
    assert found == Step("delete", "ConfigMap", "web")


def test_words_before_the_json_are_no_part_of_it() -> None:
    assert parse("dev", f"Installing dependencies\n{digest(same=3)}").counts == {"same": 3}


@pytest.mark.parametrize("text", ["", "panic", "{", "[]"])
def test_what_is_no_preview(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse("dev", text)
    assert diagnostics(text) == []


def test_errors_of_a_preview() -> None:
    text = '{"diagnostics": [{"message": "a\\n", "severity": "error"}, {"message": "b", "severity": "warning"}]}'
    assert diagnostics(text) == ["a"]
