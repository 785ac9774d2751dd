"""What the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """One deployment's values. An empty variable counts as unset."""

    greeting: str = "Hello from Kubernetes!"
    """GREETING: first line of the answer."""
    name: str = "flask-k8s"
    """NAME: the application's name."""
    environment: str = "local"
    """ENVIRONMENT: such as dev or production."""
    pod: str = "none"
    """POD_NAME: which pod answers."""
    version: str = "unknown"
    """VERSION: the commit that the image was built from."""
    log_level: str = "info"
    """LOG_LEVEL: debug, info, warning or error."""
    secret_key: str | None = field(default=None, repr=False)
    """SECRET_KEY: signs sessions; without it, using one is an error."""

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Settings:
        """The settings that an environment stands for; see the fields for the variables and defaults."""
        variables = {
            "greeting": "GREETING",
            "name": "NAME",
            "environment": "ENVIRONMENT",
            "pod": "POD_NAME",
            "version": "VERSION",
            "log_level": "LOG_LEVEL",
            "secret_key": "SECRET_KEY",
        }
        return cls(**{name: env[variable] for name, variable in variables.items() if env.get(variable)})
