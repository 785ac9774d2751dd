"""The project's git repository, and pull requests at the forge that hosts it."""

from deploy.git.commit import Commit
from deploy.git.forge import open_pull_request
from deploy.git.repository import Repository

__all__ = ["Commit", "Repository", "open_pull_request"]
