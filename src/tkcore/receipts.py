"""Receipts: what closing gives out, and what later proves that a log still holds all it held then.

A receipt is (session, seq, h). As eight words it is 20 bits of seq, 64 bits of `h` and 4 bits of check: copied by
hand onto an attendance sheet, read back years later. The words are the 2,048 English ones of BIP 39, of which no two
share their first four letters.
"""

from __future__ import annotations

from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path

from msgspec import DecodeError, Struct, json

from tkcore.disk import Disk
from tkcore.errors import BadInput
from tkcore.log import Scan, hash_of, walk
from tkcore.talk import N_

WORDS = 8
_BITS = 11
_SEQ, _HASH, _CHECK = 20, 64, 4
MOST = 1 << _SEQ
"""Eight words hold a record number below this."""


class Receipt(Struct, frozen=True):
    """`h` is the chain at record `seq`: all of it, or what eight words hold of it; `session` is empty for words."""

    session: str
    seq: int
    h: str


def words_of(receipt: Receipt) -> tuple[str, ...]:
    """Return a receipt as eight words. Raises BadInput for a log of more than a million records."""
    if not 0 <= receipt.seq < MOST:
        raise BadInput("record {seq} is beyond what eight words hold: keep the JSON line", seq=receipt.seq)
    value = receipt.seq << _HASH | int(receipt.h[: _HASH // 4], 16)
    value = value << _CHECK | _check(value)
    known = _list()
    return tuple(known[value >> _BITS * at & (1 << _BITS) - 1] for at in reversed(range(WORDS)))


def parse(text: str) -> Receipt:
    """Return the receipt in a JSON line or in eight words, however they are written. Raises BadInput."""
    if text.lstrip().startswith("{"):
        try:
            return json.decode(text.strip(), type=Receipt)
        except DecodeError as error:
            raise BadInput(
                'this is no receipt ({error}): it reads as {{"session", "seq", "h"}}', error=error
            ) from None
    given = text.lower().replace(",", " ").split()
    if len(given) != WORDS:
        raise BadInput("a receipt has eight words, these are {count}", count=len(given))
    known = _list()
    place = {word: at for at, word in enumerate(known)} | {word[:4]: at for at, word in enumerate(known)}
    value = 0
    for word in given:
        at = place.get(word, place.get(word[:4], -1) if len(word) == 4 else -1)
        if at < 0:
            near = ", ".join(get_close_matches(word, known, 3)) or "-"
            raise BadInput("{word} is no word of a receipt. Near: {near}", word=word[:20], near=near)
        value = value << _BITS | at
    value, check = value >> _CHECK, value & (1 << _CHECK) - 1
    if check != _check(value):
        raise BadInput("these eight words are no receipt: one of them was copied wrongly")
    h = value & (1 << _HASH) - 1
    return Receipt("", value >> _HASH, f"{h:0{_HASH // 4}x}")


def prove(folder: Path, session: str, receipt: Receipt, disk: Disk) -> str:
    """Return what is wrong with a log in the light of a receipt; nothing if it holds that prefix."""
    if receipt.session not in ("", session):
        return N_("the receipt is of another session")
    for line in walk(folder, disk, Scan(log=session)):
        if line.seq == receipt.seq:
            if hash_of(line.data).startswith(receipt.h):
                return ""
            return N_("the log is not the one the receipt was given for")
    return N_("the log is shorter than when the receipt was given")


def _check(value: int) -> int:
    return sha256(value.to_bytes(16, "big")).digest()[0] >> 8 - _CHECK


def _list() -> list[str]:
    from mnemonic import Mnemonic

    return list(Mnemonic("english").wordlist)
