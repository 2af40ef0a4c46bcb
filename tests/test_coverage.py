"""What of the handbook is there: every row has an answer, every answer exists, and the page says so."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import replace

from tkcore import coverage as cov
from tkcore.codebook import handbook, parse

DOCS = Path(__file__).resolve().parent.parent / "docs"
BOOK = parse(handbook(), "handbook.toml")
ROWS = cov.catalogue().row
CODES = {code.id: code for code in BOOK.codes}
KNOWN = cov.declared(DOCS)
COVERED = cov.coverage(BOOK, ROWS, KNOWN)


def test_the_page_is_what_the_codebook_says():
    """docs/handbook-coverage.md is what `make reference` writes."""
    path = DOCS / cov.FILE
    assert cov.text(DOCS) == path.read_text("utf-8"), "docs/handbook-coverage.md is stale: make reference"


def test_check_says_stale(tmp_path, capsys):
    """`--check` leaves with 1 and says what to do where the page is another one, and with 0 where it is the same."""
    page = tmp_path / "docs" / cov.FILE
    page.parent.mkdir()
    assert cov.main(["--check", str(page)]) == 1
    assert "make reference" in capsys.readouterr().err
    assert cov.main([str(page)]) == 0
    assert cov.main(["--check", str(page)]) == 0


def test_406_of_406_rows_have_an_answer():
    """Each row is answered by a code, a value, a setting, an item, a caution, a phase, an analysis or a section."""
    assert [row.n for row in ROWS] == list(range(1, 407))
    assert [(row.n, row.kind, row.term) for row in cov.missing(COVERED)] == []
    assert cov.unknown(BOOK, ROWS) == []


def test_a_row_without_an_answer_is_named():
    """Where the only code that answers a row is taken out of the codebook, that row is missing, and no other."""
    (only,) = next(row for row in COVERED if row.n == 201).answers
    assert only.name == "factor.corrective_experience"
    without = replace(BOOK, code=tuple(code for code in BOOK.code if code.id != only.name))
    alone = [n for n in CODES[only.name].rows if len(COVERED[n - 1].answers) == 1]
    left = cov.coverage(without, ROWS, KNOWN)
    assert [row.n for row in cov.missing(left)] == alone
    assert 201 in alone
    page = cov.page(without, cov.catalogue(), left)
    assert f"Rows missing, {len(alone)}: " in page
    assert re.search(r"^\| 201 \|.*\*\*nothing\*\* \|$", page, re.MULTILINE)


def test_a_row_that_is_none_is_named():
    """A code that says it answers row 407 says something that is not so."""
    wrong = replace(BOOK, code=(replace(BOOK.code[0], rows=(407,)), *BOOK.code[1:]))
    assert cov.unknown(wrong, ROWS) == [407]


def test_every_answer_exists():
    """What answers a row is in the codebook by that name; an analysis or a section is there, or says it is to come."""
    attributes = {f"{a.name}={v.id}" for a in BOOK.attribute for v in a.values}
    settings = {s.id for s in BOOK.setting} | {f"{s.id}={v.id}" for s in BOOK.setting for v in s.values}
    phases = {f"{s.setting}.{p.id}" for s in BOOK.phase_set for p in s.phases}
    names = {
        "code": set(CODES), "checklist": set(CODES), "attribute": attributes, "setting": settings, "phase": phases,
        "caution": {c.id for c in BOOK.caution}, "analysis": KNOWN.analyses, "section": KNOWN.sections,
    }  # fmt: skip
    for row in COVERED:
        for answer in row.answers:
            assert (answer.name in names[answer.what]) == answer.there, (row.n, answer)
            assert answer.there or answer.what in ("analysis", "section"), (row.n, answer)


def test_an_attribute_that_answers_is_offered_by_a_code():
    """A value that no code lists could not be recorded: it would answer nothing."""
    offered = {name for code in BOOK.codes if not code.retired for name in (*code.attributes, *code.preset)}
    answering = {a.name.partition("=")[0] for row in COVERED for a in row.answers if a.what == "attribute"}
    assert answering - offered == set()


def test_no_code_that_answers_is_retired():
    """A code that cannot be typed answers no row."""
    assert [code.id for code in BOOK.codes if code.retired and code.rows] == []


def test_a_row_is_answered_by_what_its_kind_asks_for():
    """An event by a code or a phase, an item by an item or a caution, an analysis by one; else the reason is given."""
    assert {row.kind for row in ROWS} == set(cov.FITS)
    assert [(row.n, row.kind, row.answers) for row in COVERED if cov.state(row, CODES) == "missing"] == []


def test_no_exception_is_idle():
    """A row that is read otherwise has no answer of the kind it asks for, and says why."""
    for n, reason in cov.OTHERWISE.items():
        row = COVERED[n - 1]
        assert [a for a in row.answers if cov._as(a, CODES) & cov.FITS[row.kind]] == [], n
        assert len(reason) > 10


def test_states():
    """A row is there when all is written that would answer it, partly when some is, to come when nothing is."""
    said = {row.n: cov.state(row, CODES) for row in COVERED}
    nobody = {row.n: cov.state(row, CODES) for row in cov.coverage(BOOK, ROWS, cov.Declared())}
    assert (said[288], nobody[288]) == ("now", "to come")
    assert (said[297], nobody[297]) == ("now", "to come")
    assert {n for n in said if ROWS[n - 1].kind in ("analysis", "report section")} == {
        n for n in nobody if nobody[n] == "to come"
    }
    half = cov.Covered(
        n=1, kind="analysis", where="L1", term="x",
        answers=(cov.Answered("analysis", "a.b"), cov.Answered("analysis", "a.c", there=False), cov.Answered("code", "x.y")),
    )  # fmt: skip
    assert cov.state(half, {}) == "partly"


def test_what_exists_is_spelt_as_it_exists():
    """No analysis to come is one that exists, misspelt or called a section; a planted one is found."""
    assert cov.misspelt(BOOK, KNOWN) == []
    planted = replace(BOOK, answer=(
        replace(BOOK.answer[0], analysis="network.structures", section=None),
        replace(BOOK.answer[0], analysis="network.form", section=None),
    ))  # fmt: skip
    assert cov.misspelt(planted, KNOWN) == [
        ("network.structures", "network.structure"),
        ("network.form", "network.form"),
    ]


def test_the_rules_and_the_decisions_are_all_there():
    """Of the handbook's setting-dependent rules 1 to 11 each has a caution; of its ambiguities 1 to 10 each a decision."""
    assert sorted({c.rule for c in BOOK.caution if c.rule is not None}) == list(range(1, 12))
    assert sorted(d.n for d in BOOK.decision) == list(range(1, 11))


