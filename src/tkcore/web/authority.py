"""The certificate authority of this machine, and the certificate of the address that a tablet comes to.

It knows keys, names and dates. The authority's key is made once and leaves its folder never; into its certificate is
written what it may sign: private addresses and the names of a local network, so that whoever steals the key can pose as
no site of the internet. The certificate of the address is made anew when the address changes, and no tablet notices.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Network, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from tkcore.disk import Disk
from tkcore.errors import BadInput
from tkcore.web.lan import DOMAINS, PRIVATE, Lan, Place

_SIX = (IPv6Network("fc00::/7"), IPv6Network("fe80::/10"))
LASTS = timedelta(days=1826)
"""Five years: as long as a tablet need not be touched again."""
LEAF_LASTS = timedelta(days=30)
RENEWED = timedelta(days=7)
"""A certificate with less than this before it is made anew: no session meets its end."""
EARLIER = timedelta(days=1)
"""A tablet's clock may be behind."""


class Authority(Struct, frozen=True):
    """The authority; `fresh`: it was made just now, and no tablet knows it yet."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    fresh: bool

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 as phones show it: pairs of capital digits."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def authority(folder: Path, disk: Disk, *, owner: str, now: datetime) -> Authority:
    """Return the authority that lies in the folder; make one where none is, or where its end is near.

    Raises BadInput where what lies there cannot be read: it is not written over, because tablets trust it.
    """
    path = folder / "ca.pem"
    disk.make_folder(folder)
    lock = disk.lock(folder / "lock", "tk serve --lan", wait=5.0)
    try:
        found = _read(path, disk)
        if found is not None and found.certificate.not_valid_after_utc > now + LEAF_LASTS + RENEWED:
            return found
        made = _authority(owner, now)
        disk.store(path, _pem(made.key, made.certificate))
        return made
    finally:
        lock.close()


def _read(path: Path, disk: Disk) -> Authority | None:
    try:
        data = disk.read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        key = serialization.load_pem_private_key(data, None)
        certificate = x509.load_pem_x509_certificate(data)
    except ValueError as error:
        raise _unreadable(path, error) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise _unreadable(path, "key")
    return Authority(key, certificate, fresh=False)


def _unreadable(path: Path, error: object) -> BadInput:
    return BadInput(
        "{path} is no certificate authority ({error}). Bring it back from where it was, or move it away: then a new one "
        "is made, and its certificate must be installed on every tablet again",
        path=path, error=error,
    )  # fmt: skip


def _authority(owner: str, now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"tkcore {owner} {now.year}")
    allowed: list[x509.GeneralName] = [x509.DNSName(domain) for domain in DOMAINS]
    allowed += [x509.IPAddress(net) for net in PRIVATE]
    allowed += [x509.IPAddress(net) for net in _SIX]
    made = (
        _begun(name, key, now, LASTS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=allowed, excluded_subtrees=None), critical=True
        )
        .sign(key, hashes.SHA256())
    )
    return Authority(key, made, fresh=True)


def leaf(folder: Path, ours: Authority, names: Sequence[str], disk: Disk, *, now: datetime) -> Path:
    """Return the file with the certificate for these names and its key; made anew unless the last one still does.

    It is kept, so that a tablet meets the same one when the server was killed and begun again.
    """
    path = folder / "leaf.pem"
    if not _does(path, ours, names, disk, now):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            # with a space in it nobody takes it for a host's name, which an address would not be allowed to be
            _begun(_name(f"tkcore {names[0]}"), key, now, LEAF_LASTS)
            .issuer_name(ours.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ours.key.public_key()), critical=False
            )
            .sign(ours.key, hashes.SHA256())
        )
        disk.store(path, _pem(key, certificate))
    return path


def _does(path: Path, ours: Authority, names: Sequence[str], disk: Disk, now: datetime) -> bool:
    """Whether the certificate that lies there is ours, for these names, and not near its end."""
    try:
        data = disk.read(path)
        key = serialization.load_pem_private_key(data, None)
        found = x509.load_pem_x509_certificate(data)
        found.verify_directly_issued_by(ours.certificate)
        said = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # noqa: BLE001 - whatever is wrong with it, another one is made
        return False
    return (
        list(said) == [_alternative(name) for name in names]
        and found.public_key() == key.public_key()
        and found.not_valid_before_utc <= now < found.not_valid_after_utc - RENEWED
    )


def _begun(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(text: str) -> x509.Name:
    return x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "tkcore"), x509.NameAttribute(NameOID.COMMON_NAME, text[:64]),
    ])  # fmt: skip


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def moment(wall: int) -> datetime:
    """Return a clock's milliseconds as certificates say time: in whole seconds."""
    return datetime.fromtimestamp(wall // 1000, UTC)


def prepared(where: Place, at: socket.socket, folder: Path, disk: Disk, *, owner: str, now: datetime) -> Lan:
    """Return what is needed to speak at a socket: the authority, a certificate for the names, TLS from 1.2 on."""
    ours = authority(folder, disk, owner=owner, now=now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(leaf(folder, ours, where.names, disk, now=now))
    return Lan(at, context, where, at.getsockname()[1], ours.der, ours.fingerprint, ours.fresh)
