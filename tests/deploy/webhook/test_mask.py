"""No secret gets into a log."""

from __future__ import annotations

import io
import os
from pathlib import Path

from deploy.webhook import mask


def test_secrets_are_known_by_their_names_and_files(tmp_path: Path) -> None:
    (tmp_path / "given").write_text("from-a-file\n")
    (tmp_path / ".config" / "flask-k8s").mkdir(parents=True)
    (tmp_path / ".config" / "flask-k8s" / "prod.passphrase").write_text("of-prod-itself\n")
    env = {
        "HOME": str(tmp_path),
        "GITHUB_TOKEN": "ghp_1234567890",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "given"),
        "AWS_SECRET_ACCESS_KEY": "first-line\nsecond-line",
        "A_TOKEN": "short",
        "GIT_AUTHOR_NAME": "Somebody Else",
        "REGISTRY_PASSWORD": "tiny",
        "AZURE_PAT": "of-azure-devops",
        "PATH": "/usr/bin:/bin",
    }
    found = mask.secrets(env)
    assert sorted(found) == [
        *("first-line", "from-a-file", "ghp_1234567890", "of-azure-devops", "of-prod-itself", "second-line", "tiny")
    ]
    assert found == sorted(found, key=len, reverse=True)


def test_lines_lose_secrets_credentials_and_control_characters() -> None:
    line = "\x1b[31mpush\x1b[0m to https://me:pass@host/x with tok-\x1b[1m12345\r"
    assert mask.masked(line, ["tok-12345"]) == "push to https://host/x with [secret]"


def test_a_log_is_appended_to_and_has_an_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    mask.copy(io.BytesIO(b"a tok-12345\nno end of line"), log, ["tok-12345"])
    assert log.read_text() == "before\na [secret]\nno end of line\n"
    mask.copy(io.BytesIO(b"x" * 60 + b"\n" + b"y\n"), log, [], longest=80)
    assert log.read_text().splitlines()[3:] == ["[the log is full; what follows is dropped]"]
    fresh = tmp_path / "fresh"
    mask.copy(io.BytesIO(b""), fresh, [])
    assert os.stat(fresh).st_mode & 0o077 == 0
