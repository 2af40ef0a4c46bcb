"""What of the handbook can be recorded, computed or shown: its rows, and what answers each.

`python -m tkcore.coverage docs/handbook-coverage.md` writes the table, `--check FILE` compares. The rows are data
(`codebooks/handbook-rows.toml`); what answers them is what the codebook's entries say of themselves (`rows`).
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import resources
from itertools import groupby
from pathlib import Path
from textwrap import fill

from msgspec import Struct, convert

from tkcore.codebook import handbook, parse
from tkcore.errors import BadInput
from tkcore.reference import first_party
from tkcore.scheme import Code, Codebook

FILE = "handbook-coverage.md"
HEAD = """\
# What of the handbook is there

Made from the codebook and the plugins by `make reference`; a test compares. Do not edit.

Each row is something the handbook asks for, with its lines there. What answers it is a code, an attribute's value, a
setting, an item of a checklist, a caution, a phase, or an analysis or a section of our plugins: `tk codebook show` and
`tk analyze --list` say more. *To come*: what would answer it is named and not written yet; *partly*: some of it is.
"""
FITS: Mapping[str, frozenset[str]] = {
    "event type": frozenset({"code", "phase"}),
    "attribute value": frozenset({"attribute", "setting", "rating", "preset", "phase"}),
    "setting": frozenset({"setting"}),
    "checklist": frozenset({"checklist", "caution"}),
    "analysis": frozenset({"analysis"}),
    "report section": frozenset({"section"}),
}
"""What answers a row of a kind; a code is also a preset where it has one, and a rating where it has a scale."""
_READ: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("each norm is a code of its own", (126, 170, 171, 172, 173, 174, 351, 352, 353, 354, 355, 356, 360)),
    ("each source of a conflict is a code of its own", (243, 244, 245, 246)),
    ("each kind of resistance is a code of its own", (313, 314, 315, 316, 317)),
    ("each act of the leader is a code of its own", (276, 277, 278, 279, 311, 366, 367)),
    ("each thing a group gives is a code of its own", (349,)),
    ("it may be done here: the code, and no caution for this population", (56,)),
    ("a date, which is a setting, and the days since, which are computed", (115,)),
    (
        "a hint to whoever codes: it stands in the code's meaning, there is nothing to tick",
        (241, 328, 361, 362),
    ),
)
OTHERWISE: Mapping[int, str] = {n: reason for reason, rows in _READ for n in rows}
"""Rows that something else answers than a row of their kind asks for, and why that is the honest reading."""


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing the handbook asks for."""

    n: int
    kind: str
    term: str
    en: str
    where: str


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the handbook, by the number of its first row."""

    part: str
    first: int
    title: str


class Catalogue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rows, in the parts of the handbook."""

    part: tuple[Part, ...]
    row: tuple[Row, ...]


class Declared(Struct, frozen=True):
    """The analyses and sections that plugins declare, by name."""

    analyses: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset()


class Answered(Struct, frozen=True):
    """One thing that answers a row; `there` is false for an analysis or a section that no plugin declares yet."""

    what: str
    name: str
    there: bool = True


class Covered(Struct, frozen=True, kw_only=True):
    """A row, and what answers it."""

    n: int
    kind: str
    where: str
    term: str
    answers: tuple[Answered, ...]


def catalogue() -> Catalogue:
    """Return the packaged rows of the handbook."""
    text = resources.files("tkcore").joinpath("codebooks/handbook-rows.toml").read_text("utf-8")
    return convert(tomllib.loads(text), Catalogue)


def declared(folder: Path) -> Declared:
    """Return what the first-party plugins declare; `folder` is docs/. Raises BadInput if one is broken."""
    plugins = first_party(folder)
    return Declared(
        frozenset(one.name for plugin in plugins for one in plugin.analyses),
        frozenset(one.name for plugin in plugins for one in plugin.sections),
    )


# -- what answers ----------------------------------------------------------------------------------------------


def coverage(book: Codebook, rows: Iterable[Row], known: Declared) -> tuple[Covered, ...]:
    """Return each row with what answers it, in the order of the codebook's file."""
    found: dict[int, dict[Answered, None]] = {}
    for n, answer in _answers(book, known):
        found.setdefault(n, {})[answer] = None
    return tuple(
        Covered(n=row.n, kind=row.kind, where=row.where, term=row.term, answers=tuple(found.get(row.n, ())))
        for row in rows
    )


def _answers(book: Codebook, known: Declared) -> Iterator[tuple[int, Answered]]:
    for code in book.codes:
        what = "checklist" if code.event == "checklist.answered" else "code"
        yield from _of(code.rows, what, code.id)
    for attribute in book.attribute:
        for value in attribute.values:
            yield from _of(value.rows, "attribute", f"{attribute.name}={value.id}")
    for setting in book.setting:
        yield from _of(setting.rows, "setting", setting.id)
        for value in setting.values:
            yield from _of(value.rows, "setting", f"{setting.id}={value.id}")
    for phases in book.phase_set:
        for phase in phases.phases:
            yield from _of(phase.rows, "phase", f"{phases.setting}.{phase.id}")
    for caution in book.caution:
        yield from _of(caution.rows, "caution", caution.id)
    for answer in book.answer:
        what, there = ("section", known.sections) if answer.analysis is None else ("analysis", known.analyses)
        yield from _of(answer.rows, what, answer.name, there=answer.name in there)


