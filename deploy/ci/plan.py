"""What a preview says, out of its JSON: the steps, what changes in each, and the image. Secrets stay masked.

The JSON is the CLI's, and the embedded engine's: PreviewDigest in github.com/pulumi/pulumi, pkg/display/json.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from deploy.ci.markdown import code
from deploy.objects.offline import without_hash
from deploy.observe.recorded import SECRET, SIGNATURE
from deploy.stack import HIDDEN
from engine.resource.diff import ABSENT, changes
from engine.resource.paths import Path, format_path, parse_path
from engine.resource.urn import STACK_TYPE, is_provider_type, name_of, type_of
from engine.resource.values import Secret

IMAGE: Final = "docker:index/image:Image"
UNKNOWN: Final = ("04da6b54-80e4-46f7-96ec-b56ff0331ba9", "output<computed>")
"""What stands for a value that is known only after the deployment."""
_OPS: Final = {
    "create": "create", "update": "update", "delete": "delete", "create-replacement": "replace", "replace": "replace",
    "delete-replaced": "replace", "import": "create", "import-replacement": "replace",
}  # fmt: skip
"""The engines' words, to those of a step; what is not here changes nothing."""
_SECRET_FIELDS: Final = ("data", "stringData")


@dataclass(frozen=True)
class Line:
    """One value that changes."""

    path: str
    old: str | None
    """JSON; None: not there before."""
    new: str | None
    """JSON; None: not there any more."""


@dataclass(frozen=True)
class Step:
    """What is done to one resource."""

    verb: str
    """create, update, replace or delete."""
    kind: str
    """Such as Deployment."""
    name: str
    lines: tuple[Line, ...] = ()
    reasons: tuple[str, ...] = ()
    """The properties that cannot change in place, for a replace."""
    renamed: bool = False
    """For a delete: whether another is created in its place, under another name."""


