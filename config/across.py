"""Rules about several keys at once; one that is wrong by itself is not in `parsed`, and not spoken of again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components import rules
from config.errors import HIDDEN, Failure, show
from config.schema import PROJECT


def check_across(stack: str, parsed: Mapping[str, Any]) -> Iterator[Failure]:
    """Every failure among the values that are right by themselves."""
    yield from _image(parsed)
    yield from _limits(parsed)
    yield from _service(parsed)
    yield from _names(stack, parsed)


def _image(parsed: Mapping[str, Any]) -> Iterator[Failure]:
    if "image" in parsed and "registry" in parsed:
        image, registry = parsed["image"], parsed["registry"]
        both = "set image to deploy an image that exists, or registry to build one and push it there"
        if image and registry:
            yield Failure(
                "image", f"{show(image)} and registry {show(registry)}", "only one of the two may be given", both
            )
        elif not image and not registry:
            yield Failure("image", "'' and registry ''", "one of the two must be given", both)
    if "registryUsername" in parsed and "registryPassword" in parsed:
        user, password = parsed["registryUsername"], parsed["registryPassword"]
        if bool(user) != bool(password):
            lone, other = ("registryUsername", "registryPassword")[:: 1 if user else -1]
            shown = show(user) if user else HIDDEN
            yield Failure(lone, shown, f"is given without {other}", "set both of them, or neither")


def _limits(parsed: Mapping[str, Any]) -> Iterator[Failure]:
    for kind in ("cpu", "memory"):
        request, limit = parsed.get(f"{kind}Request"), parsed.get(f"{kind}Limit")
        if request and limit and (broken := rules.check_limit(request, limit)):
            yield Failure(f"{kind}Limit", show(limit), broken, f"raise {kind}Limit or lower {kind}Request")


def _service(parsed: Mapping[str, Any]) -> Iterator[Failure]:
    kind = parsed.get("serviceType")
    if kind is None:
        return
    meaning = {
        "nodePort": ("NodePort", "LoadBalancer"),
        "nodeHost": ("NodePort",),
        "externalName": ("ExternalName",),
    }
    for key, kinds in meaning.items():
        value = parsed.get(key)
        if value and kind not in kinds:
            rule = f"has no meaning with serviceType {kind}"
            yield Failure(key, show(value), rule, f"leave it out, or set serviceType to {' or '.join(kinds)}")
    if kind == "ExternalName" and parsed.get("externalName") == "":
        rule = "must be given with serviceType ExternalName"
        yield Failure("externalName", "''", rule, "set externalName, or another serviceType")


def _names(stack: str, parsed: Mapping[str, Any]) -> Iterator[Failure]:
    if parsed.get("namespace") == "" and (broken := rules.check_label(f"{PROJECT}-{stack}")):
        yield Failure("namespace", show(f"{PROJECT}-{stack}"), broken, "set namespace, or rename the stack")
    if parsed.get("registry") and (broken := rules.check_tag(stack)):
        yield Failure("stack", show(stack), f"is the image's tag, and {broken}", "rename the stack")
    name = parsed.get("name")
    if name and (broken := rules.check_label_value(f"{name}-{stack}")):
        yield Failure("name", show(name), f"{name}-{stack} is a label, and {broken}", "choose a shorter name")
    elif name and (broken := rules.check_label(f"{name}-config")):
        yield Failure("name", show(name), f"{name}-config names a ConfigMap, and {broken}", "choose a shorter name")
