"""What the parts of one deployment share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.backend.checkpoint import Checkpoint
from engine.deployment.executor import Executor, Reporter
from engine.deployment.looks import Looks
from engine.deployment.registry import Registry
from engine.deployment.targets import NO_TARGETS, Targets
from engine.provider import Provider
from engine.resource.state import State
from engine.resource.urn import is_provider_type
from engine.workspace.config import ConfigValue


@dataclass(frozen=True)
class Settings:
    """What a deployment is about."""

    project: str
    stack: str
    config: Mapping[str, ConfigValue]
    preview: bool
    seed: bytes
    """Makes auto-names the same in the preview and the update that follows."""
    parallel: int = 32
    """Steps at once."""
    refresh: bool = False
    """Whether to bring the old state up to date first."""
    refresh_only: bool = False
    """Whether that is all there is to do."""
    targets: Targets = NO_TARGETS
    """What to limit the steps to; empty: all."""


@dataclass
class Context:
    """The settings, the old state and the machinery of one run."""

    settings: Settings
    base: Checkpoint
    """The old state; a refresh replaces it."""
    executor: Executor
    reporter: Reporter
    registry: Registry = field(default_factory=Registry)
    states: dict[str, State] = field(default_factory=dict)
    """Every resource of this run, by URN."""
    condemned: set[str] = field(default_factory=set)
    """URNs of the resources that this run deletes, for deletedWith."""
    looks: Looks = field(init=False)
    """What a preview sees of live objects."""

    def __post_init__(self) -> None:
        self.looks = Looks(self.reporter)

    def provider_of(self, state: State) -> Provider:
        """The provider of an old state."""
        if is_provider_type(state.type):
            return self.registry
        return self.registry.ensure(state.provider, self.base.resources)

    def gone_with(self, state: State) -> bool:
        """Whether the deletion of another resource takes this one along (deletedWith)."""
        return bool(state.deleted_with) and state.deleted_with in self.condemned
