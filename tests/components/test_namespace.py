import pytest

from components import AppNamespace, AppNamespaceArgs
from tests.components.recorder import record

TYPE = "kubernetes:core/v1:Namespace"


def test_enforces_pod_security_restricted() -> None:
    recorded = record(lambda: AppNamespace("app", AppNamespaceArgs("space", labels={"team": "a"})))
    metadata = recorded.only(TYPE)["metadata"]
    assert metadata["name"] == "space"
    assert metadata["labels"] == {
        "team": "a",
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
    }
    assert recorded.outputs_of("AppNamespace") == {"name": "space"}


def test_another_level_takes_an_explicit_word() -> None:
    recorded = record(lambda: AppNamespace("app", AppNamespaceArgs("space", pod_security="baseline")))
    assert recorded.only(TYPE)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"


def test_a_deletion_that_hangs_ends() -> None:
    recorded = record(lambda: AppNamespace("app", AppNamespaceArgs("space", delete_timeout=60)))
    assert recorded.timeouts[TYPE, "app"][2] == "60s"


def test_an_existing_one_is_left_alone() -> None:
    recorded = record(lambda: AppNamespace("app", AppNamespaceArgs("space", create=False)))
    assert recorded.types() == ["flask-k8s:index:AppNamespace"]
    assert recorded.outputs_of("AppNamespace") == {"name": "space"}


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "a" * 64])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"AppNamespaceArgs: name '{name}': must be a DNS label"):
        AppNamespaceArgs(name)
