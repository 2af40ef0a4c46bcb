"""A codebook: the vocabulary of a scheme as data, read from one TOML file.

The page, the grammar, the reports and the checks come from it. A code never changes its meaning: it is retired, or
replaced by one that says what it `was`. What it is made of is `scheme.py`'s, what it may not say `proofreading.py`'s.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from tkcore.errors import CodebookError
from tkcore.proofreading import Lines, check
from tkcore.scheme import (
    Answer,
    Attribute,
    Caution,
    Code,
    Codebook,
    Decision,
    Family,
    Label,
    Phase,
    PhaseSet,
    Setting,
)

__all__ = [
    "Caution", "Code", "Codebook", "Family", "Label", "Lines", "Phase", "Setting", "by_stored", "find", "find_phase",
    "handbook", "load", "near", "parse", "phases_of", "plain", "values_of",
]  # fmt: skip

TABLES: tuple[tuple[str, type[Struct]], ...] = (
    ("family", Family),
    ("code", Code),
    ("attribute", Attribute),
    ("setting", Setting),
    ("phase_set", PhaseSet),
    ("caution", Caution),
    ("decision", Decision),
    ("answer", Answer),
)


def handbook() -> bytes:
    """Return the packaged handbook codebook."""
    return resources.files("tkcore").joinpath("codebooks/handbook.toml").read_bytes()


def load(path: Path) -> Codebook:
    """Read a codebook. Raises CodebookError with file, line and code."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise CodebookError("{file}: {error}", file=path, error=error.strerror or error) from None


@lru_cache(maxsize=16)
def parse(text: bytes, file: str) -> Codebook:
    """Return the codebook in a file's bytes. Raises CodebookError with file, line and code."""
    try:
        plain = text.decode()
        tree = tomllib.loads(plain)
    except (ValueError, RecursionError) as error:  # no TOML, or a number too long to be read
        raise CodebookError("{file}: {error}", file=file, error=error) from None
    lines = Lines(plain, file)
    parts: dict[str, Any] = dict(tree)
    for table, kind in TABLES:
        entries = parts.get(table, [])
        if not isinstance(entries, list):
            raise CodebookError("{file}: [[{table}]] is written with two brackets", file=file, table=table)
        parts[table] = [_part(kind, entry, table, at, lines) for at, entry in enumerate(entries)]
    try:
        book = convert({**parts, "sha256": hashlib.sha256(text).hexdigest()}, Codebook)
    except ValidationError as error:
        raise CodebookError("{file}: {error}", file=file, error=error) from None
    check(book, lines)
    values = {a.name: tuple(v.id for v in a.values) for a in book.attribute}
    cautions: dict[str, list[Caution]] = {}
    for caution in book.caution:
        for id_ in caution.codes:
            cautions.setdefault(id_, []).append(caution)
    codes = tuple(
        replace(
            code,
            book=book.name,
            values={name: values[name] for name in code.attributes},
            caution=(*code.caution, *cautions.get(code.id, ())),
        )
        for code in book.code
    )
    return replace(book, code=codes)


def _part(kind: type[Struct], entry: Any, table: str, at: int, lines: Lines) -> Any:
    name = _named(entry, table)
    if isinstance(entry, dict) and kind is Code and {"book", "values"} & set(entry):
        raise lines.error(table, at, name, "book and values are not written in the file")
    try:
        return convert(entry, kind)
    except ValidationError as error:
        raise lines.error(table, at, name, "{error}", error=error) from None


def _named(entry: Any, table: str) -> str:
    """Return what an entry calls itself, for a message."""
    if not isinstance(entry, dict):
        return table
    keys = ("id", "name", "setting", "analysis", "section", "n")
    return next((str(entry[key]) for key in keys if entry.get(key)), table)


# -- looking up ------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Return a label as it can be typed: small letters, `_` for everything between words."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def find(books: Sequence[Codebook], word: str) -> tuple[Code, ...]:
    """Return all codes a word fits: a key alone wins, then id, its last part, a label written with `_`."""
    word = word.lower()
    live = [code for book in books for code in book.code if not code.retired]
    keyed = tuple(code for code in live if code.key == word)
    if keyed:
        return keyed
    exact = tuple(code for code in live if word in (code.id, f"{code.book}.{code.id}"))
    if exact:
        return exact
    last = tuple(code for code in live if word in (code.id.rpartition(".")[2], code.base.rpartition(".")[2]))
    whole = tuple(code for code in last if "/" not in code.id or "/" in word)
    if last:
        return whole or last
    return tuple(code for code in live if plain(word) in (plain(code.label.id), plain(code.label.en)))


def near(books: Sequence[Codebook], word: str) -> tuple[str, ...]:
    """Return up to five known keys and ids that look like a word."""
    word = word.lower()
    known = [
        name
        for book in books
        for code in book.code
        if not code.retired
        for name in (code.key, code.id)
        if name
    ]
    if len(word) <= 2:
        alike = [name for name in known if len(name) == 2 and (name[0] == word[:1] or name[1:] == word[1:])]
        return tuple(alike[:5])
    # an id is recognised by its last part, by the value it presets and by the words of its labels
    parts: dict[str, str] = {}
    for code in (code for book in books for code in book.code if not code.retired):
        said = {code.id.rpartition(".")[2], code.id.rpartition("/")[2]}
        for label in (plain(code.label.id), plain(code.label.en)):
            said |= {label, *(part for part in label.split("_") if len(part) > 3)}
        for part in said:
            parts.setdefault(part, f"{code.key} {code.id}" if code.key else code.id)
    hits = [parts[p] for p in get_close_matches(word, parts, 5, 0.6)] + get_close_matches(word, known, 5, 0.5)
    return tuple(dict.fromkeys(hits))[:5]


def by_stored(books: Sequence[Codebook], stored: str, attrs: Mapping[str, str]) -> Code | None:
    """Return the code a record was stored under: of the same id, the one whose preset fits and says most."""
    fits = [
        code
        for book in books
        for code in book.code
        if code.stored == stored and all(attrs.get(name) == value for name, value in code.preset.items())
    ]
    same = [code for book in books for code in book.code if code.stored == stored]
    return max(fits, key=lambda code: len(code.preset), default=same[0] if same else None)


def values_of(code: Code) -> dict[str, tuple[str, ...]]:
    """Return the attributes `=value` may set, with their values."""
    return code.values


def phases_of(book: Codebook, setting: str | None) -> list[Phase]:
    """Return the phases of a setting, or all where it has none of its own."""
    sets = [s for s in book.phase_set if s.setting == setting] or list(book.phase_set)
    return [phase for s in sets for phase in s.phases]


def find_phase(book: Codebook, setting: str | None, word: str) -> tuple[Phase, ...]:
    """Return the phases a word begins, in the setting's set, or in all where the setting has none."""
    phases = phases_of(book, setting)
    word = word.lower()
    names = [(phase, (phase.id, plain(phase.label.id), plain(phase.label.en))) for phase in phases]
    exact = tuple(phase for phase, known in names if word in known)
    return exact or tuple(phase for phase, known in names if any(name.startswith(word) for name in known))
