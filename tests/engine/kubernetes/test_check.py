"""Names, namespaces and the one spelling of inputs."""

from __future__ import annotations

import pytest

from engine.kubernetes import configure
from engine.kubernetes.provider import KubernetesProvider
from engine.kubernetes.settings import parse
from engine.provider import ProviderError, Resource
from engine.resource.values import UNKNOWN, Secret
from tests.engine.kubernetes.conftest import SEED, Bench
from tests.engine.kubernetes.fake_api import FakeApi
from tests.engine.kubernetes.samples import CONFIG_MAP, DEPLOYMENT, NAMESPACE, SECRET, config_map, deployment


async def test_a_missing_name_is_made_from_the_resource_name_and_repeats_with_the_seed(bench: Bench) -> None:
    one = await bench.check(CONFIG_MAP, {"data": {"a": "b"}}, name="settings")
    two = await bench.check(CONFIG_MAP, {"data": {"a": "b"}}, name="settings")
    assert one == two
    assert one["metadata"]["name"].startswith("settings-")
    assert len(one["metadata"]["name"]) == len("settings-") + 8
    assert one["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    assert (one["apiVersion"], one["kind"]) == ("v1", "ConfigMap")


async def test_the_recorded_autoname_is_kept_and_not_made_anew(bench: Bench) -> None:
    olds = {"metadata": {"name": "settings-1234abcd", "annotations": {"pulumi.com/autonamed": "true"}}}
    inputs = await bench.check(CONFIG_MAP, {"data": {}}, name="settings", olds=olds)
    assert inputs["metadata"]["name"] == "settings-1234abcd"


async def test_a_name_that_is_known_later_is_left_alone(bench: Bench) -> None:
    inputs = await bench.check(CONFIG_MAP, {"metadata": {"name": UNKNOWN}})
    assert inputs["metadata"] == {"name": UNKNOWN, "namespace": "default"}


async def test_the_default_namespace_goes_to_objects_that_live_in_one(api: FakeApi) -> None:
    bench = Bench(api, KubernetesProvider(parse({"kubeconfig": api.kubeconfig(), "namespace": "shop"})))
    assert (await bench.check(CONFIG_MAP, {"metadata": {"name": "a"}}))["metadata"]["namespace"] == "shop"
    named = {"metadata": {"name": "a", "namespace": "other"}}
    assert (await bench.check(CONFIG_MAP, named))["metadata"]["namespace"] == "other"
    assert "namespace" not in (await bench.check(NAMESPACE, {"metadata": {"name": "a"}}))["metadata"]
    assert api.calls == [], "built-in kinds need no question to the server"


async def test_numbers_and_quantities_get_one_spelling(bench: Bench) -> None:
    news = deployment(replicas=3)
    news["spec"]["replicas"] = 3.0
    news["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1000m", "memory": "1024Mi"}}
    inputs = await bench.check(DEPLOYMENT, news)
    assert repr(inputs["spec"]["replicas"]) == "3"
    assert inputs["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}


async def test_string_data_becomes_data_and_stays_secret(bench: Bench) -> None:
    news = {"metadata": {"name": "s"}, "stringData": Secret({"key": "value"}), "data": {"other": "b3RoZXI="}}
    inputs = await bench.check(SECRET, news)
    assert inputs["data"] == Secret({"other": "b3RoZXI=", "key": "dmFsdWU="})
    assert "stringData" not in inputs


async def test_data_of_a_secret_is_secret_even_if_the_program_forgot_to_say_so(bench: Bench) -> None:
    inputs = await bench.check(SECRET, {"metadata": {"name": "s"}, "stringData": {"key": "value"}})
    assert inputs["data"] == Secret({"key": "dmFsdWU="})


async def test_metadata_that_only_the_server_writes_is_dropped(bench: Bench) -> None:
    news = config_map() | {"metadata": {"name": "a", "uid": "1", "resourceVersion": "2", "managedFields": []}}
    assert (await bench.check(CONFIG_MAP, news))["metadata"] == {"name": "a", "namespace": "default"}


@pytest.mark.parametrize(
    ("token", "named"),
    [
        ("kubernetes:apps/v1:DeploymentPatch", "Patch"),
        ("kubernetes:core/v1:ConfigMapList", "list"),
        ("kubernetes:helm.sh/v3:Release", "helm.sh/v3:Release"),
        ("kubernetes:helm.sh/v4:Chart", "helm.sh/v4:Chart"),
        ("kubernetes:yaml/v2:ConfigGroup", "yaml/v2:ConfigGroup"),
        ("kubernetes:yaml:ConfigFile", "yaml:ConfigFile"),
        ("kubernetes:kustomize/v2:Directory", "kustomize/v2:Directory"),
    ],
)
async def test_what_is_no_single_object_is_refused_by_name(bench: Bench, token: str, named: str) -> None:
    with pytest.raises(ProviderError, match=named):
        await bench.check(token, {})


async def test_a_custom_resource_patch_is_told_by_its_kind(bench: Bench) -> None:
    with pytest.raises(ProviderError, match="Pulumi CLI"):
        await bench.check("kubernetes:example.com/v1:ThingPatch", {"kind": "Thing", "metadata": {"name": "a"}})


async def test_generate_name_is_a_complaint_about_that_property(bench: Bench) -> None:
    resource = Resource("urn", CONFIG_MAP, "a")
    _, failures = await bench.provider.check(resource, {"metadata": {"generateName": "a-"}}, SEED)
    assert [failure.property for failure in failures] == ["metadata.generateName"]


def test_configure_gives_a_provider_without_opening_a_connection() -> None:
    nowhere = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c"}}],
    }
    assert configure({"kubeconfig": nowhere, "context": "x"})


async def test_the_namespace_of_the_kubeconfigs_context_is_the_default_one(api: FakeApi) -> None:
    kubeconfig = api.kubeconfig()
    kubeconfig["contexts"][0]["context"]["namespace"] = "shop"
    bench = Bench(api, KubernetesProvider(parse({"kubeconfig": kubeconfig})))
    assert (await bench.check(CONFIG_MAP, {"metadata": {"name": "a"}}))["metadata"]["namespace"] == "shop"
