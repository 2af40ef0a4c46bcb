"""What a reader of the codebooks asks for by a word: a codebook, a family, a code, or whatever has the words in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from tkcore import codebook as cb
from tkcore.errors import NotFound
from tkcore.scheme import Attribute, Code, Codebook, Decision, Family, Label, Setting, Value

LISTS = ("settings", "checklist", "cautions", "decisions")
"""What `tk codebook show` lists of all codebooks, beside families and codes."""
_LINE = re.compile(r"l\d+")


class Explained(Struct, frozen=True, kw_only=True):
    """A code with the attributes it may have, its cautions, and the decisions about it."""

    code: Code
    attributes: tuple[Attribute, ...]
    decisions: tuple[Decision, ...]


class Hit(Struct, frozen=True, kw_only=True):
    """A code or a setting that a search found."""

    codebook: str
    key: str | None
    id: str
    label: Label


def look_up(books: Sequence[Codebook], word: str) -> Codebook | Family | tuple[Code, ...]:
    """Return the codebook, the family (by id, letter or label) or the codes a word names. Raises NotFound with the nearest.

    A family goes before a codebook of the same name: the codebook's families are seen without a word.
    """
    low = word.lower()
    for book in books:
        for family in book.families:
            if low in (family.id, family.key, cb.plain(family.label.id), cb.plain(family.label.en)):
                return family
    for book in books:
        if low == book.name:
            return book
    codes = cb.find(books, word) or _retired(books, low)
    if codes:
        return codes
    raise NotFound(
        "no codebook, family or code {word}. Near it are: {near}. See: tk codebook show, tk codebook search WORD",
        word=word[:80], near=", ".join(cb.near(books, word)) or "–",
    )  # fmt: skip


def _retired(books: Iterable[Codebook], word: str) -> tuple[Code, ...]:
    """Return a code that is no longer typed, by its id: old records have it."""
    return tuple(
        code for book in books for code in book.codes if code.retired and word in (code.id, f"{code.book}.{code.id}")
    )  # fmt: skip


def codes_of(books: Iterable[Codebook], family: Family) -> tuple[Code, ...]:
    """Return the codes of a family, those that can be typed."""
    owner = next((book for book in books if family in book.families), None)
    return tuple(c for c in owner.codes if c.family == family.id and not c.retired) if owner else ()


def items(books: Iterable[Codebook]) -> tuple[Code, ...]:
    """Return the items of all checklists, a session's first."""
    found = [c for book in books for c in book.codes if c.event == "checklist.answered" and not c.retired]
    return tuple(sorted(found, key=lambda code: code.of != "session"))


def explained(books: Iterable[Codebook], code: Code) -> Explained:
    """Return a code with what the codebook says of it elsewhere."""
    book = next(book for book in books if book.name == code.book)
    attributes = {attribute.name: attribute for attribute in book.attribute}
    return Explained(
        code=code,
        attributes=tuple(attributes[name] for name in code.attributes),
        decisions=tuple(one for one in book.decision if code.id in one.codes),
    )


# -- search ----------------------------------------------------------------------------------------------------


def search(books: Iterable[Codebook], words: Sequence[str]) -> list[Hit]:
    """Return the codes and settings in which every word stands: in their families, ids, keys, labels, meanings,
    values, lines (`L267`).
    """
    asked = [word.lower() for word in words]
    found: list[Hit] = []
    for book in books:
        attributes = {attribute.name: attribute for attribute in book.attribute}
        families = {family.id: family for family in book.families}
        for code in book.codes:
            if code.retired:
                continue
            own = [attributes[name] for name in code.attributes]
            lines = _lines(code.source, *(a.values for a in own))
            lines += [line for caution in code.caution for line in caution.source]
            family = families.get(code.family)
            about = () if family is None else (family.id, *_said(family.label))
            if _all(asked, (*about, *_of_code(code, own)), lines):
                found.append(Hit(codebook=book.name, key=code.key, id=code.id, label=code.label))
        for setting in book.setting:
            if _all(asked, _of_setting(setting), _lines(setting.source, setting.values)):
                found.append(Hit(codebook=book.name, key=None, id=setting.id, label=setting.label))
    return found


def _all(words: Iterable[str], texts: Iterable[str], lines: Iterable[str]) -> bool:
    said, places = "\n".join(texts).lower(), {line.lower() for line in lines}
    return all(word in places if _LINE.fullmatch(word) else word in said for word in words)


def _of_code(code: Code, attributes: Iterable[Attribute]) -> Iterator[str]:
    yield from (f"{code.book}.{code.id}", code.key or "", *_said(code.label, code.meaning))
    for attribute in attributes:
        yield from (attribute.name, *_said(attribute.label), *_of_values(attribute.values))


def _of_setting(setting: Setting) -> Iterator[str]:
    yield from (setting.id, *_said(setting.label, setting.meaning), *_of_values(setting.values))


def _of_values(values: Iterable[Value]) -> Iterator[str]:
    for value in values:
        yield from (value.id, *_said(value.label, value.meaning))


def _said(*labels: Label | None) -> Iterator[str]:
    for label in labels:
        if label is not None:
            yield from (label.id, label.en)


def _lines(source: Iterable[str], *values: Iterable[Value]) -> list[str]:
    return [*source, *(line for group in values for value in group for line in value.source)]