@dataclass(frozen=True)
class Plan:
    """The preview of one stack."""

    stack: str
    steps: tuple[Step, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """Resources by what is done to them, those that stay under `same`; as the engine counts, with what is no object."""
    image: str = ""
    """Which image; empty: not known."""
    built: str = ""
    """How that comes about, as the end of a sentence, in Markdown."""
    problem: str = ""
    """Why there is no preview; then the rest is empty."""
    code: int = 0
    """The exit status that goes with the problem."""
    skipped: str = ""
    """Why none was made, where that is no failure."""


def parse(stack: str, text: str, pinned: str = "") -> Plan:
    """A preview's JSON.

    Args:
        stack: its name.
        text: what `preview --json` printed.
        pinned: the image of the stack's configuration; empty for a stack that builds.

    Raises:
        ValueError: the text is none.
    """
    digest = json.loads(text[text.find("{") :])
    raw = [it for it in digest.get("steps") or [] if _OPS.get(it["op"])]
    deleted = {_role(it): it["oldState"] for it in raw if it["op"] == "delete" and it.get("oldState")}
    created = {_role(it) for it in raw if it["op"] == "create"}
    found: dict[str, Step] = {}
    for it in raw:
        state, kind, name = it.get("newState") or it.get("oldState") or {}, type_of(it["urn"]), name_of(it["urn"])
        own = state.get("custom", True) and not (is_provider_type(kind) and name.startswith("default_"))
        # A replace is up to three steps of one resource; the one with both states is as good as any.
        if own and (it["urn"] not in found or not found[it["urn"]].lines):
            step = _step(it, kind, deleted)
            found[it["urn"]] = replace(step, renamed=step.verb == "delete" and _role(it) in created)
    steps = sorted(found.values(), key=lambda step: (step.kind, without_hash(step.name), step.verb))
    image, built = (pinned, "") if pinned else _image(digest)
    return Plan(stack, tuple(steps), digest.get("changeSummary") or {}, image, built)


def diagnostics(text: str) -> list[str]:
    """The errors that a preview's JSON tells; for the log alone, since they may quote anything."""
    try:
        found = json.loads(text[text.find("{") :]).get("diagnostics") or []
    except ValueError:
        return []
    return [str(it.get("message", "")).strip() for it in found if it.get("severity") == "error"]


def _step(it: dict[str, Any], kind: str, deleted: dict[tuple[str, str], Any]) -> Step:
    verb = _OPS[it["op"]]
    old, new = it.get("oldState") or {}, it.get("newState") or {}
    if verb == "create":  # under a new name, for its name has a hash of what is in it
        old = deleted.get(_role(it), {})
    lines = () if verb == "delete" else tuple(_lines(kind, old, new, it.get("detailedDiff") or {}))
    reasons = tuple(it.get("replaceReasons") or ()) if verb == "replace" else ()
    return Step(verb, kind.rpartition(":")[2], name_of(it["urn"]), lines, reasons)


def _role(it: dict[str, Any]) -> tuple[str, str]:
    """Type and name of a resource, without a hash of its content."""
    return type_of(it["urn"]), without_hash(name_of(it["urn"]))


def _lines(kind: str, old: dict[str, Any], new: dict[str, Any], told: dict[str, Any]) -> Iterator[Line]:
    hidden = _SECRET_FIELDS if kind.endswith(":Secret") else ()
    before, after = (_marked(state.get("inputs") or {}, hidden) for state in (old, new))
    shown = []
    for change in changes(before, after):
        shown.append(change.path)
        for path, left, right in _leaves(change.path, change.old, change.new):
            # A value that was secret, or becomes it, is shown on neither side.
            yield Line(format_path(path), *(HIDDEN if change.secret and it else it for it in (left, right)))
    for name in sorted(told):  # a secret that changes, and what only the provider sees
        path = parse_path(name)
        known = any(_within(path, it) or _within(it, path) for it in shown)
        if not known and not name.startswith("__"):
            yield Line(name, HIDDEN, HIDDEN)


def _leaves(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, str | None, str | None]]:
    """A whole object or list that comes or goes, value by value."""
    whole = new if old is ABSENT else old if new is ABSENT else None
    if not whole or not isinstance(whole, dict | list):
        yield path, _text(old), _text(new)
        return
    for key, item in sorted(whole.items()) if isinstance(whole, dict) else enumerate(whole):
        yield from _leaves((*path, key), *((ABSENT, item) if old is ABSENT else (item, ABSENT)))


def _text(value: Any) -> str | None:
    if value is ABSENT:
        return None
    return HIDDEN if isinstance(value, Secret) else json.dumps(_shown(value), ensure_ascii=False, sort_keys=True)


def _shown(value: Any) -> Any:
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return "(known after the deployment)" if value in UNKNOWN else value


def _marked(value: Any, hidden: tuple[str, ...] = ()) -> Any:
    """Properties without the engines' own, every masked or encrypted value marked as a secret."""
    if value == HIDDEN or (isinstance(value, dict) and value.get(SIGNATURE) == SECRET):
        return Secret(HIDDEN)
    if isinstance(value, dict):
        return {
            key: Secret(HIDDEN) if key in hidden else _marked(item)
            for key, item in value.items()
            if not key.startswith("__")
        }
    return [_marked(item) for item in value] if isinstance(value, list) else value


def _within(path: Path, other: Path) -> bool:
    return path[: len(other)] == other


def _image(digest: dict[str, Any]) -> tuple[str, str]:
    """The image of a stack that builds, and whether it does this time."""
    steps = digest.get("steps") or []
    for it in steps:
        state = it.get("newState") or {}
        if state.get("type") == IMAGE and it["op"] in _OPS:
            inputs = _shown(_marked(state.get("inputs") or {}))
            arguments = (inputs.get("build") or {}).get("args") or {}
            revision = code(str(arguments.get("REVISION", "unknown"))[:12])
            return str(inputs.get("imageName", "")), f", to be built from revision {revision}"
    roots = [it.get("oldState") or {} for it in steps if type_of(it["urn"]) == STACK_TYPE]
    return next((str((state.get("outputs") or {}).get("image", "")) for state in roots), ""), ", as it is"
