"""A codebook: the vocabulary of a scheme as data, read from one TOML file.

The page, the grammar, the reports and the checks come from it. A code never changes its meaning: it is retired, or
replaced by one that says what it `was`. Nothing here knows a session.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

from msgspec import Struct, ValidationError, convert, field

from tkcore.errors import CodebookError
from tkcore.events import EVENTS, STRING

AUTHORS = ("leader", "member", "member_or_group", "group", "any")
SETTINGS = ("format", "setting", "population", "level")
SEAT_KEYS = frozenset("tk0123456789")
"""A seat's key is never a family's or a code's (labels.md, rule 1)."""

_CODE_ID = re.compile(r"[a-z_]+\.[a-z_]+(/[a-z0-9_]+)?")
_WHEN = re.compile(r"(\w+) == ([A-Za-z0-9_.:+/-]+)")


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing in the two languages."""

    id: str
    en: str


class Family(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is captured together; `author` says who usually does what its codes name."""

    id: str
    key: str
    label: Label
    author: str


class Caution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shown where `when` (`setting == inpatient`) holds; it never blocks."""

    when: str
    text: Label


class Value(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    label: Label


class Attribute(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be said beside a code, by name and values."""

    name: str
    values: tuple[Value, ...]


class Phase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    label: Label


class PhaseSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phases of one setting, in their order."""

    setting: str
    phases: tuple[Phase, ...]


class Code(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`preset` is what stands in `attrs` of each record; `source` are handbook lines; `floor`: it is said."""

    id: str
    key: str | None = None
    family: str
    event: str
    author: str
    label: Label
    floor: bool = False
    discreet: bool = False
    source: tuple[str, ...] = ()
    preset: dict[str, str] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    scale: tuple[int, int] | None = None
    caution: tuple[Caution, ...] = ()
    was: str | None = None
    retired: bool = False
    book: str = ""
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The id without the value it presets."""
        return self.id.partition("/")[0]

    @property
    def stored(self) -> str:
        """What a record's `code` says."""
        return f"{self.book}.{self.base}"


class Codebook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    title: Label
    version: int
    family: tuple[Family, ...]
    code: tuple[Code, ...]
    attribute: tuple[Attribute, ...] = ()
    phase_set: tuple[PhaseSet, ...] = ()
    sha256: str = ""

    @property
    def families(self) -> tuple[Family, ...]:
        return self.family

    @property
    def codes(self) -> tuple[Code, ...]:
        return self.code


def handbook() -> bytes:
    """Return the packaged handbook codebook."""
    return resources.files("tkcore").joinpath("codebooks/handbook.toml").read_bytes()


def load(path: Path) -> Codebook:
    """Read a codebook. Raises CodebookError with file, line and code."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise CodebookError("{file}: {error}", file=path, error=error.strerror or error) from None


def parse(text: bytes, file: str) -> Codebook:
    """Return the codebook in a file's bytes. Raises CodebookError with file, line and code."""
    try:
        plain = text.decode()
        tree = tomllib.loads(plain)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CodebookError("{file}: {error}", file=file, error=error) from None
    lines = Lines(plain, file)
    parts: dict[str, Any] = dict(tree)
    for table, kind in (
        ("family", Family),
        ("code", Code),
        ("attribute", Attribute),
        ("phase_set", PhaseSet),
    ):
        entries = parts.get(table, [])
        if not isinstance(entries, list):
            raise CodebookError("{file}: [[{table}]] is written with two brackets", file=file, table=table)
        parts[table] = [_part(kind, entry, table, at, lines) for at, entry in enumerate(entries)]
    try:
        book = convert({**parts, "sha256": hashlib.sha256(text).hexdigest()}, Codebook)
    except ValidationError as error:
        raise CodebookError("{file}: {error}", file=file, error=error) from None
    _check(book, lines)
    values = {a.name: tuple(v.id for v in a.values) for a in book.attribute}
    codes = tuple(
        convert(
            {
                **{name: getattr(code, name) for name in code.__struct_fields__},
                "book": book.name,
                "values": {name: values[name] for name in code.attributes},
            },
            Code,
        )
        for code in book.code
    )
    return convert({**{n: getattr(book, n) for n in book.__struct_fields__}, "code": codes}, Codebook)


