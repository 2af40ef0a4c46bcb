"""What a codebook may not say: doubles, unknown names, keys that are seats, conditions nobody can ask. With file and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from tkcore.conditions import terms
from tkcore.errors import CodebookError
from tkcore.events import EVENTS, STRING, Coded
from tkcore.scheme import (
    AUTHORS,
    BELONGS,
    TAKES,
    Attribute,
    Caution,
    Code,
    Codebook,
    Family,
    Label,
    Phase,
    Setting,
    Value,
)

SETTINGS = ("format", "setting", "population", "level")
"""The settings that a session's first record has."""
COUNTS = ("leaders", "open_contracts")
CODED = frozenset(
    {name for name, kind in EVENTS.items() if issubclass(kind, Coded)}
    | {"seat.added", "seat.arrived", "seat.left", "place.changed", "capture.paused", "lead.passed"}
)
"""Events that a code can be typed for."""
MOMENTS = ("session.opened", "session.closed", "member.admitted")
SEAT_KEYS = frozenset("tk0123456789")
"""A seat's key is never a family's or a code's (labels.md, rule 1)."""

_CODE_ID = re.compile(r"[a-z_]+\.[a-z_]+(/[a-z0-9_]+)?")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_ANSWER = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


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


def check(book: Codebook, lines: Lines) -> None:
    """Refuse what the field types cannot. Raises CodebookError with file, line and the entry's name."""
    proof = _Proof(book)
    for table, name, wrong in (
        ("family", lambda x: x.id, proof.family),
        ("attribute", lambda x: x.name, proof.attribute),
        ("setting", lambda x: x.id, proof.setting),
        ("code", lambda x: x.id, proof.code),
        ("phase_set", lambda x: x.setting, proof.phases),
        ("caution", lambda x: x.id, proof.caution),
        ("decision", lambda x: str(x.n), proof.decision),
        ("answer", lambda x: x.name, proof.answer),
    ):
        _each(getattr(book, table), table, name, wrong, lines)


def _each(
    entries: tuple[Any, ...], table: str, name: Callable[[Any], str], wrong: Callable[[Any], CodebookError | None],
    lines: Lines,
) -> None:  # fmt: skip
    seen: set[str] = set()
    for at, entry in enumerate(entries):
        called = name(entry)
        if called in seen:
            raise lines.error(table, at, called, "the id stands twice")
        reason = wrong(entry) or _unlabelled(entry) or _row(entry)
        if reason is not None:
            raise lines.wrong(table, at, called, reason)
        seen.add(called)


