# ruff: noqa: PLC0415 - a command loads only what it needs, and the program starts before the rest is loaded
"""The command line: the CLI's own words, as far as the embedded engine goes."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any, NoReturn

from engine.deployment.targets import Targets
from engine.errors import FAILED, INTERNAL, INTERRUPTED, USAGE, EngineError, needs_cli
from engine.printable import unread


class _Parser(argparse.ArgumentParser):
    """Raises instead of exiting, and names the CLI for what it doesn't know."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)  # `--config` is the CLI's, and no short `--config-file`

    def error(self, message: str) -> NoReturn:
        command = re.match(r"argument (?:command|action): invalid choice: (['\"])(.*)\1 \(choose from (.*)\)", message)
        if command is None and "unrecognized arguments" not in message:
            raise EngineError(f"{self.prog}: {message}; see {self.prog} --help", USAGE)
        if command is None:
            raise needs_cli(f"{self.prog}: {message}: this")
        near = difflib.get_close_matches(command[2], re.findall(r"\w+", command[3]), 1)
        meant = f" (did you mean {near[0]!r}?)" if near else f" (there is {command[3]})"
        raise needs_cli(f"{self.prog} {command[2]!r}{meant}")


def _parser() -> _Parser:
    common = _Parser(add_help=False)
    common.add_argument("-C", "--cwd", default=argparse.SUPPRESS, help="run as if started in this folder")
    common.add_argument(
        "-s", "--stack", default=argparse.SUPPRESS, help="the stack (else PULUMI_STACK's, the selected)"
    )
    common.add_argument("--non-interactive", action="store_true", default=argparse.SUPPRESS, help="never ask")
    parser = _Parser(prog="python -m engine", description="The embedded Pulumi engine: a subset of the Pulumi CLI.")
    parser.set_defaults(cwd=None, stack=None, non_interactive=False)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name, text in (
        ("preview", "show what an update would do"), ("up", "create or update the stack's resources"),
        ("destroy", "delete the stack's resources"), ("refresh", "bring the state up to date with what is there"),
    ):  # fmt: skip
        command = commands.add_parser(name, parents=[common], help=text)
        command.add_argument(
            "-t", "--target", action="append", default=[], metavar="URN", help="only this one; `*` and `**` match many"
        )
        command.add_argument("-p", "--parallel", type=int, default=32, metavar="N", help="steps at once (default: 32)")
        command.add_argument("--diff", action="store_true", help="show each step with all its properties")
        command.add_argument("-m", "--message", default="", help="what the history says (default: the commit's title)")
        command.add_argument("--config-file", default=None, help="read the config from here, not Pulumi.<stack>.yaml")
        command.add_argument("--expect-no-changes", action="store_true", help="fail where anything changes")
        command.add_argument("--color", choices=["auto", "never", "always", "raw"], default="auto", help="colours")
        command.add_argument("-j", "--json", action="store_true", help="print the plan, and the events, as JSON")
        if name != "preview":
            command.add_argument("-y", "--yes", action="store_true", help="do not ask")
            command.add_argument("-f", "--skip-preview", action="store_true", help="no preview beforehand")
        if name in ("destroy", "refresh"):
            command.add_argument("--preview-only", action="store_true", help="show it, but change nothing")
        if name == "refresh":
            pending = command.add_mutually_exclusive_group()
            pending.add_argument("--clear-pending-creates", action="store_true", help="forget interrupted creates")
            pending.add_argument("--skip-pending-creates", action="store_true", help="keep them (always so otherwise)")
        else:
            command.add_argument(
                "-r", "--refresh", nargs="?", const="true", choices=["true", "false"], help="refresh the state first"
            )
    stack = commands.add_parser("stack", parents=[common], help="stacks")
    _add_stack_commands(stack.add_subparsers(dest="action", required=True, parser_class=_Parser), common)
    config = commands.add_parser("config", parents=[common], help="config values").add_subparsers(
        dest="action", required=True, parser_class=_Parser
    )
    setter = config.add_parser("set", parents=[common], help="set a value; without one it is read from stdin")
    setter.add_argument("key")
    setter.add_argument("value", nargs="?")
    kind = setter.add_mutually_exclusive_group()
    kind.add_argument("--secret", action="store_true", help="store it encrypted")
    kind.add_argument("--plaintext", action="store_true", help="store it as it is, though it looks like a secret")
    getter = config.add_parser("get", parents=[common], help="print a value")
    getter.add_argument("key")
    getter.add_argument("-j", "--json", action="store_true")
    remover = config.add_parser("rm", parents=[common], help="remove a value")
    remover.add_argument("key")
    for command in (setter, getter, remover):
        command.add_argument("--path", action="store_true", help="the key is a path into an object or array")
    cancel = commands.add_parser("cancel", parents=[common], help="remove the lock of an update that is gone")
    cancel.add_argument("name", nargs="?")
    cancel.add_argument("-y", "--yes", action="store_true")
    return parser


