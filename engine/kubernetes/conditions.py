"""The annotation `pulumi.com/waitFor`: what else an object must show to be ready.

Source: https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/ : `condition=Ready[=Status]`,
`jsonpath={.status.phase}[=Value]`, or a JSON list of these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from engine.kubernetes.ready_workloads import condition
from engine.kubernetes.wait import Rule
from engine.provider import ProviderError

_JSONPATH = re.compile(r"^\{?\.?([\w.\[\]-]+)\}?(?:=(.*))?$")


def wait_for(text: str) -> Rule:
    """The rule that the annotation's text says. Raises `ProviderError` for one that isn't understood."""
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = text
    tests = [_test(str(item)) for item in (parsed if isinstance(parsed, list) else [text])]

    async def missing(live: dict[str, Any]) -> str:
        return next((said for said in (test(live) for test in tests) if said), "")

    return missing


def _test(text: str) -> Callable[[dict[str, Any]], str]:
    form, _, rest = text.partition("=")
    if form == "condition":
        name, _, status = rest.partition("=")
        wanted = status or "True"
        return lambda live: "" if condition(live, name).get("status") == wanted else f"condition {name} is not {wanted}"
    match = _JSONPATH.match(rest)
    if form == "jsonpath" and match:
        keys = [key for key in re.split(r"[.\[\]]", match.group(1)) if key]
        value = match.group(2)

        def missing(live: dict[str, Any]) -> str:
            found: Any = live
            for key in keys:
                if isinstance(found, list) and key.isdigit():
                    found = found[int(key)] if int(key) < len(found) else None
                else:
                    found = found.get(key) if isinstance(found, dict) else None
            there = found is not None if value is None else str(found) == value
            return "" if there else f"{match.group(1)} is {found!r}" + (f", not {value}" if value else "")

        return missing
    raise ProviderError(
        f"the annotation pulumi.com/waitFor has {text!r}. The rule: `condition=Name[=Status]` or "
        "`jsonpath={.path.to.field}[=value]`, or a JSON list of these. Filters need the Pulumi CLI (ENGINE=pulumi)."
    )
