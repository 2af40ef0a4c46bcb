"""What the authority signs, how long it lasts, and when a tablet would have to be touched again."""

from __future__ import annotations

import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tkcore.disk import Disk
from tkcore.errors import BadInput
from tkcore.web.authority import LASTS, LEAF_LASTS, RENEWED, authority, leaf

NOW = datetime(2026, 11, 26, 5, tzinfo=UTC)
NAMES = ("192.168.1.5", "ward.local")


def made(folder, now=NOW):
    return authority(folder, Disk(), owner="ward", now=now)


def signed(folder, names=NAMES, now=NOW, ours=None):
    path = leaf(folder, ours or made(folder, now), names, Disk(), now=now)
    return x509.load_pem_x509_certificate(path.read_bytes())


def of(certificate, kind):
    found = certificate.extensions.get_extension_for_class(kind)
    return found.value, found.critical


def test_the_authority_signs_for_local_networks_only(tmp_path):
    """It may sign no further authority and no name or address of the internet, and only for servers."""
    ours = made(tmp_path).certificate
    basic, critical = of(ours, x509.BasicConstraints)
    assert (basic.ca, basic.path_length, critical) == (True, 0, True)
    names, critical = of(ours, x509.NameConstraints)
    allowed = [one.value for one in names.permitted_subtrees]
    assert critical
    assert {"local", "lan", "internal", "home.arpa"} == {one for one in allowed if isinstance(one, str)}
    nets = [one for one in allowed if isinstance(one, IPv4Network)]
    assert all(net.is_private or net == IPv4Network("100.64.0.0/10") for net in nets)
    assert not any(IPv4Address("8.8.8.8") in net for net in nets)
    assert list(of(ours, x509.ExtendedKeyUsage)[0]) == [ExtendedKeyUsageOID.SERVER_AUTH]
    usage, critical = of(ours, x509.KeyUsage)
    assert (usage.key_cert_sign, usage.digital_signature, critical) == (True, False, True)
    assert ours.not_valid_after_utc == NOW + LASTS


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("192.168.1.5", True),
        ("ward.local", True),
        ("8.8.8.8", False),
        ("bank.example", False),
        ("evillocal", False),
    ],
)
def test_what_it_may_not_sign_nobody_accepts(tmp_path, name, good):
    """A stolen key signs for a site of the internet: whoever trusts the authority refuses that certificate."""
    ours = made(tmp_path)
    path = leaf(tmp_path, ours, (name,), Disk(), now=datetime.now(UTC))
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cadata=ours.der)
    server.load_cert_chain(path)
    (a, b), (c, d) = (ssl.MemoryBIO(), ssl.MemoryBIO()), (ssl.MemoryBIO(), ssl.MemoryBIO())
    near, far = client.wrap_bio(a, b, server_hostname=name), server.wrap_bio(c, d, server_side=True)

    def shake():
        for _ in range(3):
            for one, out, into in ((near, b, c), (far, d, a)):
                with contextlib.suppress(ssl.SSLWantReadError):
                    one.do_handshake()
                into.write(out.read())

    if good:
        shake()
        assert near.version() == "TLSv1.3"
    else:
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            shake()


def test_the_certificate_names_the_address(tmp_path):
    """P-256, the address as an address, the name as a name, for servers, 30 days; signed by the authority."""
    ours = made(tmp_path)
    found = signed(tmp_path, ours=ours)
    said, _ = of(found, x509.SubjectAlternativeName)
    assert list(said) == [x509.IPAddress(IPv4Address("192.168.1.5")), x509.DNSName("ward.local")]
    assert isinstance(found.public_key().curve, ec.SECP256R1)
    assert of(found, x509.BasicConstraints)[0].ca is False
    assert list(of(found, x509.ExtendedKeyUsage)[0]) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert found.not_valid_after_utc - found.not_valid_before_utc <= timedelta(days=397)
    assert found.not_valid_before_utc < NOW < found.not_valid_after_utc == NOW + LEAF_LASTS
    found.verify_directly_issued_by(ours.certificate)


def test_another_address_gets_another_certificate_of_the_same_authority(tmp_path):
    """The address changes: no tablet installs anything anew; it stays: the same certificate is met after a restart."""
    first, again = made(tmp_path), made(tmp_path)
    assert (first.fresh, again.fresh, first.der) == (True, False, again.der)
    one = signed(tmp_path)
    assert signed(tmp_path, now=NOW + timedelta(days=3)) == one
    other = signed(tmp_path, ("10.0.0.7", "ward.local"))
    assert other != one
    other.verify_directly_issued_by(first.certificate)


def test_what_is_near_its_end_is_made_anew(tmp_path):
    """A session never meets the end of its certificate; the authority outlives what it signs."""
    one = signed(tmp_path)
    late = NOW + LEAF_LASTS - RENEWED
    assert signed(tmp_path, now=late) != one
    assert not made(tmp_path, NOW + LASTS - LEAF_LASTS - RENEWED - timedelta(seconds=1)).fresh
    assert made(tmp_path, NOW + LASTS - LEAF_LASTS - RENEWED).fresh


def test_a_certificate_that_does_not_do_is_made_anew(tmp_path):
    """Damaged, another authority's, made when the clock was ahead: the next start has one that does."""
    signed(tmp_path / "other")
    one = signed(tmp_path)
    kept = tmp_path / "leaf.pem"
    for bad in (b"", b"{", (tmp_path / "other/leaf.pem").read_bytes()):
        kept.write_bytes(bad)
        signed(tmp_path).verify_directly_issued_by(made(tmp_path).certificate)
    assert signed(tmp_path, now=NOW - timedelta(days=9)) != one


def test_an_authority_that_cannot_be_read_is_not_written_over(tmp_path):
    """Tablets trust it: its file stays as it is, and what to do is said."""
    made(tmp_path)
    made(tmp_path / "other")
    path = tmp_path / "ca.pem"
    whole = path.read_bytes()
    begin = whole.index(b"-----BEGIN CERT")
    other = (tmp_path / "other/ca.pem").read_bytes()
    mixed = whole[:begin] + other[other.index(b"-----BEGIN CERT") :]
    for bad in (b"", whole[:begin], whole[begin:], mixed):
        path.write_bytes(bad)
        with pytest.raises(BadInput, match="installed on every tablet again"):
            made(tmp_path)
        assert path.read_bytes() == bad


def test_the_keys_are_the_users_alone(tmp_path):
    """No other user of the machine reads the folder or a key."""
    signed(tmp_path / "lan")
    assert (tmp_path / "lan").stat().st_mode & 0o077 == 0
    for path in (tmp_path / "lan").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_fingerprint_is_what_a_phone_shows(tmp_path):
    """32 pairs of capital digits, of the certificate as it is given out."""
    import hashlib

    ours = made(tmp_path)
    assert ours.fingerprint.replace(":", "").lower() == hashlib.sha256(ours.der).hexdigest()
    assert ours.fingerprint == ours.fingerprint.upper()
    assert ours.fingerprint.count(":") == 31
