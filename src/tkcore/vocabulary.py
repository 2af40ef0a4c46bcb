"""How a codebook comes into a workspace: checked against those that are there, copied, then named in tk.toml.

What one codebook says must stay said: no family, key or id of another may become ambiguous by it. A session has the
codebooks it was opened with, so an addition changes nothing for those that are open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore.codebook import Lines
from tkcore.config import Workspace, dump
from tkcore.disk import Disk
from tkcore.errors import CodebookError, NotAllowed
from tkcore.root import FILE

TAKEN = ("floor", "phase")
"""Families that no codebook has: they are captured in every session."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def parse_beside(text: bytes, file: str, others: Iterable[cb.Codebook]) -> cb.Codebook:
    """Return the codebook in a file's bytes if it can stand beside others.

    Raises CodebookError with file, line and code: it is none, or a family, key or id is another's already.
    """
    book = cb.parse(text, file)
    lines = Lines(text.decode(), file)
    if not _NAME.fullmatch(book.name) or book.name == "core":
        raise CodebookError(
            "{file}: name = {name!r}: small letters, digits and _, a letter first, and not core",
            file=file,
            name=book.name[:80],
        )
    for other in others:
        if other.name == book.name:
            raise CodebookError(
                "{file}: a codebook {name} is in the workspace already", file=file, name=book.name
            )
        _families(book, other, lines)
        _codes(book, other, lines)
        if book.phase_set and other.phase_set:
            raise lines.error(
                "phase_set", 0, book.phase_set[0].setting, "the phases are those of the codebook {other}", other=other.name
            )  # fmt: skip
    return book


def _families(book: cb.Codebook, other: cb.Codebook, lines: Lines) -> None:
    ids = {*TAKEN, *(family.id for family in other.family)}
    keys = {family.key: family.id for family in other.family}
    for at, family in enumerate(book.family):
        if family.id in ids:
            raise lines.error(
                "family", at, family.id, "there is a family {family} already ({other})", family=family.id,
                other="core" if family.id in TAKEN else other.name,
            )  # fmt: skip
        if family.key in keys:
            raise lines.error(
                "family", at, family.id, "the letter {key} is that of {other}.{family}: choose another", key=family.key,
                other=other.name, family=keys[family.key],
            )  # fmt: skip


def _codes(book: cb.Codebook, other: cb.Codebook, lines: Lines) -> None:
    ids = {code.id for code in other.code}
    keys = {code.key: code.id for code in other.code if code.key is not None}
    for at, code in enumerate(book.code):
        if code.id in ids:
            raise lines.error(
                "code", at, code.id, "there is a code of this id in {other} already", other=other.name
            )
        if code.key in keys:
            raise lines.error(
                "code", at, code.id, "the key {key} is that of {other}.{code}: choose another", key=code.key,
                other=other.name, code=keys[code.key],
            )  # fmt: skip


def add(
    workspace: Workspace, text: bytes, file: str, others: Iterable[cb.Codebook], disk: Disk
) -> cb.Codebook:
    """Bring a codebook into a workspace. Raises CodebookError, NotAllowed, WriteFailed: the workspace stays as it is.

    The file is there before tk.toml names it: whenever this is interrupted, what tk.toml names can be read.
    """
    book = parse_beside(text, file, others)
    config = workspace.config()
    target = workspace.codebooks / f"{book.name}.toml"
    if book.name in config.codebooks:
        raise NotAllowed("the codebook {name} is in the workspace already", name=book.name)
    disk.store(target, text)
    disk.store(workspace.root / FILE, dump(replace(config, codebooks=(*config.codebooks, book.name))))
    return book
