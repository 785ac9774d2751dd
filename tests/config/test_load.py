from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import config as runtime

from config import DEV_PASSPHRASE, ConfigError
from config.load import load
from tests.components.recorder import record
from tests.config.values import SECRETS, values


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    runtime.set_all_config({}, [])


@pytest.fixture
def _running() -> None:
    record(lambda: None, stack="prod")
    assert pulumi.get_stack() == "prod"


@pytest.mark.usefixtures("_running")
def test_reads_what_pulumi_set() -> None:
    runtime.set_all_config(values(replicas=7), list(SECRETS))
    assert (load().stack, load().replicas) == ("prod", 7)


@pytest.mark.usefixtures("_running")
def test_knows_which_values_are_encrypted() -> None:
    runtime.set_all_config(values(), [])
    with pytest.raises(ConfigError, match=r"secretKey \[secret\]: must be encrypted"):
        load()


@pytest.mark.usefixtures("_running")
@pytest.mark.parametrize("by_file", [False, True])
def test_knows_the_passphrase(by_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.set_all_config(values(), list(SECRETS))
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    if by_file:
        (tmp_path / "passphrase").write_text(f"{DEV_PASSPHRASE}\n")
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    else:
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", DEV_PASSPHRASE)
    with pytest.raises(ConfigError, match="throwaway passphrase"):
        load()