def _of(rows: Iterable[int], what: str, name: str, *, there: bool = True) -> Iterator[tuple[int, Answered]]:
    for n in rows:
        yield n, Answered(what, name, there)


def missing(covered: Iterable[Covered]) -> list[Covered]:
    """Return the rows that nothing answers."""
    return [row for row in covered if not row.answers]


def unknown(book: Codebook, rows: Iterable[Row]) -> list[int]:
    """Return the numbers that entries of a codebook say they answer and that are no row's."""
    numbers = {row.n for row in rows}
    return sorted({n for n, _ in _answers(book, Declared())} - numbers)


def misspelt(book: Codebook, known: Declared) -> list[tuple[str, str]]:
    """Return names of analyses and sections to come that are nearly one that exists, or are one of the other sort."""
    found = []
    for answer in book.answer:
        own, other = (
            (known.sections, known.analyses) if answer.analysis is None else (known.analyses, known.sections)
        )
        if answer.name in own:
            continue
        near = [answer.name] if answer.name in other else get_close_matches(answer.name, own, 1, 0.9)
        found += [(answer.name, name) for name in near]
    return found


def fitting(row: Covered, codes: Mapping[str, Code]) -> tuple[Answered, ...]:
    """Return the answers that are what a row of its kind asks for; of a row in `OTHERWISE`, those that are recorded."""
    if row.n in OTHERWISE:
        return tuple(answer for answer in row.answers if answer.what not in ("analysis", "section"))
    return tuple(answer for answer in row.answers if _as(answer, codes) & FITS[row.kind])


def _as(answer: Answered, codes: Mapping[str, Code]) -> frozenset[str]:
    """Return what an answer may be counted as."""
    code = codes.get(answer.name) if answer.what == "code" else None
    preset = {"preset"} if code is not None and code.preset else set()
    rated = {"rating"} if code is not None and code.event == "rating.given" else set()
    return frozenset({answer.what, *preset, *rated})


def state(row: Covered, codes: Mapping[str, Code]) -> str:
    """Return `now`, `partly` or `to come`, as what answers a row is written, or `missing`."""
    there = {answer.there for answer in fitting(row, codes)}
    if not there:
        return "missing"
    return "partly" if len(there) > 1 else "now" if there == {True} else "to come"


# -- the page --------------------------------------------------------------------------------------------------


def text(folder: Path) -> str:
    """Return the whole page; `folder` is docs/, beside which the first-party plugins lie."""
    book, listed = parse(handbook(), "handbook.toml"), catalogue()
    return page(book, listed, coverage(book, listed.row, declared(folder)))


def page(book: Codebook, listed: Catalogue, covered: Sequence[Covered]) -> str:
    """Return the page on a codebook's coverage."""
    codes = {code.id: code for code in book.codes}
    states = {row.n: state(row, codes) for row in covered}
    parts = [HEAD, _summary(covered, states)]
    for which in ("partly", "to come", "missing"):
        numbers = [str(row.n) for row in covered if states[row.n] == which]
        if numbers:
            parts.append(fill(f"Rows {which}, {len(numbers)}: {', '.join(numbers)}.", 118) + "\n")
    for at, part in enumerate(listed.part):
        last = listed.part[at + 1].first if at + 1 < len(listed.part) else len(covered) + 1
        own = [row for row in covered if part.first <= row.n < last]
        parts.append(f"## Part {part.part}: {part.title}\n\n{_rows(own, states)}")
    return "\n".join(parts)


def _summary(covered: Sequence[Covered], states: Mapping[int, str]) -> str:
    counted = Counter((row.kind, states[row.n]) for row in covered)
    counted.update(("all", said) for said in states.values())
    lines = [
        "| kind | rows | answered now | partly | to come | missing |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for kind in (*FITS, "all"):
        numbers = [counted[kind, said] for said in ("now", "partly", "to come", "missing")]
        lines.append(" | ".join(["| " + kind, str(sum(numbers)), *map(str, numbers)]) + " |")
    return "\n".join(lines) + "\n"


def _rows(covered: Iterable[Covered], states: Mapping[int, str]) -> str:
    lines = ["| # | Indonesian | line | kind | answered by |", "|--:|---|---|---|---|"]
    for row in covered:
        said = "; ".join(
            f"{what} " + ", ".join(_named(answer) for answer in answers)
            for what, answers in groupby(row.answers, lambda answer: answer.what)
        )
        if states[row.n] in ("partly", "to come"):
            said = f"**{states[row.n]}**: {said}"
        if row.n in OTHERWISE:
            said += f" – {OTHERWISE[row.n]}"
        term = row.term.replace("|", "\\|")
        lines.append(f"| {row.n} | {term} | {row.where} | {row.kind} | {said or '**nothing**'} |")
    return "\n".join(lines) + "\n"


def _named(answer: Answered) -> str:
    return f"`{answer.name}`" + ("" if answer.there else " (to come)")


def main(argv: Sequence[str]) -> int:
    """Write the page, or with `--check` say whether it is what the codebook and the plugins say."""
    path = Path(argv[-1])
    made = text(path.parent)
    if argv[0] == "--check":
        same = path.is_file() and path.read_text("utf-8") == made
        if not same:
            sys.stderr.write(f"{path} is not what the codebook says: make reference\n")
        return 0 if same else 1
    path.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BadInput as error:
        sys.exit(str(error))
