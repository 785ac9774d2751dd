"""`serve-webhook`: what must be there is looked at first, then the server runs until it is told to go."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.git.command import without_credentials
from deploy.git.repository import Repository
from deploy.pipeline import load
from deploy.webhook import signature
from deploy.webhook.hosts import loopback
from deploy.webhook.spool import Queue
from deploy.webhook.tell import say
from deploy.webhook.tree import Tree, valid_branch


def serve(project: Path, engine: Engine, args: argparse.Namespace) -> int:
    """Serves until SIGTERM or Ctrl-C; a run that is under way goes on to its end."""
    known = signature.secrets(os.environ)
    listen = _address(args.listen)
    load.load(project)
    repo = Repository.at(project)
    if args.repository and without_credentials(args.repository) != args.repository:
        raise DeployError(
            "--repository holds credentials, and every user of this machine can read a command line. Let git have them "
            "by a credential helper (`git help credentials`), or in the URL of the project's own remote.",
            os.EX_USAGE,
        )
    url = args.repository or repo.remote_url()
    if not url:
        raise DeployError("There is no remote whose pushes could be deployed: name one by --repository.")
    if Path(url).is_dir():
        url = str(Path(url).resolve())  # git would look for it from the clone
    branch = args.branch or repo.remote_branch()
    if not valid_branch(branch):
        raise DeployError(f"The branch {branch!r} cannot be served; name another one by --branch, such as main.")
    queue = Queue(args.queue.expanduser().resolve())
    queue.make()
    with queue.lock("server") as alone:
        if alone is None:
            raise DeployError(f"Another server uses the queue {queue.folder}; stop it first.", os.EX_TEMPFAIL)
        tree = Tree(queue.tree, branch, repo.prefix)
        tree.make(url, repo.author())
        os.environ["ENGINE"] = engine.name
        if not loopback(listen):
            say(f"warning: {listen} is no loopback address, and the pages have no sign-in: see docs/webhook.md")
        from deploy.webhook.server import run  # noqa: PLC0415 - Flask, slow to import

        run(listen, queue, tree, known)
    return os.EX_OK


def _address(text: str) -> str:
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})", text)
    if not match or int(match[2]) > 65535:
        raise DeployError(f"--listen {text!r} is no address; write HOST:PORT, such as 127.0.0.1:8088.", os.EX_USAGE)
    return text
