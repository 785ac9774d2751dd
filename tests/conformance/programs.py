"""The programs: each a folder with Pulumi.yaml, __main__.py, and steps.yaml where it takes more than two times `up`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

PROGRAMS: Final = Path(__file__).parent / "programs"
RECORDINGS: Final = Path(__file__).parent / "recordings"
STACK: Final = "test"


@dataclass(frozen=True)
class Step:
    """One command of a program's life."""

    run: str = "up"
    """The CLI's words: `up`, `up --target **web`, `destroy`, `refresh`."""
    edit: int = 0
    """The config value `edit`: which version of the program this is. By default the step's number."""
    kubectl: tuple[tuple[str, Any], ...] = ()
    """What somebody else does to the cluster beforehand: the words, and the object on standard input."""
    differs: str = ""
    """Why the embedded engine does something else, where it does so on purpose."""

    @property
    def stack(self) -> str:
        """The stack that the step is for."""
        words = self.run.split()
        return words[words.index("--stack") + 1] if "--stack" in words else STACK


@dataclass(frozen=True)
class Program:
    """A program and its steps."""

    folder: Path
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def recording(self) -> Path:
        """What the CLI did."""
        return RECORDINGS / f"{self.name}.yaml"


def names(group: str = "*") -> list[str]:
    """Every program, or those of a group, as `group/name`."""
    return sorted(f"{file.parent.parent.name}/{file.parent.name}" for file in PROGRAMS.glob(f"{group}/*/__main__.py"))


def load(name: str) -> Program:
    """The program `group/name`."""
    folder = PROGRAMS / name
    file = folder / "steps.yaml"
    given: list[Any] = yaml.safe_load(file.read_text("utf-8")) if file.exists() else ["up", "up"]
    steps = [{"run": each} if isinstance(each, str) else each for each in given]
    return Program(folder, tuple(_step(number, each) for number, each in enumerate(steps)))


def _step(number: int, given: dict[str, Any]) -> Step:
    calls = (
        tuple((call, None) if isinstance(call, str) else next(iter(call.items())) for call in given["kubectl"])
        if ("kubectl" in given)
        else ()
    )
    return Step(given.get("run", "up"), given.get("edit", number), calls, given.get("differs", ""))
