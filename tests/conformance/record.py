"""Records what the Pulumi CLI on PATH does with the programs: `python -m tests.conformance.record [GROUP/NAME ...]`.

It needs a cluster: that of the profile `--profile` (default: conformance), which it starts, and leaves running.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

import cluster
from tests.conformance import scrub
from tests.conformance.programs import load, names
from tests.conformance.world import CLI, World


def main(argv: list[str]) -> int:
    """Records the named programs, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="GROUP/NAME", default=names())
    parser.add_argument("--profile", default="conformance")
    arguments = parser.parse_args(argv)
    node = cluster.up(arguments.profile, say=lambda line: print(line, file=sys.stderr))
    cli = subprocess.run(["pulumi", "version"], check=True, capture_output=True, text=True).stdout.strip()
    for name in arguments.names:
        record(name, node, {"pulumi": cli, "pulumi-kubernetes": version("pulumi-kubernetes")})
        print(f"{name}: recorded", flush=True)
    return 0


def record(name: str, node: cluster.Handout, versions: dict[str, str]) -> None:
    """Runs a program's steps one after the other, and writes what they came to."""
    program = load(name)
    with tempfile.TemporaryDirectory() as folder:
        world = World.make(program, node, Path(folder))
        steps = [world.step(CLI, step) for step in program.steps]
    program.recording.parent.mkdir(exist_ok=True)
    content: Any = scrub.shared({"versions": versions, "steps": steps})
    text = yaml.dump(content, Dumper=yaml.CSafeDumper, width=120, default_flow_style=None, sort_keys=False)
    program.recording.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