def test_a_place_is_a_line_of_the_handbook():
    """Every row and every answer's source that is a line of the handbook names one of its 434."""
    places = [
        *(row.where for row in ROWS),
        *(line for code in BOOK.codes for line in code.source),
        *(line for caution in BOOK.caution for line in caution.source),
    ]
    lines = [int(n) for place in places for n in re.findall(r"\d+", place)]
    assert 1 <= min(lines) <= max(lines) <= 434


def _catalogue(shared: Path) -> str:
    return (shared / "domain/catalogue.md").read_text("utf-8")


def test_the_rows_are_the_catalogues(shared):
    """Numbers, terms, kinds and lines of the packaged rows are those of the catalogue."""
    found = re.findall(r"^\| (\d+) \| (.+) \|$", _catalogue(shared), re.MULTILINE)
    cells = [(int(n), *rest.split(" | ")) for n, rest in found]
    assert [(row.n, row.term, row.en, row.kind, row.where) for row in ROWS] == [
        (n, term, en, kind, where) for n, term, en, kind, _, where in cells
    ]


def test_rules_and_ambiguities_are_the_catalogues(shared):
    """Each rule of the catalogue's table has a caution that names its lines; there are ten ambiguities."""
    text = _catalogue(shared)
    rules = text.partition("## Setting-dependent rules")[2].partition("\n## ")[0]
    table = re.findall(r"^\| (?!rule |---)(.+?) \| (.+?) \| (L.+?) \|$", rules, re.MULTILINE)
    assert len(table) == 11
    for number, (rule, _, lines) in enumerate(table, 1):
        told = {line for c in BOOK.caution if c.rule == number for line in c.source}
        asked = {f"L{n}" for n in re.findall(r"\d+", lines)}
        assert asked <= told, (number, rule, asked - told)
    places = text.partition("## Places where the handbook is ambiguous")[2]
    assert [int(n) for n in re.findall(r"^(\d+)\. ", places, re.MULTILINE)] == [d.n for d in sorted(BOOK.decision, key=lambda d: d.n)]  # fmt: skip
