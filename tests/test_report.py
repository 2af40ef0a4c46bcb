"""`tk report`: sections are drawn in the plugin's own process, and nothing of a plugin's gets into a page but text."""

from __future__ import annotations

import base64
import gettext
import hashlib
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tkcore.analyses import Done, Failed, NotApplicable, Said, WithheldResult
from tkcore.contributions import Bar, Bars, Curve, Paragraph, Table
from tkcore.drawing import misdrawn
from tkcore.log import Head
from tkcore.report.document import Chapter, Document, Drawing, Missing, Voice, numbers, plain
from tkcore.report.html import page
from tkcore.report.text import text

TK = [sys.executable, "-m", "tkcore"]
BAD = "<script>alert('\"&x')</script>\x1b[31m\u202e"
SAID = Said(id="ID" + BAD, en="EN" + BAD)
ENGLISH = Voice("en", gettext.NullTranslations())

PLUGIN = """
import os
from msgspec import Struct
from tkcore import *
from tkcore import hookimpl

class Row(Struct, frozen=True):
    "Times."
    seat: str
    times: int
class N(Struct, frozen=True):
    n: int

received = query("gaze.received", version=3, reads=("address",), row=Row, sql="select session, receiver as seat, count(*) as times from address group by all order by all")
@group_analysis("gaze.over", version=1, needs=("gaze.received",))
def over(group: Group) -> N:
    "Meetings."
    return N(len(group.results("gaze.received")))
@analysis("gaze.held", version=1, reads=("turn",))
def held(session: Session, *, least: int = 100) -> N | Withheld:
    "Withheld."
    return Withheld("at least 100 turns", len(session.turns))
@analysis("gaze.raised", version=1, reads=("turn",))
def raised(session: Session) -> N:
    "Raises."
    raise ValueError("sic")
@analysis("gaze.marked", version=1, reads=("mark",))
def marked(session: Session) -> N:
    "Marks."
    return N(0)

def drawn(name, of):
    return section(name, of=of, title=Said(id="judul " + name, en="title " + name))
@drawn("gaze.a_bars", "gaze.received")
def bars(result):
    "Bars, of rows in their declared type."
    yield Bars(unit=Said(id="kali", en="times"), bars=tuple(Bar(label=row.seat, value=row.times) for row in result))
    yield Table(columns=(Said(id="kursi", en="seat"), Said(id="kali", en="times")), rows=tuple((row.seat, row.times) for row in result))
@drawn("gaze.b_over", "gaze.over")
def overs(result):
    "Over meetings."
    return [Paragraph(Said(id=f"{result.n} pertemuan", en=f"over {result.n} of them"))]
@drawn("gaze.c_held", "gaze.held")
def helds(result):
    "Never called."
    os._exit(3)
@drawn("gaze.d_raised", "gaze.raised")
def raiseds(result):
    "Never called."
    os._exit(3)
@drawn("gaze.e_marked", "gaze.marked")
def markeds(result):
    "Never called."
    os._exit(3)
@drawn("gaze.f_exits", "gaze.received")
def exits(result):
    "Takes its process with it."
    os._exit(3)
@drawn("gaze.g_markup", "gaze.received")
def markup(result):
    "Returns no part."
    return ["<b>bold</b>"]
@drawn("gaze.h_nobody", "nobody.offers_this")
def nobody(result):
    "Of an analysis that is not there."
    return []
@drawn("gaze.i_lent", "network.exchange")
def lent(result):
    "Of another plugin's."
    return [Paragraph(Said(id="-", en=f"first is a {type(result[0]).__module__}.{type(result[0]).__name__}"))]
@drawn("gaze.j_last", "gaze.received")
def last(result):
    "After all that."
    return [Paragraph(Said(id="akhir", en="the last one"))]
@hookimpl
def register_analyses(): return [received, over, held, raised, marked]
@hookimpl
def register_sections(): return [bars, overs, helds, raiseds, markeds, exits, markup, nobody, lent, last]
"""

