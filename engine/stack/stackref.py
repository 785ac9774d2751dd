"""Everything a command needs to know about the stack it works on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any

from engine.backend import checkpoint as checkpoints
from engine.backend.checkpoint import Checkpoint, Serializer, Vault
from engine.backend.filestate import Backend, check_stack_name, root_of
from engine.backend.passphrase import SecretsManager, read_passphrase
from engine.errors import CONFIG, USAGE, EngineError, needs_cli
from engine.workspace import config, stackconfig
from engine.workspace import selected as workspace
from engine.workspace.project import Project
from engine.workspace.stackconfig import StackConfig, load_stack_config


def backend_for(project: Project) -> Backend:
    """The backend that the environment, else the project, names."""
    for name in ("PULUMI_DIY_BACKEND_GZIP", "PULUMI_DIY_BACKEND_ZSTD", "PULUMI_SELF_MANAGED_STATE_GZIP"):
        if os.environ.get(name, "").lower() in ("1", "true"):
            raise needs_cli(f"compressed state ({name})")
    backend = Backend(root_of(backend_url(project)), project.name)
    backend.check_layout()
    return backend


def backend_url(project: Project) -> str:
    """The backend's URL as it is written."""
    return os.environ.get("PULUMI_BACKEND_URL") or project.backend_url


def stack_name(given: str | None, project: Project) -> str:
    """The stack that the command line, else PULUMI_STACK, names, else the one that is selected."""
    name = given or current_stack(project)
    if not name:
        raise EngineError(
            "no stack is named: use --stack NAME, set PULUMI_STACK, or choose one with: stack select NAME", USAGE
        )
    return check_stack_name(name, project.name)


def current_stack(project: Project) -> str:
    """The stack that PULUMI_STACK names, else the one that is selected; empty where there is none."""
    name = os.environ.get("PULUMI_STACK")
    return workspace.selected(project, backend_url(project)) if name is None else name


@dataclass
class Stack:
    """One stack: its files, its secrets, its state. Files are read when they are first needed."""

    project: Project
    backend: Backend
    name: str
    config_file: Path | None = None
    """What stands in for Pulumi.<stack>.yaml."""

    folder: Path = field(default_factory=Path.cwd)
    """What a relative path in the environment starts at."""

    _early: Thread | None = field(default=None, init=False)

    def passphrase(self) -> str:
        """The passphrase that the environment gives."""
        return read_passphrase(os.environ, self.folder)

    @property
    def path(self) -> Path:
        """Pulumi.<stack>.yaml, or the file that stands in for it."""
        return self.config_file or self.project.stack_file(self.name)

    @cached_property
    def settings(self) -> StackConfig:
        """The stack's config file."""
        return load_stack_config(self.path, self.project.name)

    @cached_property
    def latest(self) -> dict[str, Any]:
        """The raw deployment of the checkpoint."""
        checkpoints.path_of(self.backend, self.name)
        return checkpoints.read(self.backend, self.name)

    @cached_property
    def managers(self) -> dict[str, SecretsManager]:
        """The secrets managers in use, by salt: that of the config and that of the checkpoint (mostly the same)."""
        salts = {self.settings.salt, checkpoints.salt_of(self.latest)} - {""}
        if not salts:
            return {}
        return {salt: SecretsManager(salt, self.passphrase()) for salt in salts}

    @cached_property
    def vault(self) -> Vault:
        """The secrets of the checkpoint."""
        reader = self.managers.get(checkpoints.salt_of(self.latest))
        return Vault(reader, self.managers.get(self.settings.salt) or reader)

    def ensure_salt(self) -> None:
        """Gives the stack a salt where it has none, as the CLI does at the first update; the file is written."""
        if self.settings.salt or checkpoints.salt_of(self.latest):
            return
        self._refuse_lost_salt()
        manager = SecretsManager.new(self.passphrase())
        stackconfig.set_salt(self.path, manager.salt)
        self.settings = replace(self.settings, salt=manager.salt)
        self.managers = {manager.salt: manager}

    def prepare_early(self, *, writing: bool) -> None:
        """Starts deriving the keys in a thread; whatever is wrong is told by `prepare`, which comes later."""

        def derive() -> None:
            with suppress(EngineError):
                self.prepare(writing=writing)

        self._early = Thread(target=derive, daemon=True)
        self._early.start()

    def prepare(self, *, writing: bool) -> None:
        """Derives the keys that the command needs; slow (0.3 s each) and to be called in a thread.

        Where nothing is secret and nothing is written, no key is derived. Raises EngineError for a wrong passphrase.
        """
        self._refuse_lost_salt()
        if writing or config.needs_key(self.settings) or checkpoints.holds_secrets(self.latest):
            for manager in self.managers.values():
                manager.prepare()

    def _refuse_lost_salt(self) -> None:
        if config.needs_key(self.settings) and not self.settings.salt:
            raise EngineError(
                f"{self.path} holds secrets, but no `encryptionsalt` to read them with: bring that line back "
                "(`stack export` may show the salt too), or remove the secrets",
                CONFIG,
            )

    def decrypt_config(self, ciphertext: str) -> str:
        """The text of a secret in the config."""
        self._refuse_lost_salt()
        return self.managers[self.settings.salt].decrypt(ciphertext)

    def reread(self) -> None:
        """Forgets the checkpoint, which another update may have written; called once the lock is held."""
        if self._early is not None:  # else it could bring back what it began to read before
            self._early.join()
        self.__dict__.pop("latest", None)
        self.__dict__.pop("vault", None)
        if not {self.settings.salt, checkpoints.salt_of(self.latest)} - {""} <= self.managers.keys():
            self.__dict__.pop("managers", None)

    def config(self, *, validate: bool = True) -> Mapping[str, config.ConfigValue]:
        """The config that the program sees."""
        return config.resolve(self.project, self.name, self.settings, self.decrypt_config, validate=validate)

    def checkpoint(self) -> Checkpoint:
        """The stack's resources."""
        return checkpoints.parse(self.backend, self.name, self.latest, self.vault)

    def serializer(self) -> Serializer:
        """Makes the content of checkpoints."""
        return Serializer(self.backend.qualified(self.name), self.vault)
