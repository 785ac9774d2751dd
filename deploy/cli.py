"""The command line of `python -m deploy`: words to functions, errors to messages and exit codes."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cluster import ClusterError
from deploy import engines, stack
from deploy.errors import DeployError
from deploy.registry.reference import Reference

EXIT_CODES = """\
exit codes:
  0  done                            70  a bug in this project
  1  the deployment or a check       75  another update or promotion is under way
     failed                          78  the configuration is wrong; nothing was touched
  2  `drift` found some             130  interrupted; run it again
 64  the command line is wrong
 69  something needed is missing or
     unreachable
"""


class Verb(Protocol):
    """Adds a command."""

    def __call__(self, name: str, run: str, text: str, *, of_stack: bool = True) -> argparse.ArgumentParser: ...


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]  # never returns: it raises
        raise DeployError(f"{message}. See `{self.prog} --help`.", os.EX_USAGE)


def parser() -> argparse.ArgumentParser:
    """Every command with its options; one entry here and one function in `commands` make a command."""
    root = _Parser(prog="python -m deploy", epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter)
    root.add_argument(
        "--engine", choices=engines.CHOICES, help="who runs it (default: ENGINE, else the CLI if on PATH)"
    )
    root.add_argument("--project", type=Path, default=Path(), help="the folder of Pulumi.yaml (default: this one)")
    verbs = root.add_subparsers(dest="verb", required=True, metavar="COMMAND")

    def verb(name: str, run: str, text: str, *, of_stack: bool = True) -> argparse.ArgumentParser:
        """`run` is `module:function`, loaded when it is called, so that no command waits for another's libraries."""
        sub = verbs.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run, of_stack=of_stack)
        if of_stack:
            sub.add_argument("stack", help="the environment, such as dev")
        return sub

    _add_everyday(verb)
    _add_promotion(verb)
    _add_observation(verb)
    _add_gitops(verb)
    return root


def _add_everyday(verb: Verb) -> None:
    sub = verb("preview", "deploy.commands:preview", "show what `up` would change")
    sub.add_argument("--diff", action="store_true", help="every property, as the engine shows it")
    _image(sub)
    sub = verb("up", "deploy.commands:up", "deploy; start the local cluster first where the stack names it")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    _image(sub)
    _rollback(sub)
    sub = verb("destroy", "deploy.commands:destroy", "delete everything the stack deployed")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub = verb("outputs", "deploy.commands:outputs", "print the stack's outputs")
    sub.add_argument("--json", action="store_true", help="as one JSON object")
    verb("url", "deploy.commands:url", "print the URL")
    verb("build", "deploy.commands:build", "build and push the image without deploying; print its reference")
    verb("init", "deploy.init:init", "make the passphrase and the secrets that a stack needs")
    verb("env", "deploy.commands:env", "print what `pulumi` and `kubectl` need, for the shell's eval")
    verb("cancel", "deploy.commands:cancel", "free a stack that a killed update left locked")
    verb("clean", "deploy.commands:clean", "delete the local cluster together with the stack's state")
    sub = verb("config", "deploy.commands:config", "show the effective configuration, or set, get and rm a key")
    sub.add_argument("action", nargs="?", choices=("set", "get", "rm"))
    sub.add_argument("key", nargs="?")
    sub.add_argument("value", nargs="?", help="read from standard input if left out")
    sub.add_argument("--secret", action="store_true", help="encrypt the value")
    sub.add_argument("--path", action="store_true", help="the key is a path into an object, such as secrets.TOKEN")


def _add_promotion(verb: Verb) -> None:
    sub = verb("promote", "deploy.promotion.command:promote", "promote an image to the next stage", of_stack=False)
    sub.add_argument("source", help="the environment whose image is taken, such as dev")
    sub.add_argument("target", help="the environment that gets it, such as staging")
    sub.add_argument("--up", action="store_true", help="deploy the target too")
    sub.add_argument("--pr", action="store_true", help="push a branch and open a pull request; change nothing here")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub.add_argument("--if-open", action="store_true", help="do nothing, and no harm, while a gate is not open yet")
    sub.add_argument("--skip-stage", action="store_true", help="allow to pass a stage; the commit says so")
    sub.add_argument("--approved-by", metavar="NAME", help="e-mail address of who approves, where the gate asks")
    sub.add_argument(
        "--copy-to", metavar="REGISTRY", nargs="?", const="", help="copy the image there (the stage's own)"
    )
    _rollback(sub)
    sub = verb("rollback", "deploy.promotion.command:rollback", "put the last good version back, and deploy it")
    sub.add_argument("--to", metavar="N|DIGEST", help="a number of `history`, or the first digits of a digest")
    _push(sub)
    sub = verb("history", "deploy.promotion.command:history_of", "list the stack's updates")
    sub.add_argument("--json", action="store_true", help="as JSON")
    sub = verb("freeze", "deploy.promotion.command:freeze", "let nothing be deployed to a stage")
    sub.add_argument("--why", required=True, help="what people are told")
    _push(sub)
    _push(verb("unfreeze", "deploy.promotion.command:unfreeze", "let things be deployed again"))


