import subprocess
import sys

import pytest

import components


def test_every_name_can_be_had() -> None:
    for name in components.__all__:
        assert getattr(components, name).__name__ == name


def test_another_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'AppPony'"):
        _ = components.AppPony


def test_the_rules_need_no_sdk() -> None:
    """`config` uses them, and with it commands that should start at once."""
    program = "import sys, components.rules; assert 'pulumi' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
