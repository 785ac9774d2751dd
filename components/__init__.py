"""Pulumi components for one web application on Kubernetes; each is usable on its own in another project.

They register what they are given under themselves (`parent=self`) and read no stack config. Every default is the safe
one and yields to a typed argument. Type tokens are `flask-k8s:index:<Name>`; they are part of every URN and stay.

The names are imported on first use, so that a stack that deploys a pinned image never loads the Docker SDK.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.config_map import AppConfigMap, AppConfigMapArgs
    from components.deployment import AppDeployment, AppDeploymentArgs
    from components.deployment_args import Probes, Resources
    from components.flask_app import FlaskApp, FlaskAppArgs
    from components.image import AppImage, AppImageArgs
    from components.labels import AppLabels
    from components.namespace import AppNamespace, AppNamespaceArgs
    from components.secret import AppSecret, AppSecretArgs
    from components.service import AppService, AppServiceArgs

__all__ = [
    "AppConfigMap",
    "AppConfigMapArgs",
    "AppDeployment",
    "AppDeploymentArgs",
    "AppImage",
    "AppImageArgs",
    "AppLabels",
    "AppNamespace",
    "AppNamespaceArgs",
    "AppSecret",
    "AppSecretArgs",
    "AppService",
    "AppServiceArgs",
    "FlaskApp",
    "FlaskAppArgs",
    "Probes",
    "Resources",
]

_MODULES = {
    "AppConfigMap": "config_map",
    "AppDeployment": "deployment",
    "AppImage": "image",
    "AppLabels": "labels",
    "AppNamespace": "namespace",
    "AppSecret": "secret",
    "AppService": "service",
    "FlaskApp": "flask_app",
    "Probes": "deployment_args",
    "Resources": "deployment_args",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name.removesuffix("Args"))
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
