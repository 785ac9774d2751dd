"""Certificates: who they name, who signed them, and when they are made anew."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from cluster import pki

NODE = "flask-k8s-test"


def load(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


def texts(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    pki.ensure(folder, NODE)
    return folder


def test_a_second_time_changes_nothing(folder: Path) -> None:
    before = texts(folder)
    assert not pki.ensure(folder, NODE)
    assert texts(folder) == before
    assert pki.fresh(folder, NODE)


def test_keys_are_the_owners_alone(folder: Path) -> None:
    assert {file.stat().st_mode & 0o777 for file in folder.glob("*.key")} == {0o600}


@pytest.mark.parametrize("leaf", pki.leaves(NODE), ids=lambda leaf: leaf.file)
def test_each_is_signed_by_its_authority_and_names_its_owner(folder: Path, leaf: pki.Leaf) -> None:
    certificate = load(folder, leaf.file)
    certificate.verify_directly_issued_by(load(folder, leaf.authority))
    subject = certificate.subject
    assert [name.value for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [leaf.name]
    assert [name.value for name in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == list(leaf.groups)


def test_the_api_server_is_named_as_host_and_pods_call_it(folder: Path) -> None:
    names = load(folder, "apiserver").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    assert {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("10.96.0.1")} <= set(addresses)
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)


def test_only_the_admin_may_do_everything(folder: Path) -> None:
    masters = [leaf.file for leaf in pki.leaves(NODE) if "system:masters" in leaf.groups]
    assert masters == ["admin"]


def test_what_ends_soon_is_made_anew_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pki, "LEAF_DAYS", pki.RENEW_DAYS - 1)
    pki.ensure(tmp_path, NODE)
    monkeypatch.undo()
    before, authority = load(tmp_path, "kubelet"), load(tmp_path, "ca")
    assert not pki.fresh(tmp_path, NODE)
    assert pki.ensure(tmp_path, NODE)
    assert load(tmp_path, "kubelet").serial_number != before.serial_number
    assert load(tmp_path, "kubelet").not_valid_after_utc - before.not_valid_after_utc > datetime.timedelta(days=200)
    assert load(tmp_path, "ca") == authority


def test_a_new_authority_signs_everything_anew_even_after_a_kill(tmp_path: Path) -> None:
    pki.ensure(tmp_path, NODE)
    (tmp_path / "ca.crt").unlink()
    (tmp_path / "other").mkdir()
    pki.ensure(tmp_path / "other", NODE)  # as if the run had been killed after it replaced the authority
    for end in ("crt", "key"):
        (tmp_path / "other" / f"ca.{end}").replace(tmp_path / f"ca.{end}")
    assert not pki.fresh(tmp_path, NODE)
    assert pki.ensure(tmp_path, NODE)
    load(tmp_path, "admin").verify_directly_issued_by(load(tmp_path, "ca"))


@pytest.mark.parametrize("name", ["admin.crt", "admin.key", "service-account.pub", "ca.key"])
def test_what_is_missing_is_made(tmp_path: Path, name: str) -> None:
    pki.ensure(tmp_path, NODE)
    (tmp_path / name).unlink()
    assert pki.ensure(tmp_path, NODE)
    assert pki.fresh(tmp_path, NODE)


def test_a_broken_certificate_is_made_anew(tmp_path: Path) -> None:
    pki.ensure(tmp_path, NODE)
    (tmp_path / "admin.crt").write_text("-----BEGIN")
    assert pki.ensure(tmp_path, NODE)
    load(tmp_path, "admin")
