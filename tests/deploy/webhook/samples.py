"""Events as their senders make them, and a repository whose `deploy` only writes down what it was asked."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from deploy.webhook.record import Delivery, Run, State, Step
from deploy.webhook.signature import signed
from deploy.webhook.spool import AGAIN, Queue, name_of

SECRET = "0123456789abcdef very hidden"
COMMIT = "1" * 40
NOW = 1_800_000_000.0
MOMENT = "2026-11-21T10:00:00+00:00"
IMAGE = f"registry.example.com/team/app@sha256:{'a' * 64}"

PIPELINE = "stages:\n  - stack: dev\n  - stack: staging\n  - stack: prod\n"
PROJECT = "name: flask-k8s\nruntime: python\nconfig:\n  image: {type: string, default: ''}\n"

STUB = """\
import os, sys, time
from pathlib import Path
place = Path(os.environ["STUB"])
words = " ".join(sys.argv[1:])
with (place / "calls").open("a") as file:
    file.write(words + "\\n")
print("it says", os.environ.get("SOME_TOKEN"), os.environ.get("FLASK_K8S_WEBHOOK_SECRET"))
while (place / f"hold-{sys.argv[1]}").exists():
    time.sleep(0.02)
codes = place / f"code-{sys.argv[1]}"
if codes.exists() and (left := codes.read_text().split()):
    codes.write_text(" ".join(left[1:]))
    print("error: the reason", file=sys.stderr)
    sys.exit(int(left[0]))
with (place / "ends").open("a") as file:
    file.write(words + "\\n")
"""
"""`deploy/__main__.py`: blocks while the file hold-VERB is there, and ends with the codes in code-VERB, one each."""


def github(body: bytes, **changes: str) -> dict[str, str]:
    """The headers of GitHub."""
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature-256": signed(SECRET, body),
        **changes,
    }


def gitlab(**changes: str) -> dict[str, str]:
    """The headers of GitLab."""
    return {
        "Content-Type": "application/json",
        "X-Gitlab-Event": "Push Hook",
        "X-Gitlab-Event-UUID": "13792a34-cac6-4fda-95a8-c58e00a3954e",
        "X-Gitlab-Token": SECRET,
        **changes,
    }


def hmac(body: bytes, **changes: str) -> dict[str, str]:
    """The headers of send.py."""
    return {"Content-Type": "application/json", "X-Signature-256": signed(SECRET, body), **changes}


def body(**changes: Any) -> bytes:
    """A push to main, fit for every sender; None takes a key out."""
    content = {"id": "one", "timestamp": NOW, "ref": "refs/heads/main", "before": "0" * 40, "after": COMMIT, **changes}
    return json.dumps({key: value for key, value in content.items() if value is not None}).encode()


def delivery(digest: str = "ab" * 32, **changes: Any) -> Delivery:
    """One that has just come."""
    content = {"sender": "HMAC", "id": "one", "commit": COMMIT, "received": MOMENT, **changes}
    return Delivery(**{"name": name_of(digest), "digest": digest, **content})


def run(**changes: Any) -> Run:
    """A run that has just begun."""
    return Run(**{"delivery": delivery(), "began": MOMENT, **changes})


def pages(queue: Queue) -> list[str]:
    """Puts runs of every state into a queue; the names of the first, and of a delivery that waits."""
    states = get_args(State)
    steps = [
        Step(stack="dev", command="up dev --yes", state=state, detail="<b>why</b>", began=MOMENT) for state in states
    ]
    for number, state in enumerate(states):
        made = run(delivery=delivery(f"{number}" * 64, sender="GitHub"), state=state, subject="<i>Greet", steps=steps)
        queue.write(made)
        queue.log(made.delivery.name).write_text(f"$ python -m deploy up dev --yes\n{IMAGE}\n")
    queue.add(waits := delivery("f" * 64))
    queue.add(delivery(name=AGAIN, sender="timer"))
    return [queue.runs()[0].delivery.name, waits.name]


def git(folder: Path, *args: str) -> str:
    command = ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", "-C", str(folder), *args]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


def repository(folder: Path) -> Path:
    """A clone with the stub, and its bare remote beside it; its project is in its uppermost folder."""
    git(folder, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    git(folder, "clone", "--quiet", str(folder / "remote.git"), "ann")
    clone = folder / "ann"
    git(clone, "checkout", "--quiet", "-B", "main")
    files = {
        "deploy/__init__.py": "",
        "deploy/__main__.py": STUB,
        "pipeline.yaml": PIPELINE,
        "Pulumi.yaml": PROJECT,
        **{f"Pulumi.{name}.yaml": "config: {}\n" for name in ("dev", "staging", "prod")},
    }
    for name, content in files.items():
        (clone / name).parent.mkdir(exist_ok=True)
        (clone / name).write_text(content)
    push(clone, "first")
    return clone


def push(clone: Path, message: str, **files: str) -> str:
    """Commits files (`staging=IMAGE` pins an image) and pushes; the commit."""
    for name, image in files.items():
        (clone / f"Pulumi.{name}.yaml").write_text(f"config:\n  flask-k8s:image: {image}\n")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--allow-empty", "--message", message)
    git(clone, "push", "--quiet", "--set-upstream", "origin", "main")
    return git(clone, "rev-parse", "HEAD")


def calls(place: Path, name: str = "calls") -> list[str]:
    """What the stub was asked (`calls`), or did to the end (`ends`)."""
    return (place / name).read_text().splitlines() if (place / name).exists() else []


def until(check: Callable[[], bool], seconds: float = 40) -> None:
    """Waits for a condition."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


def environment(place: Path) -> dict[str, str]:
    """The environment for programs under test: nothing of the user's git, and the stub's folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, "HOME": str(place), "STUB": str(place), "GIT_CONFIG_GLOBAL": "/dev/null", "SOME_TOKEN": "tok-12345"}
