"""The worker: a process of its own that runs what waits, one delivery after another, and ends when nothing does.

It is started by the server, and does not end with it. A second one waits for its turn by not beginning at all.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.errors import DeployError
from deploy.webhook import jobs, process
from deploy.webhook.record import Delivery, Run, Step
from deploy.webhook.spool import AGAIN, Queue, moment, name_of
from deploy.webhook.tell import say
from deploy.webhook.tree import Tree

ATTEMPTS: Final = 3
"""How often a run that is cut off is begun; more, and it may be what fells the machine."""
AGAIN_AFTER: Final = 300.0
"""Seconds until a promotion that was held back, by a gate or by another promotion, is tried again."""


def drain(
    queue: Queue, tree: Tree, lock: int, sleep: Callable[[float], None] = time.sleep, *, spare: bool = False
) -> None:
    """Runs everything that is due, until nothing is. The newest delivery stands for all that wait with it:

    a run deploys what the branch has when it begins.

    Args:
        queue: has the deliveries.
        tree: the clone to work in.
        lock: `worker.lock`'s descriptor.
        sleep: waits some seconds.
        spare: a run that was cut off was so by no fault of its own.
    """
    queue.prune()
    remind(queue)
    look(queue, tree)
    while waiting := queue.due(time.time()):
        *covered, newest = sorted(waiting, key=lambda it: (it.name != AGAIN, it.name))
        run = _run(queue, tree, lock, newest, sleep, spare=spare)
        for delivery in covered:
            old = queue.run(delivery.name) if delivery.name != AGAIN else None
            old = old or Run(delivery=delivery, began=moment())
            old.state, old.ended, old.detail = "superseded", moment(), f"by {newest.name}, which came later"
            queue.done(old)
        queue.done(run)
        say(f"run {run.delivery.name} {run.state}")
        remind(queue)
        queue.prune()


def remind(queue: Queue) -> None:
    """Sees to it that promotions which are still to be made are tried again, and only they."""
    waits = any(delivery.name == AGAIN for delivery in queue.waiting())
    wanted = any(done.promote for done in queue.progress().values())
    if wanted and not waits:
        due = time.time() + AGAIN_AFTER
        queue.add(Delivery(name=AGAIN, sender="timer", id=AGAIN, digest="", commit="", received=moment(), due=due))
    elif waits and not wanted:
        queue.forget(AGAIN)


def look(queue: Queue, tree: Tree) -> None:
    """Queues the branch's commit at the remote, where the last run had another one:

    its push came while nobody listened, or could not be fetched. Before the first run there is nothing to go by.
    """
    known = [run for run in queue.runs() if run.delivery.name != AGAIN and run.state != "superseded"]
    if not known or any(it.name != AGAIN for it in queue.waiting()):
        return
    try:
        head = tree.head()
    except DeployError as err:
        say(f"error: {err}")
        return
    if head and head != known[0].commit:
        say(f"found: commit {head[:12]}, of which no delivery came")
        queue.add(Delivery(name=name_of(head), sender="remote", id=head, digest="", commit=head, received=moment()))


def _run(
    queue: Queue, tree: Tree, lock: int, delivery: Delivery, sleep: Callable[[float], None], *, spare: bool
) -> Run:
    before = queue.run(delivery.name)
    if before and before.ended and delivery.name != AGAIN:  # cut off between the record and the delivery's file
        return before
    run = Run(delivery=delivery, began=moment())
    log = queue.log(delivery.name)
    if before and before.state == "running":
        run.attempt, run.commit = before.attempt + (not spare), before.commit
    else:
        log.unlink(missing_ok=True)
    progress = queue.progress()

    def keep() -> None:
        queue.write(run)
        queue.write_progress(progress)

    def command(*words: str) -> process.Ended:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ python -m deploy {' '.join(words)}\n")
        return process.run(words, tree.project, log, lock)

    keep()
    try:
        if run.attempt > ATTEMPTS:
            run.commit = run.commit or delivery.commit
            raise DeployError(f"It was cut off {ATTEMPTS} times, and is not begun again; push once more to do so.", 1)
        _fetch(run, tree, keep, sleep)
        jobs.Jobs(tree, run, progress, command, keep, sleep).all(push=delivery.name != AGAIN)
    except DeployError as err:
        run.detail = str(err)
    failed = run.detail or any(step.state == "failed" for step in run.steps)
    held = any(step.state == "held back" for step in run.steps)
    run.state, run.ended = "failed" if failed else "held back" if held else "succeeded", moment()
    return run


def _fetch(run: Run, tree: Tree, keep: Callable[[], None], sleep: Callable[[float], None]) -> None:
    step = Step(stack="", command=f"fetch {tree.branch}", began=moment())
    run.steps.append(step)
    keep()
    for wait in (*jobs.WAITS, None):
        try:
            run.commit = tree.update()
            break
        except DeployError as err:
            step.detail = str(err)
            if wait is None or err.code not in jobs.BUSY:
                step.state, step.ended = "failed", moment()
                raise
            keep()
            sleep(wait)
    run.subject = tree.subject()
    step.state, step.detail, step.ended = "succeeded", "", moment()
    keep()


def main(argv: list[str]) -> int:
    """`python -m deploy.webhook.work QUEUE BRANCH [PREFIX] [--spare]`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("queue", type=Path)
    parser.add_argument("branch")
    parser.add_argument("prefix", nargs="?", default="")
    parser.add_argument("--spare", action="store_true")
    args = parser.parse_args(argv)
    queue = Queue(args.queue)
    with queue.lock("worker") as lock:
        if lock is None:  # there is one, or a command that a killed one left
            return os.EX_TEMPFAIL
        try:
            drain(queue, Tree(queue.tree, args.branch, args.prefix), lock, spare=args.spare)
        except OSError as err:
            say(f"error: the queue {queue.folder} cannot be written: {err.strerror}; trying again")
            return os.EX_IOERR
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
