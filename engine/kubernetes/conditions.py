"""The annotation `pulumi.com/waitFor`: what else an object must show to be ready.

Source: https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/ : `condition=Ready[=Status]`,
`jsonpath={.status.phase}[=Value]`, or a JSON list of these. What the object's controller has yet to see counts for
nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from engine.kubernetes import jsonpath
from engine.kubernetes.wait import NeverReadyError, Rule
from engine.provider import ProviderError

Test = Callable[[dict[str, Any]], str]
"""What an object lacks; empty when it has it."""

_BRACES = re.compile(r"\{\s*(.*?)\s*\}\Z")
_EQUALS = re.compile(r"(?<!=)=(?!=)")


def wait_for(text: str) -> Rule:
    """The rule that the annotation's text says. Raises `ProviderError` for one that isn't understood."""
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = text
    listed = isinstance(parsed, list) and all(isinstance(item, str) for item in parsed)
    tests = [_test(item) for item in (parsed if listed else [text])]
    if not tests:
        raise _wrong(text, "it is an empty list")

    async def missing(live: dict[str, Any]) -> str:
        return next((said for said in (test(live) for test in tests) if said), "")

    return missing


def _test(text: str) -> Test:
    form, _, rest = text.partition("=")
    if form == "condition":
        name, _, status = rest.partition("=")
        return _condition(name, status or "True")
    if form != "jsonpath":
        raise _wrong(text, "it begins otherwise")
    path, *values = _EQUALS.split(rest)
    match = _BRACES.match(path)
    if match is None:
        raise _wrong(text, "its path is not in braces")
    if len(values) > 1 or values == [""]:
        raise _wrong(text, "what follows the path is not one value")
    try:
        select = jsonpath.parse(match[1])
    except ValueError as err:
        raise _wrong(text, str(err)) from err
    return _field(match[1], select, values[0] if values else "")


def _wrong(text: str, why: str) -> ProviderError:
    return ProviderError(
        f"the annotation pulumi.com/waitFor has {text!r}, and {why}. The rule: `condition=Name[=Status]` or "
        "`jsonpath={.path.to.field}[=value]`, or a JSON list of these."
    )


def _condition(name: str, status: str) -> Test:
    def missing(live: dict[str, Any]) -> str:
        for found in live.get("status", {}).get("conditions") or []:
            if str(found.get("type")).casefold() == name.casefold():
                if _older(live, found):
                    return f"waiting for its controller to look at the condition {name}"
                if str(found.get("status")).casefold() == status.casefold():
                    return ""
        return f"condition {name} is not {status}"

    return missing


def _field(path: str, select: Callable[[Any], list[Any]], value: str) -> Test:
    def missing(live: dict[str, Any]) -> str:
        if _older(live, {}):
            return "waiting for its controller"
        found = select(live)
        if not found:
            return f"{path} selects nothing"
        if not value:
            return ""
        if isinstance(found[0], dict | list):
            raise NeverReadyError(f"{path} is {json.dumps(found[0])[:100]}, which no value can be equal to")
        text = found[0] if isinstance(found[0], str) else json.dumps(found[0])
        return "" if text == value else f"{path} is {text}, not {value}"

    return missing


def _older(live: dict[str, Any], condition: dict[str, Any]) -> bool:
    """Whether what is told is about an earlier generation of the object."""
    seen = condition.get("observedGeneration", live.get("status", {}).get("observedGeneration"))
    return seen is not None and int(seen) < int(live["metadata"].get("generation") or 0)
