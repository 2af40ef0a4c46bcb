"""What waits on a device, opened: an entry is sealed there to a key whose other half is in this workspace alone.

Each page agrees on a key of its own (ECDH P-256 with our public key, HKDF-SHA256) and seals with AES-256-CTR and
Poly1305: an entry has a piece of the key stream to itself, whose first 32 bytes authenticate it. What was sealed for
another session, or is damaged, is not opened. Who finds a lost tablet has no key to what waits there; who has this
machine has it: our half lies in the workspace, because recording needs no passphrase.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.poly1305 import Poly1305
from msgspec import Meta, MsgspecError, Struct, json

from tkcore.disk import Disk
from tkcore.errors import BadInput

FILE = "serve-key.pem"
CURVE = ec.SECP256R1()
INFO = b"tkcore queue 1"
TAG = 16
BLOCK = 16
_NUMBER = re.compile(r"\{seq(?:\+\d+)?\}")
_SEALED = re.compile(
    r"(?P<page>[A-Za-z0-9+/=]{88})\.(?P<block>[0-9]{1,15})\.(?P<box>[A-Za-z0-9+/=]{24,24000})"
)


class Words(Struct, frozen=True):
    """What is in the seal: the line and when it was tapped."""

    line: Annotated[str, Meta(max_length=4096)]
    at: int | float | None = None


class Queue(Struct, frozen=True):
    """Under which name a page keeps what waits for this session, and the key it is sealed to."""

    name: str
    key: str


class Seal:
    """A workspace's key, for one session."""

    def __init__(self, private: ec.EllipticCurvePrivateKey, session: str) -> None:
        public = private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        # the same session's name in another workspace is another session
        name = hashlib.sha256(public + session.encode()).hexdigest()[:16]
        self.queue = Queue(name, b64encode(public).decode())
        self._agreed = lru_cache(64)(lambda page: _agree(private, page))

    def open(self, entry: str, sealed: str, seq: int | None = None) -> Words:
        """Return what was sealed under an entry's id; `seq` is the record it is about. Raises BadInput."""
        found = _SEALED.fullmatch(sealed)
        try:
            if found is None:
                raise InvalidSignature
            box = b64decode(found["box"])
            key = self._agreed(found["page"])
            plain = _open(key, int(found["block"]), box, f"{self.queue.name} {entry} ".encode())
            words = json.decode(plain, type=Words)
        except (InvalidSignature, ValueError, MsgspecError):
            raise BadInput(
                "what this device kept is damaged, or was kept for another session: it cannot be opened"
            ) from None
        if seq is None:
            return words
        return Words(_NUMBER.sub(str(seq), words.line), words.at)


def _agree(private: ec.EllipticCurvePrivateKey, page: str) -> bytes:
    own = b64decode(page)
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, own))
    return HKDF(hashes.SHA256(), 32, salt=own, info=INFO).derive(shared)


def _open(key: bytes, block: int, box: bytes, beside: bytes) -> bytes:
    """Return the plain text of a box; `beside` is what it belongs to. Raises InvalidSignature."""
    tag, inside = box[:TAG], box[TAG:]
    stream = Cipher(algorithms.AES(key), modes.CTR(block.to_bytes(BLOCK))).encryptor()
    Poly1305.verify_tag(stream.update(bytes(32)), beside + inside, tag)
    return stream.update(inside)


def seal(folder: Path, session: str, disk: Disk) -> Seal:
    """Return the seal of a workspace, made at the first time. Raises BadInput where its file is none."""
    file = folder / FILE
    try:
        data = disk.read(file)
    except FileNotFoundError:
        fresh = ec.generate_private_key(CURVE)
        data = fresh.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        disk.store(file, data)
    try:
        private = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != CURVE.name:
        raise BadInput(
            "{path} is not the key that taps waiting on tablets were sealed to. Put it back from a copy, if there is one; "
            "or move it away: then a new one is made, and what waits out there can no longer be read",
            path=file,
        )
    return Seal(private, session)
