"""The vault in its plain form: what people wrote, a file a text; the log carries only the digest.

A file is 32 random bytes and the text: the digest of a short text cannot be guessed. Sealing comes later and keeps
the digests.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tkcore.disk import Disk
from tkcore.errors import BadInput, NotFound, WriteFailed

SALT = 32
LONGEST = 16_384
_DIGEST = re.compile(r"[0-9a-f]{64}")


def put(vault: Path, text: str, salt: bytes, disk: Disk) -> str:
    """Store a text, synced with its name, and return its digest. `salt` is 32 fresh random bytes."""
    data = salt + text.encode()
    if len(salt) != SALT or len(data) - SALT > LONGEST:
        raise BadInput(
            "a text of {size} bytes is too long (the most is {most})", size=len(data) - SALT, most=LONGEST
        )
    digest = hashlib.sha256(data).hexdigest()
    folder = vault / digest[:2]
    try:
        disk.make_folder(folder)
    except OSError as error:
        raise WriteFailed(
            "{path} could not be written: {error}. Make room or check the disk, then try again",
            path=folder, error=error.strerror or error,
        ) from error  # fmt: skip
    disk.store(folder / digest, data)
    return digest


def path_of(vault: Path, digest: str) -> Path:
    """Return where the text of a digest lies, if it is there."""
    return vault / digest[:2] / digest


def is_digest(words: str) -> bool:
    """Return whether a record's `words` can name a text: what a log from elsewhere says may name any file."""
    return _DIGEST.fullmatch(words) is not None


def get(vault: Path, digest: str, disk: Disk) -> str:
    """Return the text of a digest. Raises NotFound if it is not there or not what was stored."""
    if not is_digest(digest):
        raise NotFound("the vault has no text {digest}", digest=digest[:80])
    try:
        data = disk.read(path_of(vault, digest))
    except OSError:
        raise NotFound("the vault has no text {digest}", digest=digest) from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise NotFound("the text {digest} in the vault is damaged", digest=digest)
    return data[SALT:].decode()
