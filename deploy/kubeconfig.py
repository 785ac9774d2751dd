"""The contexts of the kubeconfig files that a stack looks in, and the servers behind them."""

from __future__ import annotations

from typing import Any

from deploy.errors import DeployError
from deploy.stack import Stack
from engine.errors import EngineError
from engine.yamlfile import load_yaml


def servers(stack: Stack) -> dict[str, str]:
    """Context name to the URL of its API server; files that do not exist count as empty, as for kubectl.

    Raises:
        DeployError: a file is not a kubeconfig; its content, which holds credentials, is not quoted.
    """
    found: dict[str, str] = {}
    for file in filter(lambda path: path.is_file(), stack.kubeconfigs):
        try:
            content: Any = load_yaml(file) or {}
            clusters = {item["name"]: item["cluster"] for item in content.get("clusters") or []}
            for item in content.get("contexts") or []:
                server = clusters.get(item["context"].get("cluster"), {}).get("server", "")
                found.setdefault(item["name"], str(server))
        except EngineError as err:
            raise DeployError(str(err)) from err
        except (AttributeError, KeyError, TypeError) as err:
            raise DeployError(f"{file} is no kubeconfig: `clusters` and `contexts` must be lists of entries.") from err
    return found
