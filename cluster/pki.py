"""The certificates of a node: one authority of its own, and what each part needs to prove who it is.

Follows https://kubernetes.io/docs/setup/best-practices/certificates/.
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cluster import profile
from cluster.files import write

AUTHORITY_DAYS: Final = 3650
LEAF_DAYS: Final = 365
RENEW_DAYS: Final = 60
"""What ends in fewer days is made anew; an authority in turn renews all that it signed."""


@dataclass(frozen=True)
class Leaf:
    """A certificate: who (`name`, `groups`), and for a server also its host names and addresses."""

    file: str
    name: str
    groups: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    authority: str = "ca"


def leaves(node: str) -> list[Leaf]:
    """All certificates of a node of that name, by file in the pki folder."""
    local = ("localhost", "127.0.0.1", profile.NODE_ADDRESS)
    services = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1")
    full = f"kubernetes.default.svc.{profile.DNS_DOMAIN}"
    return [
        Leaf("apiserver", "kube-apiserver", hosts=(*local, *services, full)),
        Leaf("apiserver-kubelet", "flask-k8s:apiserver"),
        Leaf("admin", "flask-k8s:admin", ("system:masters",)),
        Leaf("controller-manager", "system:kube-controller-manager"),
        Leaf("scheduler", "system:kube-scheduler"),
        Leaf("kubelet", f"system:node:{node}", ("system:nodes",)),
        Leaf("kubelet-server", f"system:node:{node}", ("system:nodes",), (node, *local)),
        Leaf("proxy", "system:kube-proxy"),
        Leaf("coredns", "flask-k8s:coredns"),
        Leaf("forwarder", "flask-k8s:forwarder"),
        Leaf("front-proxy", "front-proxy-client", authority="front-proxy-ca"),
    ]


def ensure(folder: Path, node: str) -> bool:
    """Have all keys and certificates in `folder` as PEM files `<name>.key`, `<name>.crt`; says if any is new.

    Keys are P-256. `service-account.key` and `.pub` sign and verify the tokens of service accounts.
    """
    changed = False
    for name in ("ca", "front-proxy-ca"):
        if not _fresh(folder, name):
            key = ec.generate_private_key(ec.SECP256R1())
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"flask-k8s {node} {name}")])
            builder = _builder(subject, subject, key.public_key(), AUTHORITY_DAYS).add_extension(
                x509.BasicConstraints(ca=True, path_length=None), critical=True
            )
            _save(folder, name, key, builder.add_extension(_usage(ca=True), critical=True).sign(key, hashes.SHA256()))
            changed = True
    for leaf in leaves(node):
        if not _fresh(folder, leaf.file, leaf.authority):
            _issue(folder, leaf)
            changed = True
    if not (folder / "service-account.pub").exists():
        key = ec.generate_private_key(ec.SECP256R1())
        write(folder / "service-account.key", _private(key))
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        write(folder / "service-account.pub", public)
        changed = True
    return changed


def fresh(folder: Path, node: str) -> bool:
    """Whether nothing in `folder` is missing or due to be renewed."""
    pairs = [("ca", "ca"), ("front-proxy-ca", "front-proxy-ca"), *((f.file, f.authority) for f in leaves(node))]
    return (folder / "service-account.pub").exists() and all(_fresh(folder, *pair) for pair in pairs)


def _issue(folder: Path, leaf: Leaf) -> None:
    authority = x509.load_pem_x509_certificate((folder / f"{leaf.authority}.crt").read_bytes())
    signer = serialization.load_pem_private_key((folder / f"{leaf.authority}.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101 - made by this module
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in leaf.groups),
            x509.NameAttribute(NameOID.COMMON_NAME, leaf.name),
        ]
    )
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if leaf.hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(subject, authority.subject, key.public_key(), LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if leaf.hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in leaf.hosts]), critical=False)
    _save(folder, leaf.file, key, builder.sign(signer, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _fresh(folder: Path, name: str, authority: str = "") -> bool:
    """Whether the key and certificate are there, signed by the authority (else by itself), and far from their end."""
    try:
        (folder / f"{name}.key").stat()
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())
        issuer = x509.load_pem_x509_certificate((folder / f"{authority or name}.crt").read_bytes())
        certificate.verify_directly_issued_by(issuer)
    except (FileNotFoundError, ValueError, InvalidSignature):
        return False
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return left > datetime.timedelta(days=RENEW_DAYS)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _save(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    (folder / f"{name}.crt").unlink(missing_ok=True)  # never a certificate beside another's key
    write(folder / f"{name}.key", _private(key))
    write(folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))
