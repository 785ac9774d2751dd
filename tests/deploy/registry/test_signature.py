from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.registry.reference import Reference
from deploy.registry.signature import verify
from tests.cluster.fakes import Programs

REF = Reference("localhost:5001", "app", "sha256:" + "0a" * 32)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "cosign.pub"
    path.write_text("-----BEGIN PUBLIC KEY-----\n")
    return path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """The folder that is the whole of PATH."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return Programs(tmp_path / "bin")


def test_a_signature_and_an_sbom_are_asked_for_with_the_key(programs: Programs, key: Path) -> None:
    programs.add("cosign")
    assert verify(REF, key) == ["signature verified with cosign.pub"]
    lines = verify(REF, key, "spdxjson")
    assert lines == ["signature verified with cosign.pub", "SBOM (spdxjson) verified with cosign.pub"]
    rest = f"--key {key} --insecure-ignore-tlog=true {REF}"
    signature, sbom = f"cosign verify {rest}", f"cosign verify-attestation --type spdxjson {rest}"
    assert programs.calls == [signature, signature, sbom]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            'echo "Error: WARNING" >&2; echo "no signatures found" >&2; exit 10',
            "signature .* cosign: no signatures found.",
        ),
        ("exit 12", "signature .* cosign: exit code 12"),
        ('[ "$1" = verify ] || exit 1', "signed spdxjson SBOM .*`cosign attest`"),
    ],
)
def test_what_is_not_signed_is_refused_with_the_reason(programs: Programs, key: Path, script: str, said: str) -> None:
    programs.add("cosign", script)
    with pytest.raises(DeployError, match=f"{REF} has no {said}") as caught:
        verify(REF, key, "spdxjson")
    assert caught.value.code == 1


def test_a_missing_cosign_is_named_with_its_mend(programs: Programs, key: Path) -> None:
    with pytest.raises(DeployError, match=r"cosign is missing.*Install it") as caught:
        verify(REF, key)
    assert caught.value.code == 69
    assert not programs.calls


def test_a_cosign_that_hangs_is_ended(programs: Programs, key: Path) -> None:
    programs.add("cosign", "exec /bin/sleep 30")
    with pytest.raises(DeployError, match="`cosign verify` gave no answer") as caught:
        verify(REF, key, timeout=0.2)
    assert caught.value.code == 69


def test_a_missing_key_is_named(programs: Programs, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"key .*/nothing\.pub is missing") as caught:
        verify(REF, tmp_path / "nothing.pub")
    assert caught.value.code == 78
    assert not programs.calls