ENDLESS = """
from msgspec import Struct
from tkcore import Said, Session, analysis, hookimpl, section
class N(Struct, frozen=True):
    n: int
@analysis("endless.count", version=1, reads=("turn",))
def count(session: Session) -> N:
    "Turns."
    return N(1)
@section("endless.draw", of="endless.count", title=Said(id="i", en="e"))
def draw(result):
    "Never ends."
    while True:
        pass
@hookimpl
def register_analyses(): return [count]
@hookimpl
def register_sections(): return [draw]
"""


def tk(*argv: str, where: Path, stdin: str = "", **env: str):
    found = subprocess.run(
        [*TK, *argv], check=False, input=stdin, capture_output=True, text=True, timeout=120, cwd=where.parent,
        env={**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(where.parent / "site"), **env},
    )  # fmt: skip
    assert "Traceback" not in found.stderr + found.stdout
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory, laid):
    """A workspace with two sessions and a plugin that draws, well and badly."""
    root = tmp_path_factory.mktemp("report") / "ws"
    laid(root.parent / "site", "gaze", PLUGIN)
    assert tk("init", "--plain", "--language", "en", str(root), where=root).returncode == 0
    for name in ("g/s", "g/s2"):
        opened = tk("session", "open", name, "--seats", "T,A,B", "--clock", "given", "--captures", "floor", where=root)  # fmt: skip
        assert opened.returncode == 0, opened.stderr
        assert tk("record", name, where=root, stdin="@0:00 ab\n@0:05 ba\n@0:09 ab\n").returncode == 0
    return root


@pytest.fixture(scope="module")
def said(place):
    """What `tk report` prints of a session."""
    return tk("report", "s", where=place)


@pytest.mark.parametrize(
    "line",
    [
        "withheld: at least 100 turns (n = 3)",
        "failed at stage run: ValueError: sic",
        "not captured: ",
        "it could not be drawn, stage ended: the plugin's process ended: exit 3",
        "it could not be drawn, stage check: str is no part: Paragraph, Table, Bars or Curve",
        "no enabled plugin offers the analysis nobody.offers_this",
        "first is a tkcore_network.",
        "the last one",
        "gaze.c_held · tk-gaze 1.0 · gaze.held 1 least=100",
    ],
)
def test_nothing_is_dropped(said, line):
    """What is withheld, not captured, failed or cannot be drawn is said in words, and the others are drawn."""
    assert line in said.stdout


def test_a_failed_section_is_a_bad_answer(said):
    """Each section of a session stands there once; that some failed is the exit code."""
    assert said.returncode == 1, said.stderr
    assert re.findall("── title gaze.(.)", said.stdout) == list("acdefghij")
    assert re.search(r"═ g/s  #\d+ [0-9a-f]{12}  held 20\d\d-", said.stdout)


def test_bars_and_tables_as_text(said):
    """The greatest bar is the longest, and whole numbers stay whole."""
    assert re.search(r"\n   A (█+) +1\n   B (█+) 2\n", said.stdout)
    a, b = re.search(r"\n   A (█+) +1\n   B (█+) 2\n", said.stdout).groups()
    assert (len(a), len(b)) == (15, 30)


def test_a_group_has_its_own_sections_and_its_sessions(place):
    """Sections of group functions come first, then every session."""
    shown = tk("report", "g", where=place).stdout
    assert re.findall("(?m)^═ (\\S+)", shown) == ["g", "g/s", "g/s2"]
    assert "over 2 of them" in shown
    assert shown.count("the last one") == 2
    assert shown.count("nobody.offers_this · ") + shown.count("analysis nobody.offers_this") == 1


def test_a_page_is_written_whole_and_not_over_another(place):
    """-o writes one file, the same bytes for the same log; what is there stays unless --force."""
    assert tk("report", "s", "-o", "one.html", where=place).returncode == 1
    assert tk("report", "s", "-o", "two.html", where=place).returncode == 1
    one, two = (place.parent / name for name in ("one.html", "two.html"))
    assert one.read_bytes() == two.read_bytes()
    one.write_text("mine")
    again = tk("report", "s", "-o", "one.html", where=place)
    assert (again.returncode, one.read_text()) == (4, "mine")
    assert "--force" in again.stderr
    assert tk("--lang", "id", "report", "s", "-o", "one.html", "--force", where=place).returncode == 1
    assert "judul gaze.a_bars" in one.read_text()
    assert '<html lang="id">' in one.read_text()


