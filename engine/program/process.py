# ruff: noqa: PLC0415 - what is not needed to start the process is imported after its start
"""Starts, feeds and ends the process that runs the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from engine.errors import CONFIG, EngineError
from engine.workspace.project import Project

_SCRIPT: Final = Path(__file__).with_name("host.py")
_OF_OTHERS: Final = ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS")
"""What a CLI around this process may have set for its own program."""


def entry_point(project: Project) -> Path:
    """The program's file; EngineError (78) where there is none."""
    main = project.main / "__main__.py" if project.main.is_dir() else project.main
    if not main.is_file():
        raise EngineError(
            f"there is no program at {main}: a Python project has a `__main__.py` (or names it in `main`)", CONFIG
        )
    return main


def interpreter(project: Project) -> str:
    """The virtualenv's Python where the project names one that exists, else the one that runs the engine."""
    if project.virtualenv is not None:
        python = project.virtualenv / "bin" / "python"
        if python.exists():
            return str(python)
    return sys.executable


class Program:
    """The program's process. It starts importing the SDK at once, and runs once it is fed."""

    def __init__(self, project: Project) -> None:
        """Starts the process, in a session of its own; it dies with this one."""
        main = entry_point(project)
        self._main = main
        python = interpreter(project)
        environment = {key: value for key, value in os.environ.items() if key not in _OF_OTHERS}
        if python != sys.executable and project.virtualenv is not None:
            environment["VIRTUAL_ENV"] = str(project.virtualenv)
            environment["PATH"] = f"{project.virtualenv / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
            environment.pop("PYTHONHOME", None)
        reader, self._pipe = os.pipe()
        try:
            self._process = subprocess.Popen(
                [python, "-u", str(_SCRIPT), str(reader), str(os.getpid()), str(main.parent)],
                cwd=main.parent, env=environment, pass_fds=(reader,), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except OSError as err:
            os.close(self._pipe)
            raise EngineError(f"the interpreter {python} cannot be run: {err.strerror}", CONFIG) from err
        finally:
            os.close(reader)

    def feed(self, settings: Mapping[str, Any]) -> None:
        """Hands over the settings and the config; the program runs now."""
        import json

        content = json.dumps({**settings, "program": str(self._main)}).encode() + b"\n"
        with os.fdopen(self._pipe, "wb") as pipe, suppress(BrokenPipeError):
            self._pipe = -1
            pipe.write(content)

    async def wait(self, line: Callable[[str], None]) -> int:
        """The exit code; every line that the program prints goes to `line` meanwhile."""
        import asyncio

        streams = [stream for stream in (self._process.stdout, self._process.stderr) if stream is not None]
        await asyncio.gather(*(_lines(stream, line) for stream in streams))
        return await asyncio.to_thread(self._process.wait)

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Sends a signal to the program and whatever it started."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def close(self) -> None:
        """Makes sure that nothing of it is left."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        self.signal(signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


async def _lines(stream: Any, line: Callable[[str], None]) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stream)
    rest = b""
    try:
        while chunk := await reader.read(1 << 16):
            *whole, rest = (rest + chunk).split(b"\n")
            for raw in whole:
                line(raw.decode(errors="replace"))
        if rest:
            line(rest.decode(errors="replace"))
    finally:
        transport.close()
