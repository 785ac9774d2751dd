"""An update that goes wrong."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import update
from engine.errors import EngineError
from engine.stack import vcs


def test_an_error_waits_for_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, waited = threading.Event(), []

    def hang(folder: Path) -> tuple[dict[str, str], str]:
        waited.append(ended.wait(10))
        return {}, ""

    async def fail(*_: Any, **__: Any) -> None:
        raise EngineError("the program cannot be started")

    monkeypatch.setattr(vcs, "describe", hang)
    monkeypatch.setattr(update, "run_once", fail)
    project = SimpleNamespace(name="demo", root=tmp_path)
    stack: Any = SimpleNamespace(project=project, name="dev", config=lambda validate: {})
    with pytest.raises(EngineError, match="cannot be started"):
        asyncio.run(update._once(stack, update.Options("update"), None, preview=False))
    assert waited == []
    ended.set()
