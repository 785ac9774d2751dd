"""Commands by the hundred: a process that has loaded what they load, and forks one for each.

Loading the Kubernetes SDK takes a second of CPU each time that a program runs, which is most of what the tests would
spend. Here a command, and the program that it starts, is a fork; in all else they are as a user has them.
`python -m tests.warm SOCKET`
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import hashlib
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, NoReturn

from engine import files
from engine.backend import passphrase

ROOT: Final = Path(__file__).parents[1]
_LOADED: Final = (
    "anyio._backends._asyncio", "cryptography.hazmat.primitives.ciphers.aead", "deploy.cli", "deploy.commands",
    "deploy.drift.command", "deploy.promotion.command", "deploy.status.command", "engine.cli", "engine.commands",
    "engine.deployment.deployment", "engine.docker.provider", "engine.kubernetes.inspect", "engine.kubernetes.provider",
    "engine.stack.vcs", "engine.update", "grpc._channel", "grpc.aio", "httpcore2", "pulumi.runtime.mocks",
    "pulumi_docker", "pulumi_kubernetes.apps.v1", "pulumi_kubernetes.apps.v1beta1", "pulumi_kubernetes.apps.v1beta2",
    "pulumi_kubernetes.core.v1", "pulumi_kubernetes.meta.v1", "pulumi_kubernetes.policy.v1",
)  # fmt: skip
_MOST: Final = 1 << 20
"""Bytes of a request."""


def run(
    module: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], *, given: str = "",
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """As subprocess.run does `python -m MODULE ARGUMENTS`, with its output captured; `given` is its input.

    A `module` that ends in `.py` is a script, by its path.
    """
    with (
        tempfile.TemporaryFile("w+") as stdin, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err
    ):  # fmt: skip
        stdin.write(given)
        stdin.seek(0)
        asked = {"module": module, "arguments": arguments, "folder": str(folder), "environment": {**environment}}
        reader, writer = os.pipe()
        socket.send_fds(_server(), [json.dumps(asked).encode()], [stdin.fileno(), out.fileno(), err.fileno(), writer])
        os.close(writer)
        with os.fdopen(reader) as told:
            pid = int(told.readline())
            late = not select.select([told], [], [], timeout)[0]
            if late:
                os.kill(pid, signal.SIGKILL)
            code = int(told.readline())
        for stream in (out, err):
            stream.seek(0)
        if late:
            raise subprocess.TimeoutExpired([module, *arguments], timeout, out.read(), err.read())
        return subprocess.CompletedProcess([module, *arguments], code, out.read(), err.read())


@cache
def _server() -> socket.socket:
    """The connection to the process, which lives as long as this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
            cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(requests: socket.socket) -> None:
    """Takes requests until the other side is gone."""
    for module in _LOADED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    folder = Path(tempfile.mkdtemp(prefix="keys-"))  # a TemporaryDirectory would go with the first fork that ends
    passphrase._derive = partial(_derived, folder, passphrase._derive)
    try:
        _take(requests)
    finally:
        shutil.rmtree(folder)


def _derived(folder: Path, derive: Callable[[str, bytes], bytes], words: str, salt: bytes) -> bytes:
    """The key of a passphrase: made once, for a million rounds would be the half of many a command."""
    file = folder / hashlib.sha256(f"{passphrase.ROUNDS} {words} {salt!r}".encode()).hexdigest()
    with suppress(FileNotFoundError):
        return file.read_bytes()
    key = derive(words, salt)
    files.write_atomic(file, key)
    return key


def _take(requests: socket.socket) -> None:
    running: dict[int, tuple[int, int]] = {}
    """By its pidfd: a command's pid, and where its end is to be told."""
    while True:
        for ready in select.select([requests.fileno(), *running], [], [])[0]:
            if ready in running:
                pid, told = running.pop(ready)
                os.write(told, f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())
                _close(ready, told)
                continue
            message, streams, _, _ = socket.recv_fds(requests, _MOST, 4)
            if not message:
                return
            *standard, told = streams
            pid = os.fork()
            if pid == 0:
                requests.close()
                os.close(told)
                _end(partial(_command, json.loads(message), standard))
            running[os.pidfd_open(pid)] = pid, told
            os.write(told, f"{pid}\n".encode())
            _close(*standard)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _command(asked: dict[str, Any], standard: list[int]) -> NoReturn:
    """Becomes what is asked for."""
    for number, stream in enumerate(standard):
        os.dup2(stream, number)
        os.close(stream)
    module, arguments = asked["module"], asked["arguments"]
    if module.endswith(".py"):
        _script([module, *arguments], asked["folder"], asked["environment"])
    _place(asked["folder"], asked["environment"])
    sys.path[0] = asked["folder"]
    _Popen.spares = [_Spare() for _ in range(_programs(arguments))]
    subprocess.Popen = _Popen  # type: ignore[misc]
    sys.argv = ["", *arguments]
    _end(partial(runpy.run_module, module, run_name="__main__", alter_sys=True))