def test_what_is_broken_and_what_is_damaged_is_named(place, tmp_path, laid):
    """A plugin that cannot be loaded, one that never ends and a session that does not verify are said; the rest is drawn."""
    shutil.copytree(place.parent, tmp_path, dirs_exist_ok=True)
    root = tmp_path / "ws"
    laid(tmp_path / "site", "torn", "raise RuntimeError('no')")
    laid(tmp_path / "site", "endless", ENDLESS)
    for name in ("torn", "endless"):
        assert tk("plugins", "enable", name, where=root).returncode == 0
    path = root / "groups/g/sessions/s2/000000.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"sender":"A"', b'"sender":"B"', 1))
    done = tk("report", "g", "-o", "g.html", "--deadline", "4", where=root)
    assert (done.returncode, "the file says what and why" in done.stderr) == (1, True)
    made = (tmp_path / "g.html").read_text()
    for line in ("left out: torn: import: RuntimeError: no", "left out: g/s2: ", "stage deadline: took longer than 4 s", "the last one", "over 1 of them"):  # fmt: skip
        assert line in made
    assert tk("report", "s2", where=root).returncode == 1
    assert tk("report", "s", "--deadline", "nan", where=root).returncode == 3


# -- the page, without a plugin --------------------------------------------------------------------------------

WHERE = {"analysis": "x." + BAD, "version": 1, "plugin": BAD, "plugin_version": BAD, "params": {BAD: BAD}}
PARTS = (
    Paragraph(SAID),
    Table(columns=(SAID, SAID, SAID), rows=((BAD, SAID, None), (1, 1.5, True))),
    Bars(unit=SAID, bars=(Bar(label=BAD, value=1, low=0, high=2.25), Bar(label=SAID, value=-3))),
    Curve(x=SAID, y=SAID, points=((0, 1), (1, 4), (2, -1))),
)


def drawing(outcome, parts=(), error=""):
    return Drawing(section=BAD, of=BAD, title=SAID, plugin=BAD, plugin_version=BAD, outcome=outcome, parts=parts, stage=BAD, error=error)  # fmt: skip


WHOLE = Document(
    name=BAD, tkcore="0",
    missing=(Missing(what=BAD, why=BAD),),
    chapters=(
        Chapter(
            name=BAD, head=Head(1, "ab" * 32), held=BAD, partial=True,
            drawings=(
                drawing(Done(**WHERE, value=1, missing=(BAD,)), PARTS), drawing(Done(**WHERE, value=1), error=BAD),
                drawing(NotApplicable(**WHERE, missing=(BAD,))), drawing(WithheldResult(**WHERE, gate=BAD, n=1)),
                drawing(Failed(**WHERE, stage=BAD, error=BAD)), drawing(None),
            ),
        ),
        Chapter(name=BAD, drawings=()),
    ),
)  # fmt: skip


class Seen(HTMLParser):
    """The tags of a page in order, their attributes, its style."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.style = [], [], ""
        self.open, self.feedback = [], text
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta" and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data


TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "section", "footer", "table", "thead",
    "tbody", "tr", "th", "td", "svg", "text", "rect", "path", "circle",
}  # fmt: skip


@pytest.mark.parametrize("language", ["id", "en"])
def test_markup_in_any_text_is_only_text(language):
    """With a script in every field, a page has no element but the report's own, and no attribute that acts."""
    made = page(WHOLE, Voice(language, gettext.NullTranslations()))
    seen = Seen(made)
    assert set(seen.tags) == TAGS
    assert seen.open == []
    acting = {n for n, _ in seen.attributes if n.startswith("on") or n in ("src", "href", "style", "srcset", "action")}  # fmt: skip
    assert acting == set()
    assert ("lang", language) in seen.attributes
    assert "<script" not in made
    assert not set("\x1b\u202e") & set(made)
    assert ("ID" if language == "id" else "EN") + "&lt;script&gt;" in made


