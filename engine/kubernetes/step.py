"""One create or update on the way: writes the object, then waits until it is ready.

What fails after the object exists is recorded with it, so that the next run goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from engine.kubernetes import apply
from engine.kubernetes.adopt import made_by_us
from engine.kubernetes.delete import existing, holding
from engine.kubernetes.diff import compare
from engine.kubernetes.errors import ApiError, UnreachableError, refused
from engine.kubernetes.kinds import Endpoint
from engine.kubernetes.objects import described, id_of, name_of, namespace_of, recorded
from engine.kubernetes.pods import problems
from engine.kubernetes.ready import rule_for
from engine.kubernetes.ready_workloads import COUNTS
from engine.kubernetes.wait import NeverReadyError, NotReadyError, gone, until
from engine.provider import ProviderError, Result, Status
from engine.resource.marks import redact, secret_texts
from engine.resource.values import Properties

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """What the parts of a step need to know."""

    api: Api
    endpoint: Endpoint
    news: Properties
    manifest: JsonObject
    """The news as they are sent."""
    manager: str
    """The resource's own field manager."""
    limit: float
    """How long to wait for readiness, in seconds."""
    status: Status
    sent: Properties | None = None
    """What of the news is sent, if not all."""
    api_version: str = ""
    """The first apiVersion ever recorded; empty for a new resource."""
    warnings: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The path of the object."""
        return self.endpoint.path(namespace_of(self.manifest), name_of(self.manifest))

    def recorded(self, live: JsonObject) -> Properties:
        """The outputs to record with the live object."""
        return recorded(self.news, live, self.manager, self.api_version, sent=self.sent)

    async def post(self, interrupted: Properties | None) -> JsonObject:
        """Creates the object, or takes over the one that a killed run of ours, or a lost answer, left behind.

        `interrupted` holds the inputs of the killed run. Raises `ApiError` where the server refuses.
        """
        for last in (False, True):
            try:
                return await apply.create(
                    self.api, self.endpoint, self.manifest, dry_run=False, warnings=self.warnings, status=self.status
                )
            except UnreachableError as err:
                if last and err.sent:
                    raise self._maybe(err) from err
                if not err.sent:
                    raise
                interrupted = self.news  # the request may have been served: the next one tells by a conflict
            except ApiError as err:
                if err.code != 409 or err.reason != "AlreadyExists":
                    raise
                live = await existing(self.api, self.path)
                if live and not live["metadata"].get("deletionTimestamp"):
                    return await self._take_over(live, interrupted, err)
                if last:
                    raise
                if live:  # where there is none, it went between the two requests
                    await self._after(live)
        raise AssertionError("unreachable")

    async def put(self, before: JsonObject, *, force: bool) -> JsonObject:
        """Applies the manifest over the live object `before`. Raises `ApiError` where the server refuses."""
        return await apply.update(
            self.api, self.endpoint, before, self.manifest, self.manager,
            dry_run=False, force=force, warnings=self.warnings,
        )  # fmt: skip

    async def ready(self, live: JsonObject) -> Result:
        """The result, once the object is ready."""
        rule = rule_for(self.api, self.manifest)
        if rule is not None:
            live = await self._wait(live, *rule)
        return Result(id_of(live), self.recorded(live), tuple(self.warnings))

    async def _take_over(self, live: JsonObject, interrupted: Properties | None, err: ApiError) -> JsonObject:
        if interrupted is None or not made_by_us(live, interrupted):
            raise err
        self.status("made by an earlier run that was interrupted: taken over")
        return await self.put(live, force=False) if compare(interrupted, self.news).changes else live

    async def _after(self, live: JsonObject) -> None:
        """Waits until the object that has the name, and is being deleted, is gone."""
        try:
            await gone(self.api, self.endpoint, live, holding, limit=self.limit, status=self.status)
        except NotReadyError as err:
            raise ProviderError(f"cannot create {described(live)}: one of this name is still there. {err}.") from err

    def _maybe(self, err: UnreachableError) -> ProviderError:
        what = described(self.manifest)
        text = f"{err} Whether {what} was created is not known: the next run looks."
        state = self.recorded(self.manifest)
        return ProviderError(text, id=id_of(self.manifest), state=state, reasons=(text,))

    async def _wait(self, live: JsonObject, rule: Any, tick: float) -> JsonObject:
        what = described(live)
        hidden = secret_texts(self.news)

        def say(line: str) -> None:
            self.status(redact(line, hidden))

        try:
            return await until(
                self.api, self.endpoint, live, rule, limit=self.limit, status=say, tick=tick
            )  # fmt: skip
        except NotReadyError as err:
            seen = err.live or live
            details = await problems(self.api, seen, logs=True) if seen.get("kind") in COUNTS else []
            missing = str(err).partition(" (")[0] if details else str(err)
            self._fail(seen, f"{what} was not ready after {self.limit:g} s: {missing}", details, err)
        except NeverReadyError as err:
            details = await problems(self.api, live, logs=True) if live.get("kind") in COUNTS else []
            self._fail(live, f"{what} cannot become ready: {err}", details, err)
        except ApiError as err:
            text = f"{what} was deleted by someone else while waiting for it"
            self._fail(live, text if err.code == 404 else str(refused("wait for", what, err)), [], err)
        except ProviderError as err:
            self._fail(live, f"waiting for {what}: {err}", [], err)

    def _fail(self, seen: JsonObject, text: str, details: list[str], cause: BaseException) -> NoReturn:
        hidden = secret_texts(self.news)
        text, details = redact(text, hidden), [redact(detail, hidden) for detail in details]
        message = "\n".join([text, *(f"  - {detail}" for detail in details)])
        state = self.recorded(seen)
        raise ProviderError(message, id=id_of(seen), state=state, reasons=(text, *details)) from cause