def _add_stack_commands(stack: Any, common: _Parser) -> None:
    init = stack.add_parser("init", parents=[common], help="make a stack")
    init.add_argument("name", nargs="?")
    init.add_argument("--secrets-provider", default="passphrase")
    init.add_argument("--no-select", action="store_true", help="leave the selected stack as it is")
    select = stack.add_parser("select", parents=[common], help="choose the stack that commands are about")
    select.add_argument("name", nargs="?")
    select.add_argument("-c", "--create", action="store_true", help="make the stack where there is none")
    select.add_argument("--secrets-provider", default="passphrase")
    stack.add_parser("unselect", parents=[common], help="choose none")
    listing = stack.add_parser("ls", parents=[common], help="list the stacks")
    listing.add_argument("-j", "--json", action="store_true")
    remove = stack.add_parser("rm", parents=[common], help="remove a stack and its configuration file")
    remove.add_argument("name", nargs="?")
    remove.add_argument("-y", "--yes", action="store_true")
    remove.add_argument("-f", "--force", action="store_true")
    remove.add_argument("--preserve-config", action="store_true")
    output = stack.add_parser("output", parents=[common], help="print what the stack exports")
    output.add_argument("name", nargs="?")
    output.add_argument("-j", "--json", action="store_true")
    output.add_argument("--show-secrets", action="store_true")
    export = stack.add_parser("export", parents=[common], help="print the state")
    export.add_argument("--file", default=None)
    export.add_argument("--show-secrets", action="store_true")
    importer = stack.add_parser("import", parents=[common], help="replace the state by an exported one")
    importer.add_argument("--file", default=None, help="what to read (default: standard input)")
    importer.add_argument("-f", "--force", action="store_true", help="import it in spite of what is wrong with it")
    history = stack.add_parser("history", parents=[common], help="list the updates")
    history.add_argument("-j", "--json", action="store_true")
    history.add_argument("--full-dates", action="store_true", help="dates instead of `2 hours ago`")
    history.add_argument("--page-size", type=int, default=10, help="how many updates a page has; 0: all")
    history.add_argument("--page", type=int, default=1)


def main(argv: list[str]) -> int:
    """Runs one command; its exit code. Prints errors itself and never raises."""
    code = _run(argv)
    with unread(sys.stdout):
        sys.stdout.flush()
    return code


def _run(argv: list[str]) -> int:
    try:
        return _dispatch(_parser().parse_args(argv))
    except EngineError as err:
        print(f"error: {err}", file=sys.stderr)
        return err.code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as err:  # argparse's --help
        return err.code if isinstance(err.code, int) else 0
    except Exception as err:
        from engine.deployment.results import describe

        print(f"error: {describe(err)}", file=sys.stderr)
        return INTERNAL


def _dispatch(arguments: Any) -> int:
    folder = Path(arguments.cwd or ".").resolve()
    if not folder.is_dir():
        raise EngineError(f"--cwd {arguments.cwd}: there is no such folder", USAGE)
    from engine.workspace.project import find_project, load_project

    with chdir(folder):  # what is relative in the environment starts there, as with the CLI
        project = load_project(find_project(folder))
        if arguments.command in ("preview", "up", "destroy", "refresh"):
            return _update(project, arguments)
        from engine import commands

        with unread(sys.stdout):
            return commands.run(project, arguments)
        return FAILED


def _update(project: Any, arguments: Any) -> int:
    from engine.program.process import Program

    if arguments.parallel < 1:
        raise EngineError(f"--parallel {arguments.parallel}: it must be 1 or more", USAGE)
    config_file = _config_file(arguments.config_file)
    # the program's interpreter starts first: it imports the SDK while the engine imports its own parts
    program = Program(project) if arguments.command in ("preview", "up") else None
    try:
        from engine.stack.stackref import Stack, backend_for, stack_name

        stack = Stack(project, backend_for(project), stack_name(arguments.stack, project), config_file)
        only = getattr(arguments, "preview_only", False)
        stack.prepare_early(writing=arguments.command != "preview" and not only)
        import asyncio

        from engine.update import Options, run

        options = Options(
            kind={"up": "update"}.get(arguments.command, arguments.command),
            yes=getattr(arguments, "yes", False) or getattr(arguments, "skip_preview", False),
            skip_preview=getattr(arguments, "skip_preview", False),
            json=arguments.json,
            diff=arguments.diff,
            interactive=not arguments.non_interactive,
            preview_only=only,
            refresh=_refresh(project, arguments),
            clear_pending_creates=getattr(arguments, "clear_pending_creates", False),
            expect_no_changes=arguments.expect_no_changes,
            targets=Targets(tuple(arguments.target)),
            parallel=arguments.parallel,
            colour=arguments.color,
            message=arguments.message,
        )
        # providers resolve relative paths of inputs as plugins do: from the program's folder
        with chdir(project.main if project.main.is_dir() else project.main.parent):
            return asyncio.run(run(stack, options, program))
    finally:
        if program is not None:
            program.close()


def _refresh(project: Any, arguments: Any) -> bool:
    """Whether to refresh first: what the command line says, else the project's `options.refresh`."""
    if arguments.command == "refresh":
        return True
    return bool(arguments.refresh == "true" if arguments.refresh else project.refresh)


def _config_file(given: str | None) -> Path | None:
    """The file of `--config-file`; it must be there, since with a misspelt name the CLI takes it for an empty one."""
    path = Path(given).absolute() if given else None
    if path and not path.is_file():
        raise EngineError(f"--config-file {given}: there is no such file", USAGE)
    return path
