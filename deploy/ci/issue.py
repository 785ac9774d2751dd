"""The one issue about the drift: opened, updated while there is some, and closed when there is none."""

from __future__ import annotations

from typing import Final

from deploy.ci.forges import Forge

MARKER: Final = "<!-- flask-k8s drift -->"
"""The first line of the issue, by which the next run finds it."""
TITLE: Final = "Drift"


def keep(forge: Forge, body: str) -> str:
    """Opens the issue, or writes the text into the open one; its page."""

    def look_and_write() -> str:
        known = next((it for it in forge.issues(TITLE) if it.body.startswith(MARKER)), None)
        return forge.issue(known, TITLE, f"{MARKER}\n{body}")

    return forge.api.errand(look_and_write)


def close(forge: Forge, body: str) -> list[str]:
    """Closes the issue with the text; its page, if there was one."""

    def look_and_close() -> list[str]:
        # All of them: two runs at once can each have opened one.
        known = [it for it in forge.issues(TITLE) if it.body.startswith(MARKER)]
        return [forge.issue(it, TITLE, f"{MARKER}\n{body}", close=True) for it in known]

    return forge.api.errand(look_and_close)
