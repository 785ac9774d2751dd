"""Every check of a promotion, made and said in turn; what comes out is a plan, or the first thing that is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from deploy import environment, preflight
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.image import using, with_image
from deploy.observe import smoke
from deploy.pipeline import gates
from deploy.pipeline.gates import Check
from deploy.pipeline.record import Pipeline, Stage
from deploy.promotion import checks
from deploy.promotion.message import short
from deploy.registry import signature
from deploy.registry.client import Registry
from deploy.registry.reference import Reference
from deploy.render.command import changes
from deploy.say import say
from deploy.stack import Stack

REVISION = "org.opencontainers.image.revision"
"""The OCI label that names the commit an image was built from."""


class NotYetError(DeployError):
    """What is wanted may be right at another time: the source has nothing yet, or a gate of the target is closed."""


@dataclass(frozen=True)
class Wish:
    """The command line of `promote`."""

    source: str
    target: str
    yes: bool = False
    push: bool = False
    """Push the commit to the branch's upstream."""
    pull_request: bool = False
    """Push it to a branch of its own and open a pull request, in place of a commit here."""
    skip_stage: bool = False
    approved_by: str = ""
    copy_to: str = ""
    """Registry of the target, such as `registry.example.com/team`."""


@dataclass(frozen=True)
class Promotion:
    """What a promotion is about."""

    pipeline: Pipeline
    source: Stack
    target: Stack
    engine: Engine
    repo: Repository
    wish: Wish

    @property
    def stage(self) -> Stage:
        """The target's."""
        return self.pipeline.stage(self.target.name)


@dataclass(frozen=True)
class Plan:
    """A promotion that passed every check."""

    source_image: str
    """As the source runs it."""
    image: str
    """As it goes into the target's file."""
    revision: str
    """The commit it was built from."""
    passed: list[str]
    """The checks, one line each."""
    content: str
    """The target's stack file with the image."""
    files: dict[str, str | None]
    """What the commit changes: that file and, where the stage names a folder for it, the render; None: it goes."""


def plan(it: Promotion) -> Plan | None:
    """Checks the source, the image and the target's gates; None when the target's file has the image already.

    Raises:
        DeployError: at the first check that fails (1), or a part that is away (69), or a file that is wrong (78).
    """
    if it.target.get("registry"):
        raise DeployError(
            f"{it.target.name} builds its own image (`registry` in {it.target.file.name} is "
            f"{it.target.get('registry')}); a promoted digest would never be deployed. Take `registry` out of it."
        )
    passed: list[str] = []

    def check(found: Check) -> None:
        say(f"  {'ok  ' if found.passed else 'FAIL'}  {found.name}: {found.detail}")
        passed.append(checks.require(found))

    say(f"promote {it.source.name} to {it.target.name}:")
    with environment.restored():
        seen = checks.enter_and_see(it.source, it.engine)
        if not seen.recorded.image:
            raise NotYetError(f"{it.source.name} has deployed no image; run `up` of it first.", 1)
        image = Reference.parse(seen.recorded.image)
        wanted = image.at(it.wish.copy_to) if it.wish.copy_to else image
        if it.target.get("image") == str(wanted):
            say(f"{it.target.name} has {short(str(wanted))} already; nothing to promote")
            return None
        for found in checks.lets_in(it.pipeline, it.source.name, it.stage, seen, skip_stage=it.wish.skip_stage):
            if not found.passed:
                raise NotYetError(f"{found.name}: {found.detail}", 1)
            check(found)
        if it.stage.gate.approval and not it.wish.pull_request:  # there the merge is the approval
            check(gates.approval(it.stage, it.wish.approved_by or None, it.repo.author()))
        revision = _revision(image)
        check(Check("registry", True, f"{image.registry} has {short(str(image))}"))
        for found in checks.deserves(it.source.name, seen, revision, it.repo):
            check(found)
        if test := it.pipeline.stage(it.source.name).smoke:
            result = smoke.run(it.source, seen.recorded, test, say)
            check(Check("smoke test", result.passed, result.detail))
    if declared := it.stage.gate.signature:
        for line in signature.verify(image, it.target.project / declared.key, declared.sbom):
            check(Check("signature", True, line))
    content = with_image(it.target, str(wanted))
    files: dict[str, str | None] = {it.target.file.name: content}
    with using(it.target, content) as changed:
        preflight.check_config(changed)
        if it.stage.render:
            files |= changes(changed, it.engine, it.stage.render)
    return Plan(str(image), str(wanted), revision, passed, content, files)


def _revision(image: Reference) -> str:
    """The commit that an image was built from, by its label; the image must be in its registry."""
    registry = Registry(image.registry)
    if not registry.exists(image):
        raise DeployError(f"{image} is not in the registry {image.registry}; run `up` of its source again.", 1)
    return registry.labels(image).get(REVISION, "")
