import hashlib
import hmac

import pulumi
import pytest

from components import AppSecret, AppSecretArgs
from tests.components.recorder import KEY, plain, record

TYPE = "kubernetes:core/v1:Secret"


def make(data: dict[str, pulumi.Input[str]], key: pulumi.Input[str] = KEY) -> None:
    AppSecret("app", AppSecretArgs("app-secret", "space", data, key))


def name_of(data: dict[str, pulumi.Input[str]], key: pulumi.Input[str] = KEY) -> str:
    name = record(lambda: make(data, key)).only(TYPE)["metadata"]["name"]
    assert isinstance(name, str), "the name must not be secret"
    return name


def test_registers_an_immutable_secret_with_hidden_values_and_a_plain_name() -> None:
    recorded = record(lambda: make({"SECRET_KEY": "canary"}))
    inputs = recorded.only(TYPE)
    assert inputs["immutable"] is True
    assert inputs["type"] == "Opaque"
    assert plain(inputs["stringData"]) == {"SECRET_KEY": "canary"}
    assert recorded.outputs_of("AppSecret") == {"name": inputs["metadata"]["name"]}


def test_the_hash_is_an_hmac_of_canonical_json() -> None:
    expected = hmac.new(KEY.encode(), b'{"A":"1","B":"\xc3\xbc"}', hashlib.sha256).hexdigest()[:10]
    assert name_of({"B": "ü", "A": "1"}) == f"app-secret-{expected}"


def test_the_name_depends_on_content_and_key() -> None:
    first = name_of({"A": "1"})
    assert first == name_of({"A": "1"})
    assert first != name_of({"A": "2"})
    assert first != name_of({"A": "1"}, "q" * 32)


def test_other_content_is_another_resource_so_that_one_can_go_back() -> None:
    (name,) = (name for kind, name in record(lambda: make({"A": "1"})).inputs if kind == TYPE)
    assert name == f"app-{name_of({'A': '1'}).rpartition('-')[2]}"
    assert (TYPE, name) not in record(lambda: make({"A": "2"})).inputs


def test_secret_inputs_leave_the_name_plain() -> None:
    assert name_of({"A": pulumi.Output.secret("1")}, pulumi.Output.secret(KEY)) == name_of({"A": "1"})


def test_args_never_show_their_values() -> None:
    shown = repr(AppSecretArgs("app", "space", {"A": "canary"}, "other-canary"))
    assert "canary" not in shown


def test_a_bad_name_is_refused() -> None:
    with pytest.raises(ValueError, match="name 'App': must be a DNS label"):
        AppSecretArgs("App", "space", {}, KEY)