class Lines:
    """Where each entry of a table begins, for error messages: tomllib does not say."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.begin: dict[str, list[int]] = {}
        for number, line in enumerate(text.splitlines(), 1):
            found = re.match(r"\s*\[\[\s*(\w+)\s*\]\]", line)
            if found:
                self.begin.setdefault(found[1], []).append(number)

    def error(self, table: str, at: int, name: str, template: str, **values: Any) -> CodebookError:
        return self.wrong(table, at, name, CodebookError(template, **values))

    def wrong(self, table: str, at: int, name: str, reason: CodebookError) -> CodebookError:
        lines = self.begin.get(table, [])
        line = lines[at] if at < len(lines) else 1
        return CodebookError(
            "{file}, line {line}, {name}: {reason}", file=self.file, line=line, name=name, reason=reason
        )


def _part(kind: type[Struct], entry: Any, table: str, at: int, lines: Lines) -> Any:
    name = (
        str(entry.get("id") or entry.get("name") or entry.get("setting") or table)
        if isinstance(entry, dict)
        else table
    )
    if isinstance(entry, dict) and kind is Code and {"book", "values"} & set(entry):
        raise lines.error(table, at, name, "book and values are not written in the file")
    try:
        return convert(entry, kind)
    except ValidationError as error:
        raise lines.error(table, at, name, "{error}", error=error) from None


def _check(book: Codebook, lines: Lines) -> None:
    """Refuse what the field types cannot: doubles, unknown names, keys that are seats."""
    families: dict[str, Family] = {}
    for at, family in enumerate(book.family):
        wrong = None
        if family.id in families or any(f.key == family.key for f in families.values()):
            wrong = CodebookError("the id or key stands twice")
        elif not re.fullmatch(r"[a-z]", family.key) or family.key in SEAT_KEYS:
            wrong = CodebookError("a family's key is one letter a-z, not t or k (those are seats)")
        elif family.author not in AUTHORS:
            wrong = CodebookError("author is one of {authors}", authors=", ".join(AUTHORS))
        elif not STRING.fullmatch(family.id):
            wrong = CodebookError("the id may have A-Z a-z 0-9 _ . : + / -")
        if wrong:
            raise lines.wrong("family", at, family.id, wrong)
        _labelled(family.label, lines, "family", at, family.id)
        families[family.id] = family
    attributes = {a.name: {v.id for v in a.values} for a in book.attribute}
    for at, attribute in enumerate(book.attribute):
        for value in attribute.values:
            if not STRING.fullmatch(value.id) or not STRING.fullmatch(attribute.name):
                raise lines.error(
                    "attribute", at, attribute.name, "names and values may have A-Z a-z 0-9 _ . : + / -"
                )
            _labelled(value.label, lines, "attribute", at, attribute.name)
    seen: set[str] = set()
    keys: set[str] = set()
    meanings: set[tuple[str, str]] = set()
    for at, code in enumerate(book.code):
        wrong = _wrong(code, families, attributes, book)
        meaning = (code.base, repr(sorted(code.preset.items())))
        if not wrong and code.id in seen:
            wrong = CodebookError("the id stands twice")
        elif not wrong and code.key is not None and code.key in keys:
            wrong = CodebookError("the key {key} stands twice", key=code.key)
        elif not wrong and meaning in meanings:
            wrong = CodebookError("another code is stored the same way")
        if wrong:
            raise lines.wrong("code", at, code.id, wrong)
        _labelled(code.label, lines, "code", at, code.id)
        for caution in code.caution:
            found = _WHEN.fullmatch(caution.when)
            if not found or found[1] not in SETTINGS:
                raise lines.error("code", at, code.id, "caution {when!r}: write it as setting == inpatient ({fields})", when=caution.when, fields=", ".join(SETTINGS))  # fmt: skip
            _labelled(caution.text, lines, "code", at, code.id)
        seen.add(code.id)
        keys.add(code.key or "")
        meanings.add(meaning)
    for at, phases in enumerate(book.phase_set):
        for phase in phases.phases:
            if not STRING.fullmatch(phase.id):
                raise lines.error(
                    "phase_set", at, phases.setting, "a phase's id may have A-Z a-z 0-9 _ . : + / -"
                )
            _labelled(phase.label, lines, "phase_set", at, phase.id)


def _wrong(
    code: Code, families: Mapping[str, Family], attributes: Mapping[str, set[str]], book: Codebook
) -> CodebookError | None:
    family = families.get(code.family)
    if family is None:
        return CodebookError("unknown family {family}", family=code.family)
    if not _CODE_ID.fullmatch(code.id) or not STRING.fullmatch(f"{book.name}.{code.base}"):
        return CodebookError("an id reads noun.name or noun.name/value, in small letters")
    if code.event not in EVENTS:
        return CodebookError("unknown event {event}", event=code.event)
    if code.author not in AUTHORS:
        return CodebookError("author is one of {authors}", authors=", ".join(AUTHORS))
    if code.key is not None and (not re.fullmatch(r"[a-z]{2}", code.key) or SEAT_KEYS & set(code.key)):
        return CodebookError("key {key}: two letters a-z, neither t nor k (those are seats)", key=code.key)
    if code.key is not None and code.key[0] != family.key:
        return CodebookError(
            "key {key} does not begin with its family's {letter}", key=code.key, letter=family.key
        )
    if code.scale is not None and code.scale[0] >= code.scale[1]:
        return CodebookError("scale runs from low to high")
    for name in code.attributes:
        if name not in attributes:
            return CodebookError("unknown attribute {name}", name=name)
    for name, value in code.preset.items():
        if value not in attributes.get(name, ()):
            return CodebookError(
                "preset {name} = {value} is not declared by an [[attribute]]", name=name, value=value
            )
    return None


def _labelled(label: Label, lines: Lines, table: str, at: int, name: str) -> None:
    if not label.id.strip() or not label.en.strip():
        raise lines.error(table, at, name, "a label is missing in one of the two languages")


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
