"""What a stack's state says."""

from __future__ import annotations

import json
from typing import Any

from deploy import stack as stacks
from deploy.observe.recorded import SECRET, SIGNATURE, Recorded, recorded
from deploy.stack import Stack
from tests.deploy.observe.conftest import Engine

HIDDEN = {SIGNATURE: SECRET, "ciphertext": "v1:abc"}
ROOT = {
    "urn": "urn:pulumi:prod::flask-k8s::pulumi:pulumi:Stack::flask-k8s-prod",
    "type": "pulumi:pulumi:Stack",
    "outputs": {"image": "r/x@sha256:1", "url": "http://x", "namespace": "ns", "name": "web", "deep": [{"a": HIDDEN}]},
}
OTHER = {"urn": "urn:other", "type": "kubernetes:core/v1:Secret", "inputs": {"data": HIDDEN}}


def exported(*resources: dict[str, Any]) -> str:
    """What `stack export` prints."""
    return json.dumps({"version": 3, "deployment": {"resources": resources} if resources else {}})


def test_outputs_and_resources(stack: Stack, engine: Engine) -> None:
    engine.answers["stack export"] = exported(ROOT, OTHER, {**OTHER, "urn": "urn:old", "delete": True})
    found = recorded(stack, engine)
    assert (found.image, found.url, found.namespace, found.name) == ("r/x@sha256:1", "http://x", "ns", "web")
    assert found.outputs["deep"] == [{"a": "[secret]"}], "nothing is decrypted"
    assert found.resources == [ROOT, OTHER], "as they are, without what waits to be deleted"
    assert not found.empty
    assert engine.asked == [("stack", "export", "--stack", "prod")]


def test_nothing_deployed(stack: Stack, engine: Engine) -> None:
    engine.answers["stack export"] = exported()
    found = recorded(stack, engine)
    assert found == Recorded()
    assert found.empty
    assert found.image == found.url == ""


def test_a_stack_that_was_never_made_is_not_asked_about(stack: Stack, engine: Engine) -> None:
    assert recorded(stacks.load(stack.project, "staging"), engine).empty
    assert not engine.asked