class _Proof:
    """What has been read so far, to hold the next entry against."""

    def __init__(self, book: Codebook) -> None:
        self.book = book
        self.families: dict[str, Family] = {}
        self.keys: set[str] = set()
        self.meanings: set[tuple[str, str]] = set()
        self.attributes: dict[str, tuple[str, ...]] = {}
        self.settings: dict[str, Setting] = {}

    def family(self, family: Family) -> CodebookError | None:
        if any(f.key == family.key for f in self.families.values()):
            return CodebookError("the key {key} stands twice", key=family.key)
        if not re.fullmatch(r"[a-z]", family.key) or family.key in SEAT_KEYS:
            return CodebookError("a family's key is one letter a-z, not t or k (those are seats)")
        if family.author not in AUTHORS:
            return CodebookError("author is one of {authors}", authors=", ".join(AUTHORS))
        if not _said(family.id):
            return CodebookError("the id may have A-Z a-z 0-9 _ . : + / -")
        self.families[family.id] = family
        return None

    def attribute(self, attribute: Attribute) -> CodebookError | None:
        if not _said(attribute.name):
            return CodebookError("the name may have A-Z a-z 0-9 _ . : + / -")
        if not attribute.values:
            return CodebookError("an attribute has values")
        self.attributes[attribute.name] = tuple(v.id for v in attribute.values)
        return _values(attribute.values)

    def setting(self, setting: Setting) -> CodebookError | None:
        chosen = setting.takes in ("choice", "choices")
        if not _NAME.fullmatch(setting.id):
            return CodebookError("the id has small letters, digits and _, a letter first")
        if setting.of not in BELONGS:
            return CodebookError("of is one of {known}", known=", ".join(BELONGS))
        if setting.takes not in TAKES:
            return CodebookError("takes is one of {known}", known=", ".join(TAKES))
        if chosen != bool(setting.values):
            return CodebookError("choice and choices have values, and nothing else has")
        if setting.takes != "number" and (setting.low, setting.high) != (None, None):
            return CodebookError("only a number has low and high")
        if setting.low is not None and setting.high is not None and setting.low >= setting.high:
            return CodebookError("a number runs from low to high")
        for usual in setting.default:
            if chosen and usual.value not in [v.id for v in setting.values]:
                return CodebookError("the default {value} is none of its values", value=usual.value)
            if terms(usual.when) is None:
                return CodebookError("when = {when!r}: write it as population == neurotic", when=usual.when)
        self.settings[setting.id] = setting
        return _values(setting.values)

    def code(self, code: Code) -> CodebookError | None:
        family = self.families.get(code.family)
        meaning = (code.base, repr(sorted(code.preset.items())))
        if not _CODE_ID.fullmatch(code.id) or not STRING.fullmatch(f"{self.book.name}.{code.base}"):
            return CodebookError("an id reads noun.name or noun.name/value, in small letters")
        if code.event not in CODED:
            return CodebookError("unknown event {event}", event=code.event)
        if code.of not in BELONGS:
            return CodebookError("of is one of {known}", known=", ".join(BELONGS))
        if code.of != "session" and (code.event != "checklist.answered" or code.key or code.family):
            return CodebookError(
                "an item of the group's checklist is checklist.answered, without key and family"
            )
        if code.of == "session" and family is None:
            return CodebookError("unknown family {family}", family=code.family)
        wrong = self._typed(code, family) or self._beside(code)
        if wrong is None and meaning in self.meanings:
            wrong = CodebookError("another code is stored the same way")
        for caution in code.caution:
            wrong = wrong or self._when(caution, code.attributes)
        self.keys.add(code.key or "")
        self.meanings.add(meaning)
        return wrong

    def _typed(self, code: Code, family: Family | None) -> CodebookError | None:
        if code.author not in AUTHORS:
            return CodebookError("author is one of {authors}", authors=", ".join(AUTHORS))
        if code.scale is not None and code.scale[0] >= code.scale[1]:
            return CodebookError("scale runs from low to high")
        if (code.scale is None) == (code.event == "rating.given"):
            return CodebookError("a rating.given has a scale, and nothing else has")
        if code.key is None:
            return None
        if not re.fullmatch(r"[a-z]{2}", code.key) or SEAT_KEYS & set(code.key):
            return CodebookError(
                "key {key}: two letters a-z, neither t nor k (those are seats)", key=code.key
            )
        if family is not None and code.key[0] != family.key:
            return CodebookError(
                "key {key} does not begin with its family's {letter}", key=code.key, letter=family.key
            )
        if code.key in self.keys:
            return CodebookError("the key {key} stands twice", key=code.key)
        return None

    def _beside(self, code: Code) -> CodebookError | None:
        """What `=value` may say must say one thing."""
        for at, name in enumerate(code.attributes):
            if name not in self.attributes:
                return CodebookError("unknown attribute {name}", name=name)
            if name in code.attributes[:at]:
                return CodebookError("the attribute {name} stands twice", name=name)
        for name, value in code.preset.items():
            if value not in self.attributes.get(name, ()):
                return CodebookError(
                    "preset {name} = {value} is not declared by an [[attribute]]", name=name, value=value
                )
        seen: dict[str, str] = {}
        for name in code.attributes:
            for value in self.attributes[name]:
                if seen.setdefault(value, name) != name:
                    return CodebookError(
                        "the value {value} stands in {name} and in {other}: ={value} would say two things",
                        value=value, name=seen[value], other=name,
                    )  # fmt: skip
        return None

    def phases(self, phases: Any) -> CodebookError | None:
        seen: set[str] = set()
        for phase in phases.phases:
            if not _said(phase.id):
                return CodebookError("a phase's id may have A-Z a-z 0-9 _ . : + / -")
            if phase.id in seen:
                return CodebookError("the phase {phase} stands twice", phase=phase.id)
            seen.add(phase.id)
        return None

    def caution(self, caution: Caution) -> CodebookError | None:
        codes = {code.id: code for code in self.book.code}
        moments = {
            *MOMENTS,
            *(f"phase.{p.id}" for s in self.book.phase_set for p in s.phases),
            *(f"setting.{id_}" for id_ in self.settings),
        }
        if not _NAME.fullmatch(caution.id):
            return CodebookError("a caution needs an id: small letters, digits and _")
        if not caution.codes and not caution.at:
            return CodebookError("for which codes, or at which moment?")
        for id_ in caution.codes:
            if id_ not in codes:
                return CodebookError("unknown code {code}", code=id_)
        for moment in caution.at:
            if moment not in moments:
                return CodebookError("unknown moment {moment}", moment=moment)
        return self._when(caution, tuple(a for id_ in caution.codes for a in codes[id_].attributes))

    def _when(self, caution: Caution, attributes: tuple[str, ...]) -> CodebookError | None:
        population = self.settings.get("population")
        counted = () if population is None else tuple(v.id for v in population.values)
        names = {*SETTINGS, *COUNTS, *counted, "author", *attributes, *self.settings}
        for when in caution.conditions:
            found = terms(when)
            if not found or any(term.name not in names for term in found):
                return CodebookError(
                    "caution {when!r}: write it as setting == inpatient ({fields})",
                    when=when, fields=", ".join((*SETTINGS, "author", *attributes)),
                )  # fmt: skip
        return None

    def decision(self, decision: Any) -> CodebookError | None:
        known = {code.id for code in self.book.code} | {*self.attributes, *self.settings}
        known |= {phase.id for s in self.book.phase_set for phase in s.phases}
        for id_ in decision.codes:
            if id_ not in known:
                return CodebookError("unknown code {code}", code=id_)
        return None

    def answer(self, answer: Any) -> CodebookError | None:
        if (answer.analysis is None) == (answer.section is None):
            return CodebookError("an answer is an analysis or a section")
        if not _ANSWER.fullmatch(answer.name):
            return CodebookError("{name} is no name of an analysis or a section", name=answer.name)
        return None


