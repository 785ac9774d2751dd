"""Which updates of a stack were good, by its backend's history and git: what a rollback can go back to."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.observe.history import Update
from deploy.promotion.message import ROLLED_BACK, short
from deploy.stack import Stack, plain_values
from engine.errors import EngineError
from engine.yamlfile import parse_yaml

NEWEST: Final = 200
"""How many updates are looked at."""


@dataclass(frozen=True)
class Good:
    """An update that succeeded, with the stack's file that it deployed."""

    number: int
    """As in `history`."""
    revision: str
    """The commit that it was run at."""
    content: str
    """The stack's file there."""
    image: str
    taken_back: bool = False
    """Whether a later rollback took this content of the file back."""

    def __str__(self) -> str:
        return f"update {self.number} ({short(self.image)}, commit {self.revision[:12]})"


def meaning(content: str | None) -> str:
    """What a stack's file says, comments, order and line ends aside; empty for one that is none, or is not there."""
    if content is None:
        return ""
    try:
        return json.dumps(parse_yaml(content, "the stack's file"), sort_keys=True, default=str)
    except (EngineError, TypeError, ValueError):  # keys that are no texts, or a list within itself
        return ""


def good_updates(stack: Stack, repo: Repository, updates: Sequence[Update]) -> list[Good]:
    """Those that succeeded and whose stack file, at the update's commit, is what was deployed; newest first."""
    contents = _contents(stack, repo, updates)
    out = _taken_back(stack, repo, updates, contents)
    found = []
    for update in updates[:NEWEST]:
        content = contents.get(update.revision)
        if update.succeeded and content is not None and _deployed(stack, content, update):
            found.append(Good(update.number, update.revision, content, update.image, update.number in out))
    return found


def taken_back(stack: Stack, repo: Repository, updates: Sequence[Update]) -> set[int]:
    """The numbers of the updates whose stack file a later rollback took back."""
    return _taken_back(stack, repo, updates, _contents(stack, repo, updates))


def begun(stack: Stack, repo: Repository, updates: Sequence[Update], good: Sequence[Good]) -> Good | None:
    """What a rollback that was killed is on its way to: its commit is there, and no good update came after it."""
    last = next(iter(repo.commits(stack.file.name, limit=1)), None)
    if last is None or ROLLED_BACK not in last.trailers:
        return None
    newest = next((update.revision for update in updates if update.succeeded and update.revision), "")
    if newest and repo.between(last.sha, newest) is not None:
        return None
    current = meaning(stack.file.read_text("utf-8"))
    return next((update for update in good if meaning(update.content) == current), None)


def others(stack: Stack, good: Sequence[Good], content: str) -> list[Good]:
    """The good updates with another stack file than `content`, never taken back, newest first; each file once.

    Raises:
        DeployError: there is none.
    """
    found = {meaning(update.content): update for update in reversed(good) if not update.taken_back}
    found.pop(meaning(content), None)
    if not found:
        raise DeployError(
            f"There is nothing to roll {stack.name} back to: no update that succeeded had another "
            f"{stack.file.name} than the present one, by the stack's history and git's.",
            1,
        )
    return sorted(found.values(), key=lambda update: update.number, reverse=True)


def named(stack: Stack, good: Sequence[Good], wanted: str) -> Good:
    """The update that a number of `history`, or the first digits of a digest, names; also one that was taken back.

    Raises:
        DeployError: there is none.
    """
    digest = re.fullmatch(r"(?:.*@)?(?:sha256:)?([0-9a-f]{7,64})", wanted)
    for update in good:
        by_number = wanted.isdecimal() and len(wanted) < 7 and update.number == int(wanted)
        by_digest = digest and update.image.partition("@sha256:")[2].startswith(digest[1])
        if by_number or by_digest:
            return update
    known = ", ".join(f"{update.number} ({short(update.image)})" for update in good) or "none"
    raise DeployError(
        f"--to {wanted}: no update of {stack.name} that succeeded has it. There are: {known}. "
        f"`.venv/bin/python -m deploy history {stack.name}` lists them all.",
        os.EX_USAGE,
    )


def _contents(stack: Stack, repo: Repository, updates: Sequence[Update]) -> dict[str, str | None]:
    """The stack's file at each update's commit; None where the file or the commit is not here."""
    revisions = {update.revision for update in updates[:NEWEST] if update.revision}
    return {revision: repo.show(revision, stack.file.name) for revision in revisions}


def _taken_back(stack: Stack, repo: Repository, updates: Sequence[Update], contents: dict[str, str | None]) -> set[int]:
    ends: dict[str, datetime] = {}
    for commit in repo.commits(stack.file.name, limit=10 * NEWEST):
        for sha in commit.trailers.get(ROLLED_BACK, []):
            if said := meaning(repo.show(sha, stack.file.name)):
                ends[said] = max(commit.when, ends.get(said, commit.when))
    if not ends:
        return set()
    never = datetime.min.replace(tzinfo=UTC)
    return {it.number for it in updates[:NEWEST] if it.ended <= ends.get(meaning(contents.get(it.revision)), never)}


def _deployed(stack: Stack, content: str, update: Update) -> bool:
    """Whether the update's configuration is what that content of the file says; secrets aside."""
    try:
        said = plain_values(stack.project_name, parse_yaml(content, "the stack's file"))
    except (EngineError, DeployError):
        return False
    image = f"{stack.project_name}:image"
    if update.config.get(image) and image not in said:  # by --image, for that run alone
        return False
    return all(_plain(text) == _plain(update.config.get(key)) for key, text in said.items())


def _plain(text: str | None) -> Any:
    """An object or a list by its value, for the engines write them with other spaces."""
    try:
        return json.loads(text or "null") if text and text[0] in "[{" else text
    except ValueError:
        return text
