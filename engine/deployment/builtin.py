"""The package `pulumi`, which the engine serves itself: StackReference, the outputs of another stack.

Source: pkg/resource/deploy/builtins.go; the forms of a stack's name are those of pkg/backend/diy/store.go.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.backend import checkpoint as checkpoints
from engine.backend.checkpoint import Vault
from engine.backend.filestate import Backend, check_stack_name
from engine.backend.passphrase import SecretsManager
from engine.errors import EngineError, needs_cli
from engine.provider import CheckFailure, Diff, ProviderError, Resource, Result, Status
from engine.resource.urn import STACK_TYPE
from engine.resource.values import Properties, has_secret, unwrap

PACKAGE: Final = "pulumi"
STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
_PROJECT: Final = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,100}\Z")


@dataclass(frozen=True)
class Builtin:
    """Reads StackReferences in one state folder; see `engine.provider.Provider` for the verbs."""

    root: Path
    """The state folder."""
    project: str
    """The project of a name that has none."""
    passphrase: Callable[[], str]
    note: Callable[[str], None]
    """Told what the user should know."""

    async def check(self, resource: Resource, news: Properties, seed: bytes) -> tuple[Properties, list[CheckFailure]]:
        """No resource of the package can be made: a StackReference is read."""
        raise needs_cli(f"{resource.type} {resource.name!r}")

    async def diff(self, resource: Resource, news: Properties) -> Diff:
        """Asked for nothing that is read."""
        return Diff(changes=False)

    async def create(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """See `check`."""
        raise needs_cli(f"{resource.type} {resource.name!r}")

    async def update(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """See `check`."""
        raise needs_cli(f"{resource.type} {resource.name!r}")

    async def delete(self, resource: Resource, *, timeout: float, status: Status) -> None:
        """Nothing: there is only the record."""

    async def read(self, resource: Resource, id: str, inputs: Properties) -> tuple[str, Properties, Properties] | None:
        """The outputs of the stack that the property `name` names."""
        if resource.type != STACK_REFERENCE:
            raise needs_cli(f"{resource.type} {resource.name!r}")
        name = unwrap(inputs).get("name")
        if not isinstance(name, str):
            raise ProviderError(f"StackReference {resource.name!r}: `name` is missing; it names the stack to read")
        outputs = await asyncio.to_thread(self._outputs, name)
        hidden = sorted(key for key, value in outputs.items() if has_secret(value))
        return id, inputs, {"name": name, "outputs": outputs, "secretOutputNames": hidden}

    async def close(self) -> None:
        """Nothing is held open."""

    def _outputs(self, name: str) -> Properties:
        """The outputs on record of another stack; secrets that this passphrase doesn't open are empty objects."""
        backend, stack = self._find(name)
        if not backend.exists(stack):
            raise ProviderError(f'unknown stack "{name}" in {backend.root}')
        latest = checkpoints.read(backend, stack)
        root = next((raw for raw in latest.get("resources") or () if _is_root(raw)), None)
        if root is None:
            return {}
        vault = _Vault(latest, self.passphrase)
        (state,) = checkpoints.states({"resources": [root]}, vault).resources
        if vault.failed:
            self.note(f"eliding undecryptable secrets for stack reference '{name}'")
        return state.outputs

    def _find(self, name: str) -> tuple[Backend, str]:
        parts = name.split("/")
        try:
            if len(parts) > 3:
                raise EngineError("it reads <stack>, organization/<stack> or organization/<project>/<stack>")
            stack = check_stack_name(name, "")
            project = parts[1] if len(parts) == 3 else self.project
            if not _PROJECT.match(project):
                raise EngineError(f"{project!r} is no name of a project: 1 to 100 letters, digits, `-`, `_` or `.`")
        except EngineError as err:
            raise ProviderError(f"the stack reference {name!r}: {err}") from None
        return Backend(self.root, project), stack


def _is_root(raw: dict[str, Any]) -> bool:
    return raw.get("type") == STACK_TYPE and not raw.get("parent")


class _Vault(Vault):
    """Opens secrets of another stack where the passphrase is the same, and else reads `{}`."""

    def __init__(self, latest: dict[str, Any], passphrase: Callable[[], str]) -> None:
        super().__init__(None, None)
        self.failed = False
        self._latest = latest
        self._passphrase = passphrase

    def decrypt(self, ciphertext: str, place: str) -> str:
        """The text of a secret; `{}` for one that cannot be opened."""
        try:
            if self.reader is None:
                self.reader = SecretsManager(checkpoints.salt_of(self._latest), self._passphrase())
            return self.reader.decrypt(ciphertext)
        except EngineError:
            self.failed = True
            return "{}"
