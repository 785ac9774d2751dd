"""The repository that the tools read: where it is, and where in it the project is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from deploy.errors import DeployError
from deploy.git import Repository

RECORD: Final = "flux/gitrepository.yaml"
"""Where the repository that was named once is kept."""
_BRANCH: Final = re.compile(r"(?![-./])(?!.*(\.\.|//|/\.|\.lock(/|$)|[./]$))[A-Za-z0-9._/-]{1,200}")
"""The plain ones among https://git-scm.com/docs/git-check-ref-format."""
_URL: Final = re.compile(
    r"(?P<scheme>https?|ssh)://(?:(?P<user>[\w.%+-]*)(?::[^/?#]*)?@)?"
    r"(?P<place>(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?(?:/[\w.~%+@:,=/-]*)?)(?:[?#].*)?",
    re.IGNORECASE | re.ASCII,
)
"""With nothing in it that YAML, a shell or a template could take for its own."""


@dataclass(frozen=True)
class Source:
    """A branch of a git repository."""

    url: str
    """http, https or ssh; without a password."""
    branch: str = "main"
    prefix: str = ""
    """The project's folder in it: empty, or with a slash at the end."""

    @property
    def by_key(self) -> bool:
        """Whether it is read with an SSH key."""
        return self.url.startswith("ssh:")


def source(project: Path, files: Mapping[str, str], url: str | None, branch: str | None) -> Source:
    """What the user says, else what was said before, else the repository's remote and the branch main.

    Args:
        project: the project's folder.
        files: what was made before, by its name.
        url: of the repository.
        branch: of the repository.

    Raises:
        DeployError: there is no URL, or none that the tools could read.
    """
    try:
        spec = (yaml.safe_load(files.get(RECORD, "")) or {}).get("spec") or {}
        before = str(spec.get("url") or ""), str((spec.get("ref") or {}).get("branch") or "")
    except (yaml.YAMLError, AttributeError):
        before = "", ""
    prefix = ""
    remote = ""
    try:
        repository = Repository.at(project)
        prefix = repository.prefix
        remote = "" if url or before[0] else repository.remote_url()
    except DeployError:
        if not url and not before[0]:
            raise
    chosen = branch or before[1] or Source.branch
    if not _BRANCH.fullmatch(chosen):
        raise DeployError(f"{chosen!r} is no name of a branch. Give another: --branch main.")
    return Source(_readable(url or before[0] or remote), chosen, prefix)


def _readable(url: str) -> str:
    """The URL as the tools take it, without credentials."""
    if short := re.fullmatch(r"(?:([^@/:]+)@)?([^/:@\[\]]+):(?!//)(.+)", url):
        user, host, path = short.groups()
        url = f"ssh://{user or 'git'}@{host}/{path.lstrip('/')}"
    if not (found := _URL.fullmatch(url)):
        plain = re.split("[?#]", url)[0]  # what follows can be a token
        shown = f"{plain!r} is" if plain and "@" not in url else "The remote's URL is" if url else "There is"
        raise DeployError(
            f"{shown} none that a cluster could read the repository from: it begins with https://, ssh:// or http://, "
            "and letters, digits and . _ ~ % + @ : , = / - follow. Name one: --repository https://HOST/PATH."
        )
    scheme = found["scheme"].lower()
    user = f"{found['user'] or 'git'}@" if scheme == "ssh" else ""
    return f"{scheme}://{user}{found['place']}"
