"""`make bench`: times the everyday commands on a cluster of its own, then hundreds of objects, as ratios to limits.

A ratio below 1.00 is within the limit. Nothing is asserted: machines differ; compare runs on the same one.
`python -m bench scale` is the second part alone.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cluster
from bench import scale
from tests.integration.project import Project, fetch, make_project, until

PROFILE = "bench"
RUNS = 5


def main() -> None:
    """Runs every benchmark once the cluster's binaries are built; ends with the cluster stopped."""
    node = cluster.up(PROFILE, say=_say)
    try:
        with tempfile.TemporaryDirectory() as folder:
            if "scale" not in sys.argv:
                cluster.down(PROFILE, say=_say)
                print(f"{'what':<52} {'median':>8} {'min':>8} {'max':>8} {'limit':>8} {'ratio':>6}")
                _from_nothing_running(Path(folder))
            scale.measure(node, Path(folder))
    finally:
        cluster.clean(PROFILE, say=_say)


def _from_nothing_running(folder: Path) -> None:
    begun = time.monotonic()
    node = cluster.up(PROFILE, say=_say)
    project = make_project(folder / "project", node)
    project.cold = True
    project.up().ok()
    _row("from nothing running to deployed", [time.monotonic() - begun], 25)
    url = project.outputs["url"]
    _row("no-op up (cluster check and engine)", _times(lambda: _noop_up(project)), 3)
    preview = _times(lambda: project.deploy("preview", "test").ok())
    _row("no-op preview, whole process", preview, 1)
    if shutil.which("pulumi"):
        project.extra["ENGINE"] = "pulumi"
        limit = 0.6 * statistics.median(_times(lambda: project.deploy("preview", "test").ok()))
        del project.extra["ENGINE"]
        _row("the same; limit: 0.6 of the Pulumi CLI's", preview, limit)
    _row("changed line of app code to new pods answering", [_change(project, url, n) for n in range(3)], 8)
    project.deploy("destroy", "test", "--yes").ok()


def _noop_up(project: Project) -> None:
    cluster.up(PROFILE, say=_say)
    project.up().ok()


def _change(project: Project, url: str, number: int) -> float:
    page = project.folder / "app" / "__init__.py"
    page.write_text(page.read_text("utf-8") + f"\nBENCH = {number}\n", encoding="utf-8")
    revision = project.commit(f"Change {number}")
    begun = time.monotonic()
    project.up().ok()
    until(lambda: revision[:7] in fetch(url)[1], "the new version answers")
    return time.monotonic() - begun


def _times(run: Callable[[], object]) -> list[float]:
    run()
    found = []
    for _ in range(RUNS):
        begun = time.monotonic()
        run()
        found.append(time.monotonic() - begun)
    return found


def _row(what: str, seconds: list[float], limit: float) -> None:
    median = statistics.median(seconds)
    print(
        f"{what:<52} {median:7.2f}s {min(seconds):7.2f}s {max(seconds):7.2f}s {limit:7.2f}s {median / limit:6.2f}",
        flush=True,
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
