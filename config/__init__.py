"""The stack's configuration: parsed and checked as a whole before anything is done with it.

`parse` is pure, and needs no running Pulumi; `load` feeds it from a running Pulumi program.
"""

from config.errors import ConfigError, Failure
from config.parse import parse
from config.record import StackConfig
from config.schema import DEV_CONTEXT, DEV_PASSPHRASE, DEV_STACK, PROJECT

__all__ = [
    "DEV_CONTEXT",
    "DEV_PASSPHRASE",
    "DEV_STACK",
    "PROJECT",
    "ConfigError",
    "Failure",
    "StackConfig",
    "parse",
]
