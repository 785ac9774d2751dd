import pulumi
import pytest

from components import AppConfigMap, AppConfigMapArgs
from tests.components.recorder import record

TYPE = "kubernetes:core/v1:ConfigMap"


def make(data: dict[str, pulumi.Input[str]]) -> None:
    AppConfigMap("app", AppConfigMapArgs("app-config", "space", data, {"tier": "web"}))


def test_registers_an_immutable_map_named_by_its_content() -> None:
    recorded = record(lambda: make({"GREETING": "Hello"}))
    inputs = recorded.only(TYPE)
    assert inputs["immutable"] is True
    assert inputs["data"] == {"GREETING": "Hello"}
    assert inputs["metadata"]["namespace"] == "space"
    assert inputs["metadata"]["labels"] == {"tier": "web"}
    base, _, digest = inputs["metadata"]["name"].rpartition("-")
    assert base == "app-config"
    assert len(digest) == 10
    assert set(digest) <= set("0123456789abcdef")
    assert recorded.outputs_of("AppConfigMap") == {"name": inputs["metadata"]["name"]}


def test_the_name_depends_on_the_content_and_not_on_its_order() -> None:
    def name(data: dict[str, pulumi.Input[str]]) -> str:
        return str(record(lambda: make(data)).only(TYPE)["metadata"]["name"])

    first = name({"A": "1", "B": "2"})
    assert first == name({"B": "2", "A": "1"})
    assert first != name({"A": "1", "B": "3"})
    assert first != name({"A": "1", "BB": "2"})


def test_other_content_is_another_resource_so_that_one_can_go_back() -> None:
    """A replaced one would keep its name taken after a failed rollout; see components/hashing.py."""
    name = record(lambda: make({"A": "1"})).only(TYPE)["metadata"]["name"]
    digest = name.rpartition("-")[2]
    assert (TYPE, f"app-{digest}") in record(lambda: make({"A": "1"})).inputs
    assert (TYPE, f"app-{digest}") not in record(lambda: make({"A": "2"})).inputs


def test_values_may_be_outputs() -> None:
    plain = record(lambda: make({"A": "1"})).only(TYPE)
    later = record(lambda: make({"A": pulumi.Output.from_input("1")}))
    assert plain == later.only(TYPE)
    assert (TYPE, "app") in later.inputs


@pytest.mark.parametrize("key", ["1A", "A B", "", "A/B"])
def test_a_key_that_is_no_variable_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"data key .*must start with a letter or _"):
        AppConfigMapArgs("app", "space", {key: "x"})


def test_is_the_parent_of_its_object() -> None:
    recorded = record(lambda: make({"A": "1"}))
    (parent,) = (parent for (kind, _), parent in recorded.parents.items() if kind == TYPE)
    assert parent.endswith("flask-k8s:index:AppConfigMap::app")
