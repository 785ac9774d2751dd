"""The words and signs for what is done to a resource, and what counts."""

from __future__ import annotations

from typing import Final

from engine.deployment import step as ops
from engine.deployment.step import Step
from engine.resource.urn import is_provider_type, name_of

SIGNS: Final = {
    ops.CREATE: ("+", "32"), ops.UPDATE: ("~", "33"), ops.DELETE: ("-", "31"), ops.CREATE_REPLACEMENT: ("++", "36"),
    ops.DELETE_REPLACED: ("--", "31"), ops.READ: (">", "36"), ops.DISCARD: ("<", "31"), ops.SAME: (" ", "0"),
    ops.READ_REPLACEMENT: (">>", "36"), ops.DISCARD_REPLACED: ("<<", "31"), ops.REFRESH: ("~", "33"),
    ops.REPLACE: ("+-", "36"),
}  # fmt: skip
"""By op: the sign, and the number of its colour."""
DOING: Final = {
    ops.CREATE: "creating", ops.UPDATE: "updating", ops.DELETE: "deleting",
    ops.CREATE_REPLACEMENT: "creating replacement", ops.DELETE_REPLACED: "deleting original",
    ops.READ: "reading", ops.DISCARD: "discarding", ops.READ_REPLACEMENT: "reading replacement",
    ops.DISCARD_REPLACED: "discarding original", ops.REFRESH: "refreshing",
}  # fmt: skip
DONE: Final = {
    ops.CREATE: "created", ops.UPDATE: "updated", ops.DELETE: "deleted", ops.CREATE_REPLACEMENT: "created replacement",
    ops.DELETE_REPLACED: "deleted original", ops.READ: "read", ops.DISCARD: "discarded",
    ops.READ_REPLACEMENT: "read replacement", ops.DISCARD_REPLACED: "discarded original", ops.REFRESH: "refreshed",
}  # fmt: skip
PLANNED: Final = {
    ops.CREATE: "create", ops.UPDATE: "update", ops.DELETE: "delete", ops.CREATE_REPLACEMENT: "replace",
    ops.DELETE_REPLACED: "delete original", ops.READ: "read", ops.DISCARD: "discard",
    ops.READ_REPLACEMENT: "read replacement", ops.DISCARD_REPLACED: "discard original", ops.REFRESH: "refreshed",
}  # fmt: skip
SUMMARY: Final = (
    (ops.CREATE, "+", "create", "created"), (ops.UPDATE, "~", "update", "updated"),
    (ops.REPLACE, "+-", "replace", "replaced"), (ops.DELETE, "-", "delete", "deleted"), (ops.READ, ">", "read", "read"),
    (ops.DISCARD, "<", "discard", "discarded"),
)  # fmt: skip


def internal(step: Step) -> bool:
    """Whether a step is about a default provider, which the user never wrote."""
    return is_provider_type(step.state.type) and name_of(step.urn).split("_")[0] == "default"


def silent(step: Step) -> bool:
    """Whether a step needs no line of its own."""
    return step.op == ops.SAME or internal(step) or (step.op == ops.REFRESH and step.found in ("", ops.SAME))


def counted(step: Step) -> str:
    """What a step counts as; empty for one that only belongs to another, or that reads what is as it was."""
    if step.op in (ops.CREATE_REPLACEMENT, ops.READ_REPLACEMENT):
        return ops.REPLACE
    if step.op == ops.READ:
        return ops.READ if step.old is not None and step.old.outputs != step.state.outputs else ""
    return "" if step.op in (ops.DELETE_REPLACED, ops.DISCARD_REPLACED, ops.REFRESH) else step.op
