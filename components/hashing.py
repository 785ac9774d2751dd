"""Content hashes for the names of immutable objects.

Where the content is plain, its hash is also part of the resource's own (logical) name, so that other content is another
resource: the new one is created, what uses it is updated, then the old one is deleted. A replaced resource would do the
same until a rollout fails. Its old object then stays marked for deletion, and going back to the old content means to
create an object whose name is still taken.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

import pulumi

from components.validate import is_plain

_DIGITS = 10
"""Hex digits kept: 40 bits, enough to tell the few versions of one object apart."""


def canonical(data: Mapping[str, str]) -> bytes:
    """One spelling of the data, whatever the order of its keys: JSON, keys sorted, no spaces, UTF-8."""
    return json.dumps(dict(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_hash(data: Mapping[str, str]) -> str:
    """10 hex digits of the SHA-256 of the data, for values that anyone may see."""
    return hashlib.sha256(canonical(data)).hexdigest()[:_DIGITS]


def keyed_hash(key: str, data: Mapping[str, str]) -> str:
    """10 hex digits of the HMAC-SHA256 of the data under the key.

    A plain hash of a secret lets anyone who sees it confirm a guess; without the key this one says nothing.
    """
    return hmac.new(key.encode(), canonical(data), hashlib.sha256).hexdigest()[:_DIGITS]


def plain_data(data: Mapping[str, pulumi.Input[str]]) -> dict[str, str] | None:
    """The data, when all of it is known now; None when some of it is an output."""
    return {key: str(value) for key, value in data.items()} if all(map(is_plain, data.values())) else None