def _programs(arguments: Sequence[str]) -> int:
    """How many programs a command is likely to start: its preview's and its update's."""
    if arguments[:1] in (["stack"], ["config"]):
        return 0
    return 1 if {"preview", "--skip-preview"} & set(arguments) else 2


def _place(folder: str, environment: Mapping[str, str]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)


def _script(words: list[str], folder: str, environment: Mapping[str, str]) -> NoReturn:
    """Becomes `python -u WORDS`."""
    _place(folder, environment)
    for name in [name for name, module in sys.modules.items() if _is_of_project(module)]:
        del sys.modules[name]  # the script may have others of these names
    given = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = [str(Path(words[0]).parent), *given, *(it for it in sys.path[1:] if it != str(ROOT))]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)  # type: ignore[union-attr]
    sys.argv = words
    _end(partial(runpy.run_path, words[0], run_name="__main__"))


def _is_of_project(module: object) -> bool:
    file = str(getattr(module, "__file__", None))
    return file.startswith(f"{ROOT}{os.sep}") and "site-packages" not in file


def is_own(python: str) -> bool:
    """Whether it is the interpreter that the tests run in."""
    return Path(python).parent.resolve() == Path(sys.executable).parent.resolve()


def _end(main: Callable[[], object]) -> NoReturn:
    """Ends the process with what `main` comes to."""
    if os.environ.get("PYTHONWARNINGS") == "error":
        warnings.simplefilter("error")
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the interpreter does
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Spare:
    """A child of a command, forked before that has threads; it becomes a script when it is told which."""

    def __init__(self) -> None:
        self.asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid:
            asked.close()
            return
        self.asking.close()
        message, streams, _, _ = socket.recv_fds(asked, _MOST, 16)
        if not message:
            os._exit(0)
        self._become(json.loads(message), streams, asked)

    def ask(self, streams: list[int], **asked: Any) -> None:
        """Says what to run, and waits until it is a process of its own."""
        with self.asking:
            socket.send_fds(self.asking, [json.dumps(asked).encode()], streams)
            self.asking.recv(1)

    def _become(self, asked: dict[str, Any], streams: list[int], ready: socket.socket) -> None:
        if asked["session"]:
            os.setsid()
        ready.send(b".")
        ready.close()
        high = [fcntl.fcntl(stream, fcntl.F_DUPFD, 500) for stream in streams]
        os.closerange(3, 500)
        for stream, number in zip(high, asked["numbers"], strict=True):
            os.dup2(stream, number)
            os.close(stream)
        _script(asked["words"], asked["folder"], asked["environment"])


class _Popen(subprocess.Popen[Any]):
    """Where a script is to be run by this interpreter, a spare becomes it."""

    spares: list[_Spare]

    def _execute_child(self, args: Any, *rest: Any) -> None:
        python, *words = args if isinstance(args, list) else [args]
        if words[:1] == ["-u"]:
            del words[0]
        if not (is_own(python) and words and words[0].endswith(".py") and self.spares):
            super()._execute_child(args, *rest)  # type: ignore[misc]
            return
        spare = self.spares.pop()
        _, _, _, passed, cwd, env, _, _, _, *pipes = rest[:15]
        stdin, _, _, stdout, _, stderr = pipes
        spare.ask(
            [stdin, stdout, stderr, *passed], numbers=[0, 1, 2, *passed], words=words, folder=str(cwd or Path.cwd()),
            session=rest[20], environment=dict(os.environ if env is None else env),
        )  # fmt: skip
        self.pid = spare.pid
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
