"""Reads pipeline.yaml; all that is wrong in it is told at once. Run as a program it prints the file's JSON Schema."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any

import msgspec

from config.errors import Failure, show
from deploy.errors import DeployError
from deploy.pipeline.record import Pipeline
from engine.errors import EngineError
from engine.yamlfile import load_yaml

FILE = "pipeline.yaml"


def load(project: Path) -> Pipeline:
    """The pipeline that the project's pipeline.yaml declares.

    Raises:
        DeployError: there is no such file, or something in it is wrong.
    """
    found = find(project)
    if found is None:
        raise DeployError(
            f"{project / FILE} is missing: it declares the environments in their order, and their gates. "
            "Write one as docs/pipeline.md says, or take it back from git."
        )
    return found


def find(project: Path) -> Pipeline | None:
    """The same; None where there is no file."""
    file = project / FILE
    if not file.exists():
        return None
    try:
        return parse(load_yaml(file))
    except EngineError as err:
        raise DeployError(f"{err}; mend it, or take it back from git.") from err


def parse(content: Any) -> Pipeline:
    """The record of the file's plain content, which is used up where something is wrong.

    Raises:
        DeployError: with every failure that can be seen, each with its rule and its mend.
    """
    failures: list[Failure] = []
    while True:
        try:
            pipeline = msgspec.convert(content, Pipeline)
        except msgspec.ValidationError as err:
            failure, where = _failure(content, str(err))
            # What was taken out as wrong is not missing.
            if not any(known.key.startswith(failure.key) for known in failures):
                failures.append(failure)
            if _take_out(content, where):
                continue
        if not failures:
            return pipeline
        places = "1 place" if len(failures) == 1 else f"{len(failures)} places"
        raise DeployError("\n  ".join([f"{FILE} is wrong in {places}; nothing was changed", *map(str, failures)]))


def schema() -> dict[str, Any]:
    """The file's JSON Schema, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Pipeline)}


def _failure(content: Any, message: str) -> tuple[Failure, list[str]]:
    """One error of msgspec in the project's words, and the path of what is to be taken out to find the next one."""
    text, path = re.split(r"(?: - at (?:`key` in )?`\$\.?([^`]*)`)?\Z", message, maxsplit=1)[:2]
    path = path or ""
    where = re.findall(r"\w+", path)
    if key := re.search(r"unknown field `(.*)`", text):
        known = _properties(where)
        close = difflib.get_close_matches(key[1], known, n=1)
        mend = f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(known)}"
        return Failure(f"{path}.{key[1]}".lstrip("."), "", "is no key", mend), [*where, key[1]]
    if key := re.search(r"required field `(.*)`", text):
        return Failure(f"{path}.{key[1]}".lstrip("."), "", "is missing", _mend([*where, key[1]])), where
    rule, _, mend = text.partition("; ")
    if mend:  # said by the record itself
        return Failure(path or FILE, "", rule, mend), where
    rule = "has not the right form" if "regex" in text else text[0].lower() + text[1:]
    shown = re.sub(r"//[^/@\s]*@", "//[secret]@", show(_at(content, where)))
    return Failure(path or FILE, shown, rule, _mend(where)), where


def _mend(where: list[str]) -> str:
    """The description of a key, or of the one whose list the value is in."""
    keys = [part for part in where if not part.isdigit()]
    if not keys:
        return "write `stages:` and under it one `- stack: NAME` for each environment"
    return f"{keys[-1]} is {_properties(keys[:-1])[keys[-1]]['description']}"


def _properties(where: list[str]) -> dict[str, Any]:
    """The schema of the keys at a path."""
    parts = schema()["$defs"]
    here = "Pipeline"
    for key in where:
        if not key.isdigit():
            here = re.findall(r"#/\$defs/(\w+)", json.dumps(parts[here]["properties"][key]))[0]
    properties: dict[str, Any] = parts[here]["properties"]
    return properties


def _at(content: Any, where: list[str]) -> Any:
    for part in where:
        content = content[int(part) if isinstance(content, list) else part]
    return content


def _take_out(content: Any, where: list[str]) -> bool:
    """Removes a key; an item of a list goes with its list. False where there is nothing to go on with."""
    while where and where[-1].isdigit():
        where = where[:-1]
    if not where:
        return False
    del _at(content, where[:-1])[where[-1]]
    return True


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
