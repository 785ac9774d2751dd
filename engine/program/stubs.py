"""The protocol's generated modules, without the rest of the SDK.

`import pulumi.runtime.proto.resource_pb2` would first import the whole SDK, 0.15 s that a no-op preview feels. Where
the SDK is not loaded yet, its packages are therefore stood in for by empty ones while the modules are imported.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import UNAVAILABLE, EngineError

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")
_MODULES = ("resource_pb2", "resource_pb2_grpc", "engine_pb2", "engine_pb2_grpc")


def _load() -> dict[str, Any]:
    names = {name: f"pulumi.runtime.proto.{name}" for name in _MODULES}
    if "pulumi" in sys.modules:
        return {name: import_module(full) for name, full in names.items()}
    spec = find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        raise EngineError("the Pulumi SDK is not installed: pip install -r requirements.txt", UNAVAILABLE)
    folder = Path(spec.submodule_search_locations[0])
    try:
        for package in _PACKAGES:
            module = ModuleType(package)
            module.__path__ = [str(folder)]
            sys.modules[package] = module
            folder = folder / ("runtime" if package == "pulumi" else "proto")
        return {name: import_module(full) for name, full in names.items()}
    finally:
        for package in _PACKAGES:
            sys.modules.pop(package, None)


_loaded = _load()
resource: Any = _loaded["resource_pb2"]
resource_grpc: Any = _loaded["resource_pb2_grpc"]
engine: Any = _loaded["engine_pb2"]
engine_grpc: Any = _loaded["engine_pb2_grpc"]
