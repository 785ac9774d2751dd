"""From the stack's raw values to a StackConfig, or to the list of all that is wrong."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from config.across import check_across
from config.errors import HIDDEN, ConfigError, Failure, show
from config.record import StackConfig
from config.schema import DEV_PASSPHRASE, DEV_STACK, FIELDS, PROJECT, Field

FOREIGN = ("pulumi", "docker")
"""Namespaces of keys that are not ours and do have an effect: Pulumi's own and the Docker provider's."""


def parse(
    stack: str,
    values: Mapping[str, str],
    secret_keys: Collection[str] = (),
    *,
    passphrase: str | None = None,
) -> StackConfig:
    """Checks everything, then returns the record.

    `values` is what Pulumi hands to a program: full keys (`flask-k8s:replicas`) to text, objects and arrays as JSON,
    secrets decrypted, the defaults of Pulumi.yaml filled in. `secret_keys` are the full keys that are encrypted.
    `passphrase` is the one in use, where it is known. Raises ConfigError with every failure; no secret is in it.
    """
    failures: list[Failure] = []
    given: dict[str, str] = {}
    for key in sorted(values):
        namespace, _, name = key.rpartition(":")
        if namespace == PROJECT and name in FIELDS:
            given[name] = values[key]
        elif namespace not in FOREIGN:
            failures.append(_unknown(key, namespace, name, stack))
    hidden = {key.rpartition(":")[2] for key in secret_keys} | {key for key in FIELDS if FIELDS[key].secret}
    parsed: dict[str, Any] = {}
    for key, field in FIELDS.items():
        text = given.get(key)
        shown = HIDDEN if key in hidden and text else show(text) if text is not None else ""
        if not field.secret and f"{PROJECT}:{key}" in secret_keys:
            rule = "is encrypted, but would be shown in plain in the cluster and in the state"
            failures.append(Failure(key, HIDDEN, rule, "put it under secrets, or set it without --secret"))
            continue
        try:
            parsed[key] = _value(key, field, text)
        except ValueError as err:
            failures.append(Failure(key, shown, str(err), mend(stack, key)))
            continue
        if field.secret and parsed[key] and f"{PROJECT}:{key}" not in secret_keys:
            failures.append(Failure(key, HIDDEN, "must be encrypted", mend(stack, key)))
    if passphrase == DEV_PASSPHRASE and stack != DEV_STACK:
        failures.append(
            Failure(
                "PULUMI_CONFIG_PASSPHRASE",
                "",
                f"is the throwaway passphrase, which everyone can read, and may only be used by stack {DEV_STACK!r}",
                f"choose another and run: pulumi stack change-secrets-provider passphrase --stack {stack}",
            )
        )
    failures.extend(check_across(stack, parsed))
    if failures:
        raise ConfigError(stack, failures)
    return _record(stack, parsed)


def mend(stack: str, key: str) -> str:
    """How a key is set right, on either engine; a secret never by an argument, which other users could see."""
    field = FIELDS[key]
    if field.kind == "object" and field.secret:
        return f".venv/bin/python -m deploy config {stack} set {key}.NAME --path --secret < FILE"
    if field.secret:
        return f"{field.example} .venv/bin/python -m deploy config {stack} set {key} --secret"
    return f"write `{PROJECT}:{key}: {field.example}` in Pulumi.{stack}.yaml"


def _unknown(key: str, namespace: str, name: str, stack: str) -> Failure:
    """A key that means nothing; its value is not shown, as it may be a misspelt secret."""
    if namespace == "kubernetes":
        rule = "is not read: the cluster is the one that context and kubeconfig name"
        return Failure(key, "", rule, f"remove it from Pulumi.{stack}.yaml")
    close = difflib.get_close_matches(name, FIELDS, n=1)
    if close:
        rule = "is no key of this project"
        return Failure(key, "", rule, f"did you mean {PROJECT}:{close[0]}? rename it in Pulumi.{stack}.yaml")
    return Failure(key, "", "is no key of this project; Pulumi.yaml lists them", f"remove it from Pulumi.{stack}.yaml")


def _value(key: str, field: Field, text: str | None) -> Any:
    """The typed value; raises ValueError with the rule. An empty or zero optional value stands for "not set"."""
    if text is None:
        raise ValueError("is missing: it must be given" if field.required else "is missing: Pulumi.yaml declares it")
    if field.required and not text:
        raise ValueError("must be given" + (": the current context is never used" if key == "context" else ""))
    value = _typed(field, text)
    if value in ("", [], {}) or (key == "nodePort" and value == 0):
        return value
    broken = field.check(value)
    if broken is not None:
        raise ValueError(broken)
    return value


def _typed(field: Field, text: str) -> Any:
    match field.kind:
        case "integer":
            if not re.fullmatch(r"-?[0-9]{1,18}", text):
                raise ValueError("must be a whole number")
            return int(text)
        case "boolean":
            if text not in ("true", "false"):
                raise ValueError("must be true or false")
            return text == "true"
        case "array":
            items = _json(text)
            if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
                raise ValueError("must be a list of text")
            return items
        case "object":
            entries = _json(text)
            if not isinstance(entries, dict) or not all(isinstance(entry, str) for entry in entries.values()):
                raise ValueError("must be an object of text by name; write numbers and true or false in quotes")
            return entries
        case _:
            return text


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _record(stack: str, parsed: Mapping[str, Any]) -> StackConfig:
    surge: str = parsed["maxSurge"]
    return StackConfig(
        stack=stack,
        context=parsed["context"],
        kubeconfig=parsed["kubeconfig"],
        cluster_identifier=parsed["clusterIdentifier"] or parsed["context"],
        namespace=parsed["namespace"] or f"{PROJECT}-{stack}",
        create_namespace=parsed["createNamespace"],
        protect=parsed["protect"],
        image=parsed["image"] or None,
        registry=parsed["registry"] or None,
        base_image=parsed["baseImage"],
        build_network=parsed["buildNetwork"] or None,
        platform=parsed["platform"] or None,
        registry_username=parsed["registryUsername"] or None,
        registry_password=parsed["registryPassword"] or None,
        image_pull_secrets=tuple(parsed["imagePullSecrets"]),
        name=parsed["name"],
        replicas=parsed["replicas"],
        max_surge=surge if surge.endswith("%") else int(surge),
        cpu_request=parsed["cpuRequest"],
        cpu_limit=parsed["cpuLimit"] or None,
        memory_request=parsed["memoryRequest"],
        memory_limit=parsed["memoryLimit"] or None,
        pre_stop_seconds=parsed["preStopSeconds"],
        rollout_timeout=parsed["rolloutTimeout"],
        environment=parsed["environment"] or stack,
        greeting=parsed["greeting"],
        log_level=parsed["logLevel"],
        env=parsed["env"],
        secret_key=parsed["secretKey"],
        secrets=parsed["secrets"],
        hash_key=parsed["hashKey"],
        service_type=parsed["serviceType"],
        service_port=parsed["servicePort"],
        node_port=parsed["nodePort"] or None,
        node_host=parsed["nodeHost"] or None,
        external_name=parsed["externalName"] or None,
    )
