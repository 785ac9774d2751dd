"""`init STACK`: the passphrase and the secrets that every stack needs, made once."""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
from pathlib import Path

from deploy import environment, session
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.say import say
from deploy.stack import Stack

KEYS = ("secretKey", "hashKey")


def init(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Makes a passphrase where none is named, and writes the secrets that are missing, encrypted, to the stack's file.

    Can be run again: what is there stays.
    """
    if not environment.has_passphrase(stack):
        _make_passphrase(stack)
    environment.enter(stack, None)
    session.init(stack, engine)
    made = []
    for key in KEYS:
        if f"{stack.project_name}:{key}" in stack.secret_keys:
            continue
        words = ("config", "set", key, "--secret", "--stack", stack.name)
        if code := engine.run(*words, stdin=secrets.token_hex(32)):
            raise DeployError(f"`{key}` could not be written to {stack.file.name}; see above.", code)
        made.append(key)
    if made:
        say(f"{stack.file.name}: {' and '.join(made)} made and encrypted; commit the file")
    else:
        say(f"{stack.file.name} has its secrets already")
    return os.EX_OK


def _make_passphrase(stack: Stack) -> None:
    file = environment.passphrase_file(stack)
    if stack.salt:
        raise DeployError(
            f"{stack.file.name} has secrets already, encrypted with a passphrase that is not here. Get it from who ran "
            f"`init`, and put it into {file} or PULUMI_CONFIG_PASSPHRASE."
        )
    try:
        _write_new(file, secrets.token_urlsafe(32))
    except FileExistsError:  # another `init` was quicker
        return
    except OSError as err:
        raise DeployError(f"The passphrase cannot be kept in {file}: {err.strerror}. Mend that first.", 1) from err
    say(f"made a passphrase for {stack.name}, in {file}; keep it: without it the stack's secrets cannot be read")


def _write_new(file: Path, text: str) -> None:
    """A file that only its owner may read: all of it is there, or nothing, and never in the place of another."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.") as out:  # mode 0600
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
        if file.is_file() and file.stat().st_size == 0:  # what earlier versions left when they were killed
            file.unlink()
        os.link(out.name, file)
