"""What `protect` is about, said to a tool that deletes what is no longer in git."""

from __future__ import annotations

from typing import Any, Final

KINDS: Final = "(Namespace|Deployment|Service)"
"""As `protect` has it: not the ConfigMap and the Secrets, of which new content makes new ones."""


def kept(annotation: str, value: str) -> dict[str, Any]:
    """A patch of kustomize that says to the tool: never delete these. Its own kind and name count for nothing."""
    patch = f"apiVersion: v1\nkind: Any\nmetadata:\n  name: any\n  annotations:\n    {annotation}: {value}\n"
    return {"target": {"kind": KINDS}, "patch": patch}
