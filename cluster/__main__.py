"""`python -m cluster up|down|clean|status [--profile dev] [--no-install]`."""

from __future__ import annotations

import argparse
import os
import sys

import cluster
from cluster import status
from cluster.errors import ClusterError
from cluster.profile import Profile


def main(argv: list[str]) -> int:
    """Run one command; gives its exit code (sysexits(3))."""
    parser = argparse.ArgumentParser(prog="python -m cluster", description="The local Kubernetes cluster.")
    parser.add_argument("command", choices=["up", "down", "clean", "status"])
    parser.add_argument("--profile", default="dev", metavar="NAME", help="which cluster (default: dev)")
    parser.add_argument("--no-install", action="store_true", help="only list programs that are missing")
    try:
        options = parser.parse_args(argv)
    except SystemExit as err:
        return os.EX_USAGE if err.code else 0
    try:
        match options.command:
            case "up":
                hand = cluster.up(options.profile, install=not options.no_install, say=say)
                print(f"export KUBECONFIG={hand.kubeconfig}")
            case "down":
                cluster.down(options.profile, say=say)
            case "clean":
                cluster.clean(options.profile, say=say)
            case "status":
                print("\n".join(status.lines(Profile(options.profile))))
    except ClusterError as err:
        print(f"error: {err}", file=sys.stderr)
        return err.code
    except KeyboardInterrupt:
        return 130
    return 0


def say(line: str) -> None:
    """Progress goes to standard error, at once."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
