"""What gunicorn.conf.py is made of: the environment's numbers and the server's hooks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from app import logs, signals


def number(variable: str, default: int) -> int:
    """A whole number, 1 or more, from the environment; ends the program with the rule when it is none."""
    text = os.environ.get(variable, "")
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise SystemExit(f"{variable} {text!r}: must be a whole number, 1 or more")
    return int(text)


def logging_settings() -> dict[str, Any]:
    """The application's own logging, for the server's messages too."""
    return logs.settings(os.environ.get("LOG_LEVEL", "info").lower())


def on_starting(_server: object) -> None:
    """Forgets the figures of a container that ran here before: /tmp outlives a restart. Once, in the main process."""
    signals.release_after_forks()
    for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db"):
        file.unlink(missing_ok=True)


def pre_fork(_server: object, _worker: object) -> None:
    """The new worker releases them, see `DrainingWorker.init_signals`."""
    signals.hold()


def child_exit(_server: object, worker: Any) -> None:
    """Drops a dead worker's gauges; its counts stay, as counters never go down."""
    # Not at the top: it settles how figures are kept, by an environment variable that gunicorn.conf.py sets.
    from prometheus_client import multiprocess  # noqa: PLC0415

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
