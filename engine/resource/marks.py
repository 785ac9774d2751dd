"""Secret marks: copied from inputs to outputs, and what they hide kept out of messages.

Source: annotateSecrets of Pulumi's engine (pkg/resource/plugin/provider_plugin.go).
"""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

from engine.resource.values import Secret, has_secret, unwrap

SHORTEST = 4
"""Texts of fewer characters hide nothing, and replacing them would spoil messages."""


def mark_secrets(out: Any, source: Any) -> Any:
    """`out` with `Secret` wherever `source` has one at the same place; a list with one inside as a whole."""
    if not isinstance(out, dict) or not isinstance(source, dict):
        return out
    result = dict(out)
    for key, value in source.items():
        if key not in out:
            continue
        if isinstance(out[key], dict) and isinstance(value, dict):
            result[key] = mark_secrets(out[key], value)
        elif has_secret(value):
            result[key] = secret(out[key])
    return result


def secret(value: Any) -> Secret:
    """The value as one `Secret`, with none inside."""
    return Secret(unwrap(value))


def secret_texts(value: Any, inside: bool = False) -> frozenset[str]:
    """Every text inside a `Secret`, its lines, and what it is in base64: what no message may repeat."""
    if isinstance(value, Secret):
        return secret_texts(value.value, True)
    if isinstance(value, dict):
        return frozenset[str]().union(*(secret_texts(item, inside) for item in value.values()))
    if isinstance(value, list):
        return frozenset[str]().union(*(secret_texts(item, inside) for item in value))
    if not inside or not isinstance(value, str):
        return frozenset()
    texts = {value, *value.splitlines()}
    with suppress(ValueError):  # also what binascii and a wrong encoding raise
        texts.add(base64.b64decode(value, validate=True).decode())
    return frozenset(text for text in texts if len(text) >= SHORTEST)


def redact(text: str, secrets: frozenset[str]) -> str:
    """The text with each secret replaced."""
    for hidden in sorted(secrets, key=len, reverse=True):
        text = text.replace(hidden, "[secret]")
    return text
