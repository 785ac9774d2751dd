"""Which updates of a stack were good, by its backend's history and git: what a rollback can go back to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import yaml

from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.observe.history import Update
from deploy.promotion.message import ROLLED_BACK, short
from deploy.stack import Stack, plain_values


@dataclass(frozen=True)
class Good:
    """An update that succeeded and was not taken back, with the stack's file that it deployed."""

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


def good_updates(stack: Stack, repo: Repository, updates: list[Update]) -> list[Good]:
    """Those that succeeded and whose stack file, at the update's commit, is what was deployed; newest first."""
    out = taken_back(stack, repo, updates)
    found = []
    for update in updates:
        if update.kind != "update" or update.result != "succeeded":
            continue
        content = _content(stack, repo, update)
        if content is not None and _deployed(stack, content, update):
            found.append(Good(update.number, update.revision, content, update.image, update.number in out))
    return found


def taken_back(stack: Stack, repo: Repository, updates: list[Update]) -> set[int]:
    """The numbers of the updates whose stack file a later rollback took back."""
    ends: dict[str, datetime] = {}
    for commit in repo.commits(stack.file.name):
        for sha in commit.trailers.get(ROLLED_BACK, []):
            content = repo.show(sha, stack.file.name)
            if content is not None:
                ends[content] = max(commit.when, ends.get(content, commit.when))
    if not ends:
        return set()
    never = datetime.min.replace(tzinfo=UTC)
    return {it.number for it in updates if it.ended <= ends.get(_content(stack, repo, it) or "", never)}


def begun(stack: Stack, repo: Repository, updates: list[Update], good: list[Good]) -> Good | None:
    """What a rollback that was killed is on its way to: its commit is there, and no update came after it."""
    last = next(iter(repo.commits(stack.file.name, limit=1)), None)
    if last is None or ROLLED_BACK not in last.trailers:
        return None
    newest = next((update.revision for update in updates if update.revision), "")
    if newest and repo.between(last.sha, newest) is not None:
        return None
    current = stack.file.read_text("utf-8")
    return next((update for update in good if update.content == current), None)


def choose(stack: Stack, good: list[Good], wanted: str) -> Good:
    """The update that `wanted` names, by its number or a digest; "": the last one with another file, never taken back.

    Raises:
        DeployError: there is none.
    """
    current = stack.file.read_text("utf-8")
    if not wanted:
        others = [update for update in good if update.content != current and not update.taken_back]
        if not others:
            raise DeployError(
                f"There is nothing to roll {stack.name} back to: no update that succeeded had another "
                f"{stack.file.name} than the present one, by the stack's history and git's.",
                1,
            )
        return others[0]
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
        64,
    )


def _content(stack: Stack, repo: Repository, update: Update) -> str | None:
    return repo.show(update.revision, stack.file.name) if update.revision else None


def _deployed(stack: Stack, content: str, update: Update) -> bool:
    """Whether the update's configuration is what that content of the file says; secrets aside."""
    try:
        said = plain_values(stack.project_name, yaml.safe_load(content))
    except (yaml.YAMLError, DeployError):
        return False
    image = f"{stack.project_name}:image"
    if update.config.get(image) and image not in said:  # by --image, for that run alone
        return False
    return all(_same(text, update.config.get(key)) for key, text in said.items())


def _same(left: str, right: str | None) -> bool:
    if left == right:
        return True
    try:
        return right is not None and bool(json.loads(left) == json.loads(right))
    except ValueError:
        return False
