"""One spelling for inputs that mean the same, so that they show no difference: numbers, quantities, Secrets.

Source: pulumi-kubernetes normalises through Kubernetes' own types; quantities are written as
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ says.
"""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Any

from engine.kubernetes.kinds import BUILT_IN_GROUPS, from_manifest
from engine.kubernetes.objects import DASHED, rename
from engine.kubernetes.omitted import without_empty
from engine.values import UNKNOWN, Properties, Secret, has_unknown, unwrap

QUANTITY_MAPS = frozenset(
    {"limits", "requests", "hard", "capacity", "overhead", "default", "defaultRequest", "max", "min",
     "maxLimitRequestRatio"}
)  # fmt: skip
"""Fields whose values are quantities, within `spec` of built-in kinds."""
TYPED_GROUPS = BUILT_IN_GROUPS - {"apiextensions.k8s.io", "apiregistration.k8s.io"}
"""Groups that the provider has types for."""
QUANTITY_FIELDS = frozenset({"sizeLimit", "divisor"})

_QUANTITY = re.compile(r"^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$")
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
        return {name: quantity(v) if name in QUANTITY_FIELDS else _quantities(v, name) for name, v in value.items()}
    if isinstance(value, list):
        return [_quantities(item, "") for item in value]
    return value


def quantity(value: Any) -> Any:
    """The canonical text: `1000m` and 1 are `1`, `0.5` is `500m`, `1024Mi` is `1Gi`; no quantity stays as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    match = _QUANTITY.match(str(value))
    if match is None:
        return value
    sign, digits, suffix = match.group(1), Decimal(match.group(2)), match.group(3) or ""
    if suffix in _BINARY[1:]:
        number = digits * 1024 ** _BINARY.index(suffix)
        if number == number.to_integral_value() and number >= 1024:
            power = 0
            while power < 6 and number % 1024 == 0 and number != 0:
                number, power = number / 1024, power + 1
            return f"{_minus(sign, number)}{int(number)}{_BINARY[power]}"
        suffix, digits = "", number
    exponent = int(suffix[1:]) if suffix[:1] in ("e", "E") and len(suffix) > 1 else _DECIMAL[suffix]
    number = digits.scaleb(exponent)
    if number == 0:
        return "0"
    nano = (number * 10**9).to_integral_value(rounding="ROUND_UP")
    shift = -9
    while nano % 1000 == 0 and shift < 18:
        nano, shift = nano / 1000, shift + 3
    if len(suffix) > 1 and suffix[0] in "eE":
        return f"{_minus(sign, nano)}{int(nano)}" + (f"e{shift}" if shift else "")
    return f"{_minus(sign, nano)}{int(nano)}{next(name for name, power in _DECIMAL.items() if power == shift)}"


def _minus(sign: str, number: Decimal) -> str:
    return "-" if sign == "-" and number else ""


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
