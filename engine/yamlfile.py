# ruff: noqa: PLC0415 - a parser that not every command needs
"""Reading YAML as the CLI reads it: YAML 1.2 scalars, so `yes` and `12:30` are texts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from engine.errors import CONFIG, EngineError

_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*)|0[0-7]+|0[xX][0-9a-fA-F_]+|0b[01_]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*\.[0-9]*)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?[0-9]+[eE][-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("merge", r"<<", "<"),
)  # fmt: skip
_TWICE: Final = "a key stands there twice"


@cache
def _loader() -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  # PyYAML's own attribute

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key in (key for key, _ in node.value if isinstance(key.value, str) and not key.tag.endswith(":merge")):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(problem=_TWICE, problem_mark=key.start_mark)
                seen.add((key.tag, key.value))
            return super().construct_mapping(node, deep)

    for tag, pattern, first in _SCALARS:
        regexp = re.compile(f"(?:{pattern})\\Z")
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", regexp, [*first] + ([""] if tag == "null" else []))
    return Loader


def load_yaml(path: Path) -> Any:
    """A YAML file as plain values. Errors name the file and the line, never its content (it may hold secrets)."""
    try:
        content = path.read_bytes()
    except OSError as err:
        raise EngineError(f"{path} cannot be read: {err.strerror}", CONFIG) from err
    return parse_yaml(content, str(path))


def parse_yaml(content: bytes | str, name: str) -> Any:
    """A YAML text as plain values; `name` stands for it in errors."""
    import yaml

    try:
        return yaml.load(content, Loader=_loader())  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as err:
        mark = getattr(err, "problem_mark", None)
        twice = f": {_TWICE}" if getattr(err, "problem", "") == _TWICE else ""
        where = f" (line {mark.line + 1}{twice})" if mark is not None else ""
        raise EngineError(f"{name} is not valid YAML{where}", CONFIG) from None
