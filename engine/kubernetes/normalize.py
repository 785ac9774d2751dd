"""One spelling for inputs that mean the same, so that they show no difference: numbers, quantities, Secrets.

Source: pulumi-kubernetes normalises through Kubernetes' own types; quantities are written as
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ says.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from engine.kubernetes.kinds import BUILT_IN_GROUPS, from_manifest
from engine.kubernetes.objects import DASHED, rename
from engine.kubernetes.omitted import OF_KIND, without_empty
from engine.resource.values import UNKNOWN, Properties, Secret, has_unknown, unwrap

QUANTITY_MAPS = frozenset(
    {"limits", "requests", "hard", "capacity", "overhead", "default", "defaultRequest", "max", "min",
     "maxLimitRequestRatio"}
)  # fmt: skip
"""Fields whose values are quantities, within `spec` of built-in kinds."""
TYPED_GROUPS = BUILT_IN_GROUPS - {"apiextensions.k8s.io", "apiregistration.k8s.io"}
"""Groups that the provider has types for."""
QUANTITY_FIELDS = frozenset({"averageValue", "divisor", "sizeLimit"})

MOST_DIGITS = 18

_QUANTITY = re.compile(r"^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def normalize(properties: Properties) -> Properties:
    """The inputs in their one spelling; secret marks and unknown values stay."""
    result: Properties = rename(_numbers(properties), DASHED)
    group = from_manifest(str(result.get("apiVersion", "")), "").group
    if group not in TYPED_GROUPS:
        return result
    if result.get("apiVersion") == "v1" and result.get("kind") == "Secret":
        return result if any(has_unknown(result.get(key)) for key in ("data", "stringData")) else _secret_data(result)
    result = without_empty(result)
    if isinstance(result.get("spec"), dict):
        result["spec"] = _quantities(result["spec"], "")
        field = OF_KIND.get(str(result.get("kind")), "")
        if result["spec"].get(field) in ("", {}):
            del result["spec"][field]
    return result


def _numbers(value: Any) -> Any:
    """Whole numbers as integers: the wire only knows doubles."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Secret):
        return Secret(_numbers(value.value))
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return value


def _quantities(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        if key in QUANTITY_MAPS:
            return {name: quantity(item) for name, item in value.items()}
        fields = QUANTITY_FIELDS | {"value"} if key == "target" else QUANTITY_FIELDS  # of an autoscaler's metric
        return {name: quantity(v) if name in fields else _quantities(v, name) for name, v in value.items()}
    if isinstance(value, list):
        return [_quantities(item, "") for item in value]
    return value


def quantity(value: Any) -> Any:
    """The canonical text: `1000m` and 1 are `1`, `0.5` is `500m`, `1024Mi` is `1Gi`; no quantity stays as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    match = _QUANTITY.match(str(value))
    if match is None or not 0 < len(match.group(2) + (match.group(3) or "")) <= MOST_DIGITS:
        return value
    sign, whole, part, suffix = match.group(1).rstrip("+"), match.group(2), match.group(3) or "", match.group(4) or ""
    number, scale = int((whole + part) or "0"), -len(part)
    if suffix in _BINARY[1:]:
        if not part and number % 8:
            return str(value)  # Kubernetes keeps the text of what it takes for canonical, here and below
        number *= 1024 ** _BINARY.index(suffix)
    elif len(suffix) > 1:
        scale += int(suffix[1:])
    else:
        scale += _DECIMAL[suffix]
    digits = whole.lstrip("0") + part
    plain = suffix not in _BINARY[1:] and scale % 3 == 0 and scale >= -9
    if plain and digits[:1] not in ("", "0") and not digits.endswith("000"):
        return str(value)
    # In units of 10**-9, the finest there is; what is finer is rounded up.
    nano = number * 10 ** (9 + scale) if scale >= -9 else -(-number // 10 ** (-9 - scale))
    if nano == 0:
        return "0"
    binary = suffix in _BINARY[1:]
    return sign + ((_binary(nano) if binary else "") or _decimal(nano, exponent=len(suffix) > 1 and not binary))


def _binary(nano: int) -> str:
    """As a multiple of a power of 1024; empty where it is none, or too small."""
    number, rest = divmod(nano, 10**9)
    if rest or number < 1024:
        return ""
    power = 0
    while power < len(_BINARY) - 1 and number % 1024 == 0:
        number, power = number // 1024, power + 1
    return f"{number}{_BINARY[power]}"


def _decimal(nano: int, *, exponent: bool) -> str:
    """As a multiple of a power of 1000."""
    power = -9
    while nano % 1000 == 0 and power < 18:
        nano, power = nano // 1000, power + 3
    if exponent:
        return f"{nano}e{power}" if power else str(nano)
    return f"{nano}{next(name for name, ten in _DECIMAL.items() if ten == power)}"


def _secret_data(result: Properties) -> Properties:
    """stringData folded into data, as the server would; data re-encoded, so that line breaks in base64 don't matter."""
    plain = unwrap(result)
    strings, data = plain.get("stringData"), plain.get("data")
    if isinstance(strings, dict) and strings:
        encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in strings.items()}
        rest = {key: value for key, value in result.items() if key != "stringData"}
        return {**rest, "data": Secret({**(data if isinstance(data, dict) else {}), **encoded})}
    if isinstance(data, dict) and data:
        return {**result, "data": Secret({key: _recoded(value) for key, value in data.items()})}
    return result


def _recoded(value: Any) -> Any:
    if not isinstance(value, str) or value is UNKNOWN:
        return value
    try:
        return base64.b64encode(base64.b64decode("".join(value.split()), validate=True)).decode()
    except ValueError:
        return value  # the server says what is wrong with it
