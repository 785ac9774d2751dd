"""Objects as YAML that every parser reads alike, whether it follows YAML 1.1 or 1.2."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

_FIRST: Final = ("apiVersion", "kind", "metadata")
_PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./:@ -]*")
_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
"""Ends of lines in YAML 1.1, and none in 1.2."""
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class _Dumper(yaml.SafeDumper):
    """Quotes each text that some parser could take for something else, such as `1e3`."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    if "\n" in text and not _BREAKS.search(text):
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, "|")
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, None if plain else '"')


_Dumper.add_representer(str, _text)


def dump(manifest: dict[str, Any]) -> str:
    """One object: `apiVersion`, `kind` and `metadata` first, every other key sorted."""
    rest = sorted(key for key in manifest if key not in _FIRST)
    ordered = {key: _sorted(manifest[key]) for key in (*_FIRST, *rest) if key in manifest}
    return yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 20)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def parse(text: str) -> dict[str, Any]:
    """What a rendered file holds; an empty mapping where it is no YAML mapping any more."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}