def test_a_page_allows_its_own_style_and_nothing_else():
    """The policy names the digest of the style that stands in the page; the page names no other place."""
    made = page(WHOLE, ENGLISH)
    seen = Seen(made)
    policy = next(v for n, v in seen.attributes if n == "content" and "src" in v)
    digest = base64.b64encode(hashlib.sha256(seen.style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"https?:|url\(|@import|//", made)
    assert "prefers-color-scheme:dark" in seen.style
    assert "@media print" in seen.style


def test_every_picture_has_its_table():
    """Behind each picture stands a table with its numbers; the picture itself is hidden from who cannot see it."""
    made = page(WHOLE, ENGLISH)
    assert made.count("<svg ") == made.count("</svg><table>") == 2
    assert made.count('aria-hidden="true"') == 2
    bars = made.split("</svg><table>")[1]
    assert re.findall("<td[^>]*>([^<]*)</td>", bars)[:4][1:] == ["1.00", "0.00", "2.25"]


def test_signs_that_move_the_terminal_are_not_printed():
    """Control characters of a plugin's texts do not reach the terminal."""
    made = text(WHOLE, ENGLISH)
    assert not set("\x1b\u202e") & set(made)
    assert "▄" in made or "█" in made


def test_a_blank_of_another_kind_is_a_blank():
    """A blank that does not break, or a tab, is shown as a blank, a sign that turns a line around as none."""
    assert plain("50\u00a0%\t\u202fx\r\ny\u202e") == "50 %  x\ny�"


def test_numbers_are_read_by_people():
    """Beside each other they have the same digits, as few as say what three would; alone as few as it needs."""
    assert [numbers([v])[0] for v in (7, 7.0, 0.12345, -1e20)] == ["7", "7", "0.123", "-1e+20"]
    assert numbers([1.0, 2.0]) == ["1", "2"]
    assert numbers([1, 2.5]) == ["1.0", "2.5"]
    assert numbers([15.2, 20.25, 0.1239]) == ["15.200", "20.250", "0.124"]
    assert [numbers([v])[0] for v in (0.00034, -0.00012, 0.0, -0.0)] == ["0.00034", "-0.00012", "0", "0"]
    assert numbers([0.0002, 0.5]) == ["0.0002", "0.5"]
    assert [ENGLISH.cell(v) for v in (None, True, 3, 0.5, "A")] == ["–", "yes", "3", "0.5", "A"]


@pytest.mark.parametrize(("language", "mark"), [("id", ","), ("en", ".")])
def test_tables_of_the_command_line_have_it_too(place, language, mark):
    """`tk analyze` and `tk query` write a number as the language does for people; JSON and CSV have a point."""
    said = ("--lang", language)
    shown = tk(*said, "analyze", "s", "network.summary", where=place).stdout
    assert re.search(rf"density +0\{mark}\d\d\d", shown), shown
    asked = tk(*said, "query", "select 1 / 4.0 as x, [0.5::double, 1.5] as y", where=place).stdout
    between = "; " if mark == "," else ", "
    assert f"0{mark}2500" in asked
    assert f"0{mark}5000{between}1{mark}5000" in asked
    assert '"density": 0.' in tk(*said, "analyze", "s", "network.summary", "--json", where=place).stdout
    assert "0.25" in tk(*said, "query", "select 1 / 4.0 as x", "--csv", where=place).stdout


def test_a_column_of_numbers_has_the_same_digits_in_each_row():
    """What is not known stays a dash; in a column that holds words too each number stands for itself."""
    assert ENGLISH.cells(((1.5, 2.25, 1), (None, 3.0, "x"))) == [["1.5", "2.25", "1"], ["–", "3.00", "x"]]
    assert ENGLISH.cells(()) == []


NUMBERS = (
    Table(columns=(Said(id="kolom", en="column"),), rows=((1.25,),)),
    Bars(unit=Said(id="satuan", en="unit"), bars=(Bar(label="A", value=2.5, low=1.75, high=3.0),)),
    Curve(x=Said(id="x", en="x"), y=Said(id="y", en="y"), points=((0.5, 4.5), (1.5, 5.5))),
)


@pytest.mark.parametrize(("language", "mark", "other"), [("id", ",", "."), ("en", ".", ",")])
def test_a_report_has_the_languages_decimal_mark(language, mark, other):
    """A comma in Indonesian, a point in English: in tables, beside bars, at the ends of a curve, on a page and as text."""
    voice = Voice(language, gettext.NullTranslations())
    whole = Document(name="s", chapters=(Chapter(name="s", drawings=(drawing(Done(**WHERE, value=1), NUMBERS),)),))  # fmt: skip
    made, said = page(whole, voice), text(whole, voice)
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", made)
    wanted = ["1.25", "A", "2.50", "1.75", "3.00", "0.5", "4.5", "1.5", "5.5"]
    assert cells == [cell.replace(".", mark) for cell in wanted]
    # of places in a picture the language says nothing; of what is written there it does
    written = re.findall(r"<text[^>]*>([^<]*)</text>", made)
    assert {f"4{mark}5", f"5{mark}5", f"0{mark}5", f"1{mark}5"} < set(written)
    assert f"2{mark}50 [1{mark}75 … 3{mark}00]" in said
    assert f"4{mark}5 → 5{mark}5" in said
    assert not re.search(rf"\d\{other}\d", said)


def test_a_time_with_offset_is_read_by_people():
    """Day, hour and offset; what is no time stays as it is."""
    chapters = (Chapter(name="s", drawings=(), held="2026-11-24T16:00:05+07:00"), Chapter(name="t", drawings=(), held="then"))  # fmt: skip
    assert [ENGLISH.facts(chapter) for chapter in chapters] == [["held 2026-11-24 16:00 (+07:00)"], ["held then"]]  # fmt: skip


def test_a_long_label_stands_in_two_lines():
    """What is longer still ends with dots; the table has it whole."""
    bars = Bars(unit=SAID, bars=(Bar(label="a label that has more signs than a line", value=1.0), Bar(label=30 * "ab ", value=2.0)))  # fmt: skip
    whole = Document(name="s", chapters=(Chapter(name="s", drawings=(drawing(Done(**WHERE, value=1), (bars,)),)),))  # fmt: skip
    written = re.findall(r"<text[^>]*>([^<]*)</text>", page(whole, ENGLISH))
    assert written[:2] == ["a label that has more", "signs than a line"]
    assert (len(written), written[3][-1]) == (4, "…")
    assert all(len(line) <= 22 for line in written)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("<b>", "no part"),
        (Table(columns=(SAID,), rows=((1, 2),)), "a row has 2 cells, the table 1 columns"),
        (Table(columns=(SAID,), rows=((float("nan"),),)), "nan is no number"),
        (Bars(unit=SAID, bars=(Bar(label="A", value=float("nan")),)), "nan"),
        (Curve(x=SAID, y=SAID, points=((0, float("inf")),)), "inf"),
        (Curve(x=SAID, y=SAID, points=((1, 0), (0, 0))), "not in the order"),
    ],
)
def test_what_cannot_be_drawn_is_found(part, says):
    """A part that no page can show is refused with the reason."""
    assert says in misdrawn(part)
    assert [misdrawn(p) for p in PARTS] == [""] * 4


@pytest.mark.parametrize("values", [(), (0,), (5, 5), (-1e308, 1e308), (1e-320, 0)])
def test_extreme_values_are_drawn(values):
    """No value, one, the same twice, the greatest and the least there are: each has a picture with finite places."""
    parts = (
        Bars(unit=SAID, bars=tuple(Bar(label="A", value=v) for v in values)),
        Curve(x=SAID, y=SAID, points=tuple((n, v) for n, v in enumerate(values))),
    )
    whole = Document(name="s", chapters=(Chapter(name="s", drawings=(drawing(Done(**WHERE, value=1), parts),)),))  # fmt: skip
    assert not re.search(r'(?:x|y|width|cx|cy|d)="[^"]*(?:nan|inf)', page(whole, ENGLISH))
    assert text(whole, ENGLISH)
