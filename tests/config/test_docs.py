"""docs/configuration.md against the keys that there are."""

import re
import subprocess
import sys

from config.schema import FIELDS
from tests.config.values import ROOT

TEXT = (ROOT / "docs/configuration.md").read_text()


def test_every_key_that_is_set_in_an_example_exists() -> None:
    set_in_examples = re.findall(r"config (?:set|rm)(?: dev set)?(?: --\w+(?: (?:dev|mine))?)* '?([A-Za-z]+)", TEXT)
    assert len(set_in_examples) >= 8
    assert set(set_in_examples) <= set(FIELDS)


def test_what_must_be_given_is_said() -> None:
    for key in ("context", "secretKey", "hashKey", "registry", "image"):
        assert f"`{key}`" in TEXT


def test_reading_a_configuration_needs_no_sdk() -> None:
    """Commands refuse a wrong one at once."""
    program = "import sys, config; assert not {'pulumi', 'pulumi_kubernetes', 'yaml'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