def _add_observation(verb: Verb) -> None:
    sub = verb("diff", "deploy.objects.command:diff", "compare two environments: configuration and objects")
    sub.add_argument("other", help="the other environment")
    sub.add_argument("--json", action="store_true", help="as JSON")
    sub = verb("drift", "deploy.drift.command:drift", "compare the live objects with what was deployed")
    sub.add_argument("--fix", action="store_true", help="put back what differs")
    sub.add_argument("--json", action="store_true", help="as JSON")
    sub = verb("status", "deploy.status.command:status", "every environment at a glance", of_stack=False)
    sub.add_argument("--json", action="store_true", help="as JSON")
    sub.add_argument("--watch", action="store_true", help="again and again, until Ctrl-C")
    sub.add_argument("--html", type=Path, metavar="FILE", help="as one self-contained page")


def _add_gitops(verb: Verb) -> None:
    sub = verb("render", "deploy.render.command:render", "write the stack's objects as plain YAML, secrets sealed")
    sub.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that is the render's alone")
    sub.add_argument("--check", action="store_true", help="write nothing; 1 where what is there is stale")
    _image(sub)
    sub = verb(
        "gitops", "deploy.gitops.command:gitops", "write gitops/ for Flux, Argo CD and the operator", of_stack=False
    )
    sub.add_argument("--repository", metavar="URL", help="where they find the renders (default: as it is there)")
    sub.add_argument("--branch", help="which branch (default: as it is there)")
    sub.add_argument("--check", action="store_true", help="write nothing; 1 where what is there is stale")
    sub = verb("ci", "deploy.ci.command:ci", "what a CI service runs: a change's preview, the drift", of_stack=False)
    sub.add_argument("job", choices=("preview", "drift", "due"), help="a comment on a change, an issue, or true/false")
    sub.add_argument("stack", nargs="?", help="for `due`: is there something to deploy to it?")
    sub.add_argument("--stacks", nargs="+", metavar="STACK", help="these alone (default: all of the pipeline)")
    sub.add_argument("--render", action="store_true", help="check the objects offline, with no secret and no cluster")
    sub = verb("serve-webhook", "deploy.webhook.command:serve", "do the pipeline's jobs on push events", of_stack=False)
    sub.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:8088", help="default: 127.0.0.1:8088")
    queue = Path("~/.local/state/flask-k8s/webhook")
    sub.add_argument("--queue", type=Path, metavar="DIR", default=queue, help=f"queue and logs (default: {queue})")
    sub.add_argument("--repository", metavar="URL", help="whose pushes are deployed (default: the project's remote)")
    sub.add_argument("--branch", help="that is deployed (default: the project's own)")


def _image(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--image", metavar="REF", type=_reference, help="deploy this image (repository@sha256:...) in this run"
    )


def _reference(text: str) -> str:
    """The image, if it is pinned by digest: of a configuration that would be a code 78, but this is a command line."""
    try:
        Reference.parse(text)
    except DeployError as err:
        raise DeployError(f"--image: {err}", os.EX_USAGE) from err
    return text


def _rollback(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--rollback-on-failure",
        action=argparse.BooleanOptionalAction,
        help="put the last good version back when the rollout or the smoke test fails (default: all but dev)",
    )
    _push(sub)


def _push(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--push", action="store_true", help="push the commit to the branch's upstream")


def main(argv: Sequence[str]) -> int:
    """Runs one command; returns its exit status."""
    try:
        args = parser().parse_args(argv)
        project = args.project.resolve()
        module, _, function = args.run.partition(":")
        subject = stack.load(project, args.stack) if args.of_stack else project
        run = getattr(importlib.import_module(module), function)
        return int(run(subject, engines.choose(args.engine, project), args))
    except (DeployError, ClusterError) as err:
        print(f"error: {err}", file=sys.stderr)
        return err.code
    except Exception as err:  # a bug: named in one line, and without what it may quote
        place = traceback.extract_tb(err.__traceback__)[-1]
        print(
            f"error: internal error: {type(err).__name__} at {place.filename}:{place.lineno}; please report it",
            file=sys.stderr,
        )
        return os.EX_SOFTWARE
    except KeyboardInterrupt:
        print("interrupted; run the command again to go on", file=sys.stderr)
        return 130