def _said(word: str) -> bool:
    """Whether a word can stand in a record; none at all is the family of what no codebook knows."""
    return bool(word) and STRING.fullmatch(word) is not None


def _values(values: tuple[Value, ...]) -> CodebookError | None:
    seen: set[str] = set()
    for value in values:
        if not _said(value.id):
            return CodebookError("names and values may have A-Z a-z 0-9 _ . : + / -")
        if value.id in seen:
            return CodebookError("the value {value} stands twice", value=value.id)
        seen.add(value.id)
    return None


def _unlabelled(entry: Struct) -> CodebookError | None:
    if any(not label.id.strip() or not label.en.strip() for label in _labels(entry)):
        return CodebookError("a label is missing in one of the two languages")
    return None


def _labels(entry: Any) -> Iterator[Label]:
    """All labels in an entry, however deep."""
    if isinstance(entry, Label):
        yield entry
    elif isinstance(entry, Struct):
        for name in entry.__struct_fields__:
            yield from _labels(getattr(entry, name))
    elif isinstance(entry, tuple):
        for part in entry:
            yield from _labels(part)


def _row(entry: Struct) -> CodebookError | None:
    """A row of the catalogue is a number from 1."""
    within = (*getattr(entry, "values", ()), *getattr(entry, "phases", ()))
    beside = (row for one in within if isinstance(one, (Value, Phase)) for row in one.rows)
    if any(row < 1 for row in (*getattr(entry, "rows", ()), *beside)):
        return CodebookError("rows are numbers from 1")
    return None
