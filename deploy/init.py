"""`init STACK`: the passphrase and the secrets that every stack needs, made once."""

from __future__ import annotations

import argparse
import os
import secrets

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
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(secrets.token_urlsafe(32))
    say(f"made a passphrase for {stack.name}, in {file}; keep it: without it the stack's secrets cannot be read")
