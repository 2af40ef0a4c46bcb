"""How a codebook comes into a workspace and leaves it: checked against those there, copied, named in tk.toml.

What one codebook says must stay said: no family, key or id of another may become ambiguous by it. A session has the
codebooks it was opened with, so an addition changes nothing for those that are open, and a removal nothing for any.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore.codebook import Lines
from tkcore.config import Config
from tkcore.configuring import change
from tkcore.errors import CodebookError, Damaged, NotAllowed, NotFound
from tkcore.events import SessionClosed, SessionOpened
from tkcore.opening import Desk
from tkcore.reading import books
from tkcore.recovery import read
from tkcore.revising import revise

TAKEN = ("floor", "phase")
"""Families that no codebook has: they are captured in every session."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def parse_beside(
    text: bytes, file: str, others: Iterable[cb.Codebook], retired: Collection[str] = ()
) -> cb.Codebook:
    """Return the codebook in a file's bytes if it can stand beside others.

    Those that are retired are typed in no session together with it: their letters and keys are free, their ids are not.

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
                "{file}: a codebook {name} is in the workspace already. A newer version of it comes with --update",
                file=file,
                name=book.name,
            )
        typed = other.name not in retired
        _families(book, other, lines, typed=typed)
        _codes(book, other, lines, typed=typed)
        if book.phase_set and other.phase_set:
            raise lines.error(
                "phase_set", 0, book.phase_set[0].setting, "the phases are those of the codebook {other}", other=other.name
            )  # fmt: skip
    return book


def _families(book: cb.Codebook, other: cb.Codebook, lines: Lines, *, typed: bool) -> None:
    ids = {*TAKEN, *(family.id for family in other.family)}
    keys = {family.key: family.id for family in other.family} if typed else {}
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


def _codes(book: cb.Codebook, other: cb.Codebook, lines: Lines, *, typed: bool) -> None:
    ids = {code.id for code in other.code}
    keys = {code.key: code.id for code in other.code if code.key is not None} if typed else {}
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


def add(desk: Desk, text: bytes, file: str) -> cb.Codebook:
    """Bring a codebook into a workspace. Raises CodebookError, NotAllowed, WriteFailed: the workspace stays as it is.

    The file is there before tk.toml names it: whenever this is interrupted, what tk.toml names can be read. One that
    was removed comes back as it was, or as another if no session has it.
    """
    added: list[cb.Codebook] = []

    def named(config: Config) -> Config:
        shelf = books(desk.workspace)
        name = cb.parse(text, file).name
        old = next((b for b in shelf if b.name == name and name in config.retired), None)
        book = parse_beside(text, file, [b for b in shelf if b is not old], config.retired)
        if old is not None and old.sha256 != book.sha256 and (session := _having(desk, name)):
            raise NotAllowed(
                "the codebook {name} was removed, {session} has it, and this file says something else: give it another name",
                name=name, session=session,
            )  # fmt: skip
        desk.disk.store(desk.workspace.codebooks / f"{name}.toml", text)
        added.append(book)
        left = tuple(n for n in config.retired if n != name)
        return replace(config, codebooks=(*config.codebooks, name), retired=left)

    change(desk, named)
    return added[0]


def parse_newer(
    text: bytes, file: str, shelf: Iterable[cb.Codebook], retired: Collection[str] = ()
) -> cb.Codebook:
    """Return the codebook in a file's bytes if it can stand beside others, and in the place of its older version.

    Raises CodebookError with file, line and code; a codebook that is not in the workspace has no older version.
    """
    book, shelf = cb.parse(text, file), list(shelf)
    old = next((one for one in shelf if one.name == book.name), None)
    if old is not None:
        revise(old, book, Lines(text.decode(), file))
    return parse_beside(text, file, [one for one in shelf if one is not old], retired)


def update(desk: Desk, text: bytes, file: str) -> cb.Codebook:
    """Put a newer version of a codebook in the place of the one that is here; all sessions are read with it.

    The older file stays beside it, named by its digest, as sessions name it. Raises NotFound, CodebookError, NotAllowed,
    WriteFailed: the workspace stays as it is.
    """
    updated: list[cb.Codebook] = []

    def newer(config: Config) -> Config:
        shelf = books(desk.workspace)
        book = parse_newer(text, file, shelf, config.retired)
        old = next((one for one in shelf if one.name == book.name), None)
        if old is None:
            raise NotFound("no codebook {name} is here to update: add it without --update", name=book.name)
        if session := _having(desk, book.name, still_open=True):
            raise NotAllowed(
                "{session} is open and has the codebook {name}: close it first (tk session close {session})",
                session=session, name=book.name,
            )  # fmt: skip
        home = desk.workspace.codebooks
        if old.sha256 != book.sha256:
            kept = desk.disk.read(home / f"{book.name}.toml")
            desk.disk.store(home / f"{book.name}-{old.sha256[:12]}.toml", kept)
            desk.disk.store(home / f"{book.name}.toml", text)
        updated.append(book)
        if book.name in config.codebooks:
            return config
        left = tuple(n for n in config.retired if n != book.name)
        return replace(config, codebooks=(*config.codebooks, book.name), retired=left)

    change(desk, newer)
    return updated[0]


def remove(desk: Desk, name: str) -> cb.Codebook:
    """Take a codebook off the list for new sessions. Raises NotFound, NotAllowed: the workspace stays as it is.

    Its file stays: the logs of the sessions that have it hold codes, and only the codebook says what family they are.
    """
    removed: list[cb.Codebook] = []

    def left(config: Config) -> Config:
        if name not in config.codebooks:
            raise NotFound(
                "no codebook {name} is in use here. There are: {known}", name=name[:80], known=", ".join(config.codebooks)
            )  # fmt: skip
        if config.codebooks == (name,):
            raise NotAllowed(
                "{name} is the only codebook: a session needs one. Add another first: tk codebook add",
                name=name,
            )
        if session := _having(desk, name, still_open=True):
            raise NotAllowed(
                "{session} is open and has the codebook {name}: close it first (tk session close {session})",
                session=session, name=name,
            )  # fmt: skip
        removed.append(cb.load(desk.workspace.codebooks / f"{name}.toml"))
        kept = tuple(n for n in config.codebooks if n != name)
        return replace(config, codebooks=kept, retired=(*config.retired, name))

    change(desk, left)
    return removed[0]


def _having(desk: Desk, name: str, *, still_open: bool = False) -> str:
    """Return the first session that has a codebook (and is open), or ""; a log nobody can read may have it, and is shut."""
    for full in desk.workspace.session_names():
        try:
            records, scan = read(desk.workspace.session(full), desk.disk, full)
        except (Damaged, OSError):
            records, scan = [], None
        opened = next((x for x in records if isinstance(x, SessionOpened)), None)
        if opened is None:
            has = not still_open and (scan is None or scan.damage is not None)
        elif still_open and any(isinstance(x, SessionClosed) for x in records):
            has = False
        else:
            has = any(used.codebook == name for used in opened.codebooks)
        if has:
            return full
    return ""
