# ruff: noqa: PLC0415 - the SDK may be missing, and that is to be said in one line
"""Runs a Pulumi program under the SDK's mocks, in a process of its own, and prints what it registered as JSON.

Started by path in the program's folder, by the project's interpreter, so it imports nothing of this package. Settings
and config come on standard input: secrets never enter the environment or the command line.
"""

import json
import os
import runpy
import sys
import traceback
from typing import Any

_KEPT = ("kubernetes:", "docker:index/image:Image")


def main() -> dict[str, Any]:
    """`resources`; or why there are none: `refused` by the program, `failed` unforeseen, or the SDK is `missing`."""
    given = json.load(sys.stdin)
    sys.path[0] = os.getcwd()  # as `python __main__.py` has it
    try:
        import pulumi
        from pulumi.runtime import mocks
    except ImportError as err:
        return {"missing": f"{sys.executable}: {err}"}
    pulumi.runtime.set_all_config(given["config"], given["secret_keys"])
    found: list[dict[str, Any]] = []

    class Offline(mocks.Mocks):
        """Answers as a preview does: what only the cluster can know stays unknown."""

        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            state = args.inputs
            owned = args.custom is not None  # else it is only read
            if owned and args.typ.startswith(_KEPT):
                if args.typ.startswith("kubernetes:"):
                    state.setdefault("metadata", {}).setdefault("name", args.name)
                found.append({"type": args.typ, "name": args.name, "inputs": _plain(state)})
            match args.typ:
                case "docker:index/image:Image":
                    repository = state["imageName"].rpartition(":")[0]
                    state["repoDigest"] = given["image"] or f"{repository}@{given['digest']}"
                case "kubernetes:core/v1:Service":
                    for port in state.get("spec", {}).get("ports", ()):
                        port.setdefault("nodePort", 0)
            return f"{args.name}-id", state

        def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
            raise RuntimeError(f"the program calls {args.token}, which only a provider could answer")

    mocks.set_mocks(Offline(), project=given["project"], stack=given["stack"], preview=True)

    def program() -> None:
        runpy.run_path(given["program"], run_name="__main__")

    try:
        mocks.test(program)()  # type: ignore[no-untyped-call]
    except pulumi.RunError as err:
        return {"refused": str(err)}
    except Exception as err:
        place = traceback.extract_tb(err.__traceback__)[-1]
        return {"failed": f"{type(err).__name__} at {place.filename}:{place.lineno}", "text": str(err)}
    return {"resources": found}


def _plain(value: Any) -> Any:
    """The value as JSON has it; an unknown one is None, which the SDK itself never sends."""
    from pulumi.output import Unknown
    from pulumi.runtime import rpc

    if rpc.is_rpc_secret(value):
        return _plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # every number is a double on the wire
    return None if isinstance(value, Unknown) else value


if __name__ == "__main__":
    answer = os.dup(1)
    os.dup2(2, 1)  # what the program prints is no part of the answer
    result = json.dumps(main(), sort_keys=True)
    with os.fdopen(answer, "w") as pipe:
        pipe.write(result)
