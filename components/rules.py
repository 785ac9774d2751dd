"""What Kubernetes and image registries accept, as pure functions: no Pulumi, no cluster.

Each `check_*` returns None when the value is accepted, else the rule it breaks, worded so that it can follow the value:
`replicas -1: must be a whole number, 0 or more`.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

SERVICE_TYPES: Final = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
"""https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types"""

_SUFFIXES: Final = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}
_QUANTITY: Final = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(?:([eE][+-]?[0-9]{1,3})|([a-zA-Z]{0,2}))")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,252}")
_HOST: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?"
_PATH: Final = r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"(?=localhost[:/]|localhost$|[^/]*[.:]){_HOST}(/{_PATH})*")
_PINNED: Final = re.compile(rf"{_HOST}(/{_PATH})*@sha256:[0-9a-f]{{64}}")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def parse_quantity(text: str) -> Decimal:
    """The amount a Kubernetes quantity stands for, in base units (cores, bytes): `500m` is 0.5, `64Mi` 67108864.

    Follows https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ for amounts above zero.
    Raises ValueError, with the rule, for anything else.
    """
    found = _QUANTITY.fullmatch(text)
    if found is None or (found[3] or "") not in _SUFFIXES:
        raise ValueError("must be a Kubernetes quantity, such as 500m, 2, 64Mi or 1.5Gi")
    try:
        amount = Decimal(found[1] + (found[2] or "")) * _SUFFIXES[found[3] or ""]
    except InvalidOperation:
        raise ValueError("must be a Kubernetes quantity that fits in 64 bits") from None
    if amount <= 0:
        raise ValueError("must be above zero")
    if amount >= Decimal(2) ** 63:
        raise ValueError("must be a Kubernetes quantity that fits in 64 bits")
    return amount


def check_quantity(text: str) -> str | None:
    try:
        parse_quantity(text)
    except ValueError as err:
        return str(err)
    return None


def check_limit(request: str, limit: str) -> str | None:
    """A limit below its request is refused by the API server; both must be quantities."""
    return None if parse_quantity(limit) >= parse_quantity(request) else f"must not be below its request {request}"


def check_label(text: str) -> str | None:
    """RFC 1123 label: names of namespaces, and of everything whose name becomes a host name."""
    if _LABEL.fullmatch(text):
        return None
    return "must be a DNS label: at most 63 of a-z, 0-9 and -, with a letter or digit at both ends"


def check_label_value(text: str) -> str | None:
    """The value of a label, such as an instance's name."""
    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", text):
        return None
    return "must be at most 63 letters, digits, -, _ and ., with a letter or digit at both ends"


def check_service_name(text: str) -> str | None:
    """RFC 1035 label: a Service's name starts with a letter."""
    if _LABEL.fullmatch(text) and text[0].isalpha():
        return None
    return "must be a DNS label that starts with a letter: at most 63 of a-z, 0-9 and -, the last no -"


def check_host(text: str) -> str | None:
    """RFC 1123 subdomain, such as the target of an ExternalName Service."""
    if len(text) <= 253 and all(_LABEL.fullmatch(part) for part in text.split(".")):
        return None
    return "must be a DNS name, such as db.example.com"


def check_port(number: int) -> str | None:
    return None if 1 <= number <= 65535 else "must be a port, 1 to 65535"


def check_replicas(number: int) -> str | None:
    return None if 0 <= number <= 2**31 - 1 else "must be a whole number, 0 or more"


def check_service_type(text: str) -> str | None:
    return None if text in SERVICE_TYPES else f"must be one of {', '.join(SERVICE_TYPES)}"


def check_env_key(text: str) -> str | None:
    """A key that serves as an environment variable and as a file name."""
    if _KEY.fullmatch(text):
        return None
    return "must start with a letter or _ and hold only letters, digits, _, - and ."


def check_pinned(text: str) -> str | None:
    """An image reference by digest: a tag can be moved to other content, a digest cannot."""
    if _PINNED.fullmatch(text):
        return None
    return "must be pinned by digest, as in registry.example.com/app@sha256:<64 hex digits>"


def check_repository(text: str) -> str | None:
    """A registry's host with an optional path, no scheme, no tag; the host tells by a dot, a port or `localhost`."""
    if _REPOSITORY.fullmatch(text):
        return None
    return "must be a registry's host with an optional path, such as localhost:5001, ghcr.io/owner or docker.io/owner"


def check_tag(text: str) -> str | None:
    return None if _TAG.fullmatch(text) else "must be an image tag: at most 128 letters, digits, _, . and -"
