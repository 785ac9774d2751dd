"""What stands for a stack's secrets where nothing is decrypted."""

from __future__ import annotations

import json
from typing import Any

from config.schema import FIELDS
from deploy.stack import HIDDEN, Stack
from engine.yamlfile import load_yaml

TEXT = HIDDEN * 8
"""Stands for one secret text; as long as the rules ask for."""


def placeholders(stack: Stack) -> dict[str, str]:
    """By full key what the program takes for each encrypted value, and for each that must be given and is not.

    Of an object whose entries are encrypted one by one the names are kept; of one encrypted as a whole none is known.
    """
    prefix = f"{stack.project_name}:"
    required = (key for key, field in FIELDS.items() if field.secret and field.required)
    found = {f"{prefix}{key}": TEXT for key in required if not stack.get(key)}
    content: dict[str, Any] = load_yaml(stack.other_file or stack.file)["config"] if stack.secret_keys else {}
    for full in stack.secret_keys:
        key = full.removeprefix(prefix)
        raw = content[full if full in content else key]
        if "secure" not in raw:
            found[full] = json.dumps(_hidden(raw))
        else:
            found[full] = "{}" if key in FIELDS and FIELDS[key].kind == "object" else TEXT
    return found


def _hidden(value: Any) -> Any:
    if isinstance(value, dict) and "secure" not in value:
        return {str(key): _hidden(item) for key, item in value.items()}
    return [_hidden(item) for item in value] if isinstance(value, list) else TEXT
