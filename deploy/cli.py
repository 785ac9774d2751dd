"""The command line of `python -m deploy`: words to functions, errors to messages and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from cluster import ClusterError
from deploy import commands, engines, stack
from deploy.errors import DeployError

EXIT_CODES = """\
exit codes:
  0  done                            70  a bug in this project
  1  the deployment failed           75  another update holds the stack; try again
 64  the command line is wrong       78  the configuration is wrong; nothing was touched
 69  something needed is missing or  130  interrupted; run it again
     unreachable
"""

Command = Callable[[stack.Stack, engines.Engine, argparse.Namespace], int]


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

    def verb(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        sub.add_argument("stack", help="the environment, such as dev")
        return sub

    sub = verb("preview", commands.preview, "show what `up` would change")
    sub.add_argument("--diff", action="store_true", help="every property, as the engine shows it")
    sub = verb("up", commands.up, "deploy; start the local cluster first where the stack names it")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub = verb("destroy", commands.destroy, "delete everything the stack deployed")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub = verb("outputs", commands.outputs, "print the stack's outputs")
    sub.add_argument("--json", action="store_true", help="as one JSON object")
    verb("url", commands.url, "print the URL")
    verb("build", commands.build, "build and push the image without deploying; print its reference")
    verb("env", commands.env, "print what `pulumi` and `kubectl` need, for the shell's eval")
    verb("cancel", commands.cancel, "free a stack that a killed update left locked")
    verb("clean", commands.clean, "delete the local cluster together with the stack's state")
    sub = verb("config", commands.config, "show the effective configuration, or set, get and rm a key")
    sub.add_argument("action", nargs="?", choices=("set", "get", "rm"))
    sub.add_argument("key", nargs="?")
    sub.add_argument("value", nargs="?", help="read from standard input if left out")
    sub.add_argument("--secret", action="store_true", help="encrypt the value")
    sub.add_argument("--path", action="store_true", help="the key is a path into an object, such as secrets.TOKEN")
    return root


def main(argv: Sequence[str]) -> int:
    """Runs one command; returns its exit status."""
    try:
        args = parser().parse_args(argv)
        project = args.project.resolve()
        return int(args.run(stack.load(project, args.stack), engines.choose(args.engine, project), args))
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
