"""What stands for secrets."""

from __future__ import annotations

import json
from collections.abc import Callable

from deploy.objects.placeholders import TEXT, placeholders
from deploy.stack import Stack
from tests.deploy.objects.conftest import SEALED


def test_entries_keep_their_names_where_the_file_shows_them(make: Callable[..., Stack]) -> None:
    found = placeholders(make("entries", secrets={"TOKEN": SEALED, "USER": "robot"}))
    assert json.loads(found["flask-k8s:secrets"]) == {"TOKEN": TEXT, "USER": TEXT}


def test_an_object_sealed_as_a_whole_has_no_known_entries(make: Callable[..., Stack]) -> None:
    found = placeholders(make("whole", secrets=SEALED, registryPassword=SEALED))
    assert found["flask-k8s:secrets"] == "{}"
    assert found["flask-k8s:registryPassword"] == TEXT


def test_secrets_that_are_not_made_yet_are_stood_in_for(make: Callable[..., Stack]) -> None:
    stack = make("fresh", secretKey="", hashKey="")
    assert not stack.secret_keys
    assert placeholders(stack) == {"flask-k8s:secretKey": TEXT, "flask-k8s:hashKey": TEXT}
