"""What pipeline.yaml may say. The descriptions are shown by editors, and in the message when a value is wrong."""

from __future__ import annotations

import difflib
import os
import re
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Final, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Meta, Struct

from deploy.errors import DeployError
from deploy.pipeline.sealing import Secrets

UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
"""The units of a duration, in seconds."""

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)
"""In the order of `weekday()`."""

Text = Annotated[str, Meta(min_length=1)]
Duration = Annotated[str, Meta(pattern="^[0-9]{1,5}[smhd]$")]
Clock = Annotated[str, Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Email = Annotated[str, Meta(pattern=r"^[^@\s<>]+@[^@\s<>]+$")]


class Smoke(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A GET request that tells whether the version works."""

    path: Annotated[
        str, Meta(pattern=r"^/\S*$", description="the path asked for at the stack's own URL, such as /")
    ] = "/"
    url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/@]+(/\S*)?)?$",
            description="an http(s) URL, without a password, to ask instead of the stack's own",
        ),
    ] = ""
    status: Annotated[int, Meta(ge=100, le=599, description="the status expected, such as 200")] = 200
    contains: Annotated[str, Meta(description="a text that the answer's body must contain; empty means any body")] = ""
    timeout: Annotated[Duration, Meta(description="the time in which it must have passed, such as 60s or 5m")] = "60s"

    def __post_init__(self) -> None:
        if self.url and self.path != "/":
            raise ValueError(f"has both url {self.url!r} and path {self.path!r}; put the path into the url")
        if not self.seconds:
            raise ValueError(f"has the timeout {self.timeout!r}; give it time to pass, such as 60s")

    @property
    def seconds(self) -> int:
        """`timeout` in seconds."""
        return _seconds(self.timeout)


class Window(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The hours of the week in which a promotion may come."""

    days: Annotated[
        tuple[Day, ...], Meta(min_length=1, description="the days, such as [mon, tue]")
    ] = ("mon", "tue", "wed", "thu", "fri")  # fmt: skip
    start: Annotated[Clock, Meta(description="the time of day at which it opens, such as '09:00'")] = "09:00"
    end: Annotated[Clock, Meta(description="the time of day at which it closes, such as '17:00'; at most '24:00'")] = (
        "17:00"
    )
    timezone: Annotated[str, Meta(description="the time zone of both times, such as Europe/Berlin")] = "UTC"

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(
                f"ends at {self.end}, not after its start at {self.start}; a window lies within one day: let it end at "
                "'24:00' at the latest"
            )
        try:
            self.zone  # noqa: B018 - looks it up
        except (KeyError, ValueError, OSError):
            close = difflib.get_close_matches(self.timezone, available_timezones(), n=1)
            mend = f"did you mean {close[0]}?" if close else "take a name of the IANA database, such as Europe/Berlin"
            raise ValueError(f"names the unknown time zone {self.timezone!r}; {mend}") from None

    @property
    def zone(self) -> tzinfo:
        """The time zone; UTC is there without a database of them."""
        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)


class Signature(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The image must be signed, with cosign and a key."""

    key: Annotated[Text, Meta(description="cosign's public key, as a path in the project, such as cosign.pub")]
    sbom: Annotated[
        Literal["", "spdxjson", "cyclonedx"],
        Meta(description="the type of the signed SBOM it must have, spdxjson or cyclonedx; empty means none"),
    ] = ""


class Approval(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another person than the author must agree."""

    approvers: Annotated[
        tuple[Email, ...], Meta(description="e-mail addresses, one of which must agree; empty means anybody's")
    ] = ()


class Freeze(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Nothing is promoted to the environment; `freeze` and `unfreeze` write and remove it."""

    why: Annotated[Text, Meta(description="the reason, for whoever is held up")]
    who: Annotated[Text, Meta(description="who froze it, as Name <e-mail address>")]
    since: Annotated[Text, Meta(description="since when, in ISO 8601, such as 2025-01-31T12:00:00+00:00")]

    def __post_init__(self) -> None:
        try:
            datetime.fromisoformat(self.since)
        except ValueError:
            raise ValueError(f"is since {self.since!r}; write a time in ISO 8601: 2025-01-31T12:00:00+00:00") from None


class Gate(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What must hold before a version comes to the environment."""

    soak: Annotated[
        Duration, Meta(description="the time that the version must have run in the stage before, such as 30m or 1d")
    ] = "0s"
    approval: Annotated[Approval | None, Meta(description="asks another person than the author to agree")] = None
    window: Annotated[Window | None, Meta(description="the hours of the week in which a promotion may come")] = None
    signature: Annotated[Signature | None, Meta(description="asks for a signed image")] = None

    @property
    def seconds(self) -> int:
        """`soak` in seconds."""
        return _seconds(self.soak)


class Stage(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One environment."""

    stack: Annotated[
        str, Meta(pattern="^[A-Za-z0-9_.-]{1,100}$", description="the stack's name, as in Pulumi.<stack>.yaml")
    ]
    smoke: Annotated[Smoke | None, Meta(description="the smoke test; none if it is left out")] = None
    gate: Annotated[Gate, Meta(description="what must hold before a version comes here")] = Gate()
    frozen: Annotated[Freeze | None, Meta(description="why nothing is promoted to it at present")] = None
    registry: Annotated[
        str,
        Meta(
            pattern=r"^([^\s/:@]+(:[0-9]+)?(/[^\s/:@]+)*)?$",
            description="the environment's own registry, such as registry.example.com/team, for images to be copied to",
        ),
    ] = ""
    secrets: Annotated[
        Secrets | None, Meta(description="the form of the Secrets in a render; left out of it without one")
    ] = None
    render: Annotated[
        str,
        Meta(
            pattern="^([A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*)?$",
            description="the folder for the render that is committed with each promotion, as a path in the project of "
            "letters, digits and _ . - between slashes, such as rendered/staging",
        ),
    ] = ""


class Pipeline(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The environments, in the order in which a version goes through them."""

    stages: Annotated[tuple[Stage, ...], Meta(min_length=1, description="the environments in their order")]

    def __post_init__(self) -> None:
        twice = {name for name in self.names if self.names.count(name) > 1}
        if twice:
            raise ValueError(f"stages name {', '.join(sorted(twice))} more than once; keep one stage for each stack")
        renders = [stage.render for stage in self.stages if stage.render]
        if shared := {name for name in renders if renders.count(name) > 1}:
            raise ValueError(f"stages share the render {', '.join(sorted(shared))}; give each a folder of its own")

    @property
    def names(self) -> tuple[str, ...]:
        """The stacks in their order."""
        return tuple(stage.stack for stage in self.stages)

    def stage(self, name: str) -> Stage:
        """A stack's stage.

        Raises:
            DeployError: it has none; the known ones are named.
        """
        for stage in self.stages:
            if stage.stack == name:
                return stage
        raise unknown(name, self.names)

    def before(self, name: str) -> Stage | None:
        """The stage that a version comes from; None for the first one."""
        index = self.stages.index(self.stage(name))
        return self.stages[index - 1] if index else None


def unknown(name: str, names: tuple[str, ...]) -> DeployError:
    """The error for a stack that is no stage."""
    return DeployError(
        f"There is no stage {name!r} in pipeline.yaml; its stages are: {', '.join(names) or 'none'}. "
        "Take one of them, or add a stage.",
        os.EX_USAGE,
    )


def _seconds(duration: str) -> int:
    number, unit = re.findall(r"[0-9]+|[smhd]", duration)
    return int(number) * UNITS[unit]
