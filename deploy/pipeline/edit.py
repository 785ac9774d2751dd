"""Freezes and thaws a stage in the text of pipeline.yaml; every other character stays as it is."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from deploy.errors import DeployError
from deploy.pipeline.load import FILE
from deploy.pipeline.record import Freeze, unknown


def frozen(text: str, stack: str, freeze: Freeze | None) -> str:
    """The text of a pipeline.yaml that `load` takes, with the stage's `frozen` set, or removed for None.

    It is cut where the parser says that a key begins and ends: a round trip through an editor of YAML would carry the
    comment above the next stage along with what stands before it.

    Raises:
        DeployError: there is no such stage, or the file is written so that only a person can edit it.
    """
    wanted = _plain(text)
    stage = next((stage for stage in wanted["stages"] if stage["stack"] == stack), None)
    if stage is None:
        raise unknown(stack, tuple(stage["stack"] for stage in wanted["stages"]))
    stage.pop("frozen", None)
    changed = _without(text, _node(text, stack))
    if freeze is not None:
        stage["frozen"] = msgspec.to_builtins(freeze)
        changed = _with(changed, _node(changed, stack), freeze)
    try:
        done = _plain(changed) == wanted
    except yaml.YAMLError:
        done = False
    if not done:
        raise DeployError(f"{FILE} is written so that `frozen` of {stack!r} cannot be changed in it; edit it by hand.")
    return changed


def _plain(text: str) -> Any:
    return yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes nothing but texts, lists and mappings


def _node(text: str, stack: str) -> Any:
    """The stage as the parser saw it, with the places of its keys and values."""
    root: Any = yaml.compose(text, yaml.BaseLoader)
    stages = next(value for key, value in root.value if key.value == "stages")
    return next(
        stage
        for stage in stages.value
        if any((key.value, value.value) == ("stack", stack) for key, value in stage.value)
    )


def _without(text: str, stage: Any) -> str:
    names = [key.value for key, _ in stage.value]
    if "frozen" not in names:
        return text
    at = names.index("frozen")
    key, value = stage.value[at]
    if at == 0:
        return text[: key.start_mark.index] + text[stage.value[1][0].start_mark.index :]
    if stage.flow_style:
        return text[: _end(text, stage.value[at - 1][1])] + text[_end(text, value) :]
    return text[: text.rindex("\n", 0, key.start_mark.index)] + text[_line_end(text, value) :]


def _with(text: str, stage: Any, freeze: Freeze) -> str:
    """`frozen` comes right after `stack`, on one line."""
    key, value = next(pair for pair in stage.value if pair[0].value == "stack")
    fields = ", ".join(f"{name}: {_quoted(field)}" for name, field in msgspec.to_builtins(freeze).items())
    if stage.flow_style:
        at, before = _end(text, value), ", "
    else:
        at, before = _line_end(text, value), "\n" + " " * key.start_mark.column
    return f"{text[:at]}{before}frozen: {{{fields}}}{text[at:]}"


def _end(text: str, node: Any) -> int:
    """Where a value ends; the parser lets a block end where the next thing begins, after comments."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return len(text[: node.end_mark.index].rstrip())


def _line_end(text: str, node: Any) -> int:
    """The end of a value's last line, with the comment that may stand there."""
    end = _end(text, node)
    return end + len(text[end:].partition("\n")[0])


def _quoted(value: str) -> str:
    quoted: str = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=1 << 30)
    return quoted.strip()
