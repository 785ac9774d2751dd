# ruff: noqa: PLC0415 - the engine must be outlived by nothing, so that comes before the slow imports
"""Runs a Pulumi program in a process of its own, as the CLI's Python language host does.

Started by path, by the project's interpreter, so it imports nothing of the engine. It takes its settings and the
config as one JSON line from a pipe: secrets never enter the environment or the command line.
Source: sdk/python/cmd/pulumi-language-python-exec.
"""

import sys

PIPE, PARENT, FOLDER = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
sys.path[0] = FOLDER  # as `python __main__.py` has it; also hides the engine's own modules

import gc  # noqa: E402

gc.disable()  # the imports make a great many objects, and no garbage

import ctypes  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
from typing import Any  # noqa: E402

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def die_with_parent() -> None:
    """A killed engine must not leave its program running."""
    ctypes.CDLL(None, use_errno=True).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != PARENT:
        os._exit(1)


def main() -> int:
    """Runs the program; 32 when it failed and said why."""
    die_with_parent()
    import asyncio
    import json
    import logging
    import runpy
    import traceback
    from concurrent.futures import ThreadPoolExecutor

    try:
        import pulumi
        import pulumi.runtime
    except ImportError:
        traceback.print_exc()
        print(
            "The Pulumi SDK is not installed for " + sys.executable + ": pip install -r requirements.txt, "
            "or name the virtualenv that has it in Pulumi.yaml (runtime.options.virtualenv)",
            file=sys.stderr,
        )
        return 32

    warm()
    with os.fdopen(PIPE, "rb") as pipe:
        line = pipe.readline()
    if not line:
        return 1  # the engine gave up before the program's start
    given = json.loads(line)
    pulumi.runtime.set_all_config(given["config"], given["secret_keys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=given["monitor"], engine=given["engine"], project=given["project"], stack=given["stack"],
            parallel=given["parallel"], dry_run=given["dry_run"], organization=given["organization"],
            root_directory=given["root"],
        )
    )  # fmt: skip
    pulumi.log.debug = _nothing  # the SDK says three such lines for each resource, and waits for each to be taken
    program = given["program"]
    del given, line
    sys.argv = [program]

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=pulumi.runtime.settings.SETTINGS.parallel * 4)
    loop.set_default_executor(executor)
    # a failed program leaves futures behind that nobody awaits; asyncio's complaints about them help nobody
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # the outputs of every resource stay to the end
    gc.enable()

    async def run() -> None:
        runpy.run_path(program, run_name="__main__")
        await settled(pulumi.runtime.settings.SETTINGS)

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(run))
        return 0
    except pulumi.RunError as err:
        pulumi.log.error(str(err))
        return 1
    except Exception:
        pulumi.log.error("Program failed with an unhandled exception:\n" + user_traceback(program))
        return 32
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()


async def settled(settings: Any) -> None:
    """Returns once every output has its value, or one has failed.

    The SDK waits for them as well, but looks at all the others whenever one of them comes: for 2,000 resources 10 s.
    """
    import asyncio

    while True:
        with settings.lock:
            waiting = [output for output in settings.outputs if not output.done()]
        if not waiting:
            return
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
        if any(output.cancelled() or output.exception() for output in done):
            return


def _nothing(*_args: object, **_options: object) -> None:
    """In place of what is never shown."""


def warm() -> None:
    """Imports the SDK modules that the program is going to use, while the engine still prepares.

    Only names of `pulumi_*` packages that the program's files import at their top and then use are touched, so that
    nothing is loaded that would not be; `pulumi_kubernetes.core.v1` alone takes 0.2 s.
    """
    import importlib
    import re

    seen: set[str] = set()
    files = [os.path.join(FOLDER, "__main__.py")]
    while files:
        path = files.pop()
        if path in seen or len(seen) > 200:
            continue
        seen.add(path)
        try:
            with open(path, encoding="utf-8") as file:
                source = file.read()
        except (OSError, UnicodeDecodeError):
            continue
        for name in set(re.findall(r"^(?:from|import)\s+(\w+)", source, re.MULTILINE)):
            folder = os.path.join(FOLDER, name)
            if os.path.isfile(folder + ".py"):
                files.append(folder + ".py")
            elif os.path.isfile(os.path.join(folder, "__init__.py")):
                files += [os.path.join(folder, entry) for entry in os.listdir(folder) if entry.endswith(".py")]
        for package, alias in re.findall(r"^import (pulumi_\w+)(?: as (\w+))?\s*$", source, re.MULTILINE):
            for chain in sorted(set(re.findall(rf"\b{alias or package}((?:\.\w+)+)", source))):
                try:
                    value = importlib.import_module(package)
                    for part in chain[1:].split("."):
                        value = getattr(value, part)
                except Exception:  # noqa: S112  # the program itself will say what is wrong
                    continue


def user_traceback(program: str) -> str:
    """The traceback from the program's first frame on."""
    import traceback

    frames = traceback.extract_tb(sys.exc_info()[2])
    for index, frame in enumerate(frames):
        if os.path.abspath(frame.filename) == os.path.abspath(program):
            return traceback.format_exc(limit=index - len(frames))
    return traceback.format_exc()


def leave(code: int) -> None:
    """Ends as Python does, but for the taking apart of every module, which takes 50 ms and serves nobody."""
    import atexit
    import threading

    threading._shutdown()  # type: ignore[attr-defined]  # waits for the program's threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
