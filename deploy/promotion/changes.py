"""What a promotion would change in its target: the image's commits, pending configuration, and the preview."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.git.repository import Repository
from deploy.observe.history import Update
from deploy.promotion.message import short
from deploy.stack import HIDDEN, Stack


def image_changes(repo: Repository, old: str, new: str, old_revision: str, new_revision: str) -> Iterator[str]:
    """Lines that name the image before and after, and the commits between the two that touched the application.

    Args:
        repo: the project's repository.
        old: the target's image; "" where it has none.
        new: the image that is promoted.
        old_revision: by the label of `old`; "" where it is not known.
        new_revision: by the label of `new`.
    """
    yield f"image: {short(old)} -> {short(new)}"
    if not old_revision or old_revision == new_revision:
        return
    commits = repo.between(old_revision, new_revision, "app")
    if commits is not None:
        yield from (f"  + {commit.sha[:12]} {commit.subject}" for commit in commits)
        return
    commits = repo.between(new_revision, old_revision, "app")
    if commits is not None:
        yield "  back to an older revision; without:"
        yield from (f"  - {commit.sha[:12]} {commit.subject}" for commit in commits)
    else:
        yield f"  {old_revision[:12]} and {new_revision[:12]} have no line of commits between them here"


def config_changes(stack: Stack, updates: list[Update]) -> Iterator[str]:
    """Lines for each key, the image aside, that the stack's last good update had otherwise; secrets by name."""
    last = next((it for it in updates if it.succeeded), None)
    if last is None:
        return
    own = f"{stack.project_name}:"
    for key in sorted({*stack.values, *last.config}):
        old, new = last.config.get(key), stack.values.get(key)
        if new == HIDDEN or key in (f"{own}image",) or not key.startswith(own) or old == new:
            continue
        if old is not None and new is not None:
            yield f"config: {key.removeprefix(own)}: {old} -> {new}"
