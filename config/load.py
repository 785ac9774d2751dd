"""The one place that reads a running Pulumi program's configuration."""

from __future__ import annotations

import os
from pathlib import Path

import pulumi
from pulumi.runtime import config as runtime

from config.parse import parse
from config.record import StackConfig


def load() -> StackConfig:
    """The running stack's configuration, checked. Raises ConfigError."""
    values: dict[str, str] = {**runtime.get_config_env(), **runtime.CONFIG.get()}
    secret_keys = {key for key in values if runtime.is_config_secret(key)}
    secret_keys.update(runtime.get_config_secret_keys_env())
    return parse(pulumi.get_stack(), values, secret_keys, passphrase=_passphrase())


def _passphrase() -> str | None:
    """The passphrase in use, found as Pulumi finds it; None where Pulumi asks for it or uses another manager."""
    direct = os.environ.get("PULUMI_CONFIG_PASSPHRASE")
    if direct is not None:
        return direct
    path = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip() if path else None
    except OSError:
        return None
