"""Events of plugins' own types: typed as a line, kept as they are, read in their type, asked for in SQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from tkcore import contributions, foreign
from tkcore import events as e
from tkcore import grammar as g
from tkcore.analyses import Done, NotApplicable, Origin, analysis, query, run
from tkcore.closing import close_session
from tkcore.errors import BadInput, GrammarError
from tkcore.gathering import gather
from tkcore.opening import Opening, open_session, seatings, start
from tkcore.parts import compact
from tkcore.presenting import present, presented
from tkcore.projection import record_rows
from tkcore.reading import books, read_session
from tkcore.records import decode, encode
from tkcore.relations import Sources, wants_record
from tkcore.sandbox import ask
from tkcore.testing.sessions import families_of_kinds, sample, session
from tkcore.views import PluginView, views_of


class Shifted(Struct, frozen=True):
    """Somebody looked elsewhere."""

    seat: str
    level: int | None = None
    far: bool | None = None
    seats: tuple[str, ...] | None = None
    order: str | None = None


SHIFTED = contributions.event_type("gaze.shifted", version=1, body=Shifted, family="gaze")


def says(text: str) -> tuple:
    line = g.parse(text)
    (item,) = line.items
    return item.t, item.v, item.body


# -- the line --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gaze.shifted", ("gaze.shifted", 1, {})),
        ("gaze.shifted seat=A aim=C", ("gaze.shifted", 1, {"seat": "A", "aim": "C"})),
        ("gaze.shifted level=3 low=-12 zero=0", ("gaze.shifted", 1, {"level": 3, "low": -12, "zero": 0})),
        ("gaze.shifted code=007 much=1234567890123456789", ("gaze.shifted", 1, {"code": "007", "much": "1234567890123456789"})),
        ("gaze.shifted far=true near=false", ("gaze.shifted", 1, {"far": True, "near": False})),
        ("gaze.shifted seats=A,b,12", ("gaze.shifted", 1, {"seats": ["A", "b", "12"]})),
        ("gaze.shifted v=2 seat=a/b.c:d+e-f", ("gaze.shifted", 2, {"seat": "a/b.c:d+e-f"})),
        ("GAZE.Shifted SEAT=Aa", ("gaze.shifted", 1, {"seat": "Aa"})),
        ("turn-length.drift_seen x_1=y", ("turn-length.drift_seen", 1, {"x_1": "y"})),
    ],
)  # fmt: skip
def test_a_line_says_an_event(text, said):
    """Numbers, truths, lists and texts are told apart; the case of values is kept, that of names is not."""
    assert says(text) == said
    assert g.parse("@0:12 " + text).time == g.Time(ms=12_000)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("turn.taken sender=A", 1, "the core's own"),
        ("log.recovered x=1", 1, "the core's own"),
        ("ab gaze.shifted", 4, "stands alone"),
        ("gaze.shifted seat=A #looked away", 1, "stands alone"),
        ("gaze.shifted ab", 14, "no field=value"),
        ("@0:12 gaze.shifted seat=A ~", 27, "no field=value"),
        ("gaze.shifted ts=1", 14, "record's own"),
        ("gaze.shifted observer=x", 14, "record's own"),
        ("gaze.shifted 1a=1", 14, "no name of a field"),
        ("gaze.shifted a-b=1", 14, "no name of a field"),
        ("gaze.shifted a=1 A=2", 18, "stands twice"),
        ("gaze.shifted seat=", 19, "a value is missing"),
        ("gaze.shifted seats=A,,B", 22, "a value is missing"),
        ("gaze.shifted seat=a=b", 19, "may not stand in a record"),
        ("gaze.shifted seats=A,ü", 22, "may not stand in a record"),
        ("gaze.shifted seat=" + "x" * 65, 19, "may not stand in a record"),
        ("gaze.shifted v=0", 14, "the version"),
        ("gaze.shifted v=two", 14, "the version"),
        ("gaze.shifted " + " ".join(f"f{n}=1" for n in range(33)), 14 + 5 * 10 + 6 * 22, "more than 32"),
        ("gaze." + "x" * 60, 1, "longer than 64"),
        ("a.shifted", 1, "not understood"),
        ("gaze.s", 1, "not understood"),
        ("~17: gaze.shifted ab", 19, "no field=value"),
    ],
)
def test_a_refused_event(text, column, reason):
    """What is no event is refused with its column; no core type and no field of the envelope can be typed."""
    with pytest.raises(GrammarError, match=reason) as refused:
        g.parse(text)
    assert refused.value.column == column


def test_the_names_that_are_taken_are_the_contracts():
    """A declaration and a line refuse the same names."""
    assert contributions.RESERVED is foreign.RESERVED
    assert contributions.CORE is foreign.CORE
    assert "turn" in foreign.CORE
    assert set(e.ENVELOPE) < foreign.RESERVED


TEXT = st.from_regex(r"[A-Za-z0-9_.:+/-]{1,64}", fullmatch=True)
PLAIN = TEXT.filter(lambda text: foreign.parse([("gaze.shifted", 1), (f"x={text}", 1)]).body["x"] == text)
VALUE = st.one_of(
    PLAIN, st.booleans(), st.integers(-(10**18) + 1, 10**18 - 1), st.lists(TEXT, min_size=2, max_size=4)
)
FIELD = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True).filter(
    lambda name: name not in foreign.RESERVED
)
TYPE = st.from_regex(
    r"[a-z]{2}[a-z0-9]{0,8}(-[a-z0-9]{1,4})?\.[a-z]{2}[a-z0-9_]{0,12}", fullmatch=True
).filter(lambda t: t.partition(".")[0] not in foreign.CORE)
OPAQUE = st.builds(
    e.Opaque, t=TYPE, v=st.integers(1, 999_999), body=st.dictionaries(FIELD, VALUE, max_size=6),
    seq=st.integers(0, 99), id=st.just("a" * 32), ts=st.integers(0, 10**7), logged=st.just(5), observer=st.just("obs1"),
)  # fmt: skip


@given(OPAQUE)
def test_an_event_is_said_and_stored_and_read_again(record):
    """Its line says it again, and its stored line is the same record."""
    assert says(foreign.line_of(record)) == (record.t, record.v, record.body)
    assert decode(encode(record)) == record


def test_what_no_line_says_is_refused():
    """A body with a text between words, or one that would be a number, has no line."""
    for body in ({"x": "a b"}, {"x": "3"}, {"x": ["A"]}, {"x": {"a": "b"}}):
        with pytest.raises(ValueError, match=r"this body|a value|may not"):
            foreign.line_of(e.Opaque(t="gaze.shifted", body=body))


# -- the recorder ----------------------------------------------------------------------------------------------


def opaque(sitting):
    return [x for x in sitting.recorder.ledger if isinstance(x, e.Opaque)]


def states(sitting):
    return [row.state for row in record_rows(list(sitting.recorder.ledger), "g/s") if row.t == "gaze.shifted"]


def test_an_event_is_one_record(typed):
    """It is stored once however often it is sent, at its time, late ones too; ticks go before it."""
    s = typed()
    s.say("@0:00 ab", "@0:25 gaze.shifted seat=A far=true", "@0:10 gaze.shifted seat=B")
    first = s.recorder.enter("@0:30 gaze.shifted seat=Z", "a" * 30)
    again = s.recorder.enter("@0:30 gaze.shifted seat=Z", "a" * 30)
    assert (first.count, first.again, again.seq, again.again) == (1, False, first.seq, True)
    assert [(x.ts, x.v, x.body) for x in opaque(s)] == [
        (25_000, 1, {"seat": "A", "far": True}),
        (10_000, 1, {"seat": "B"}),
        (30_000, 1, {"seat": "Z"}),
    ]
    assert [x.ts for x in s.recorder.ledger if isinstance(x, e.ClockTicked)] == [0, 10_000, 20_000, 30_000]
    head = s.recorder.head
    s.stop()
    s.start()
    assert s.recorder.ledger[head.seq] == opaque(s)[-1]
    assert s.recorder.enter("@0:30 gaze.shifted seat=Z", "a" * 30).again


def test_an_event_is_taken_back(typed):
    """`~` and `~17` take it back, and back again; the record stays."""
    s = typed()
    seq = s.say("@0:00 ab", "@0:01 gaze.shifted seat=A").seq
    s.say("~")
    assert states(s) == ["retracted"]
    s.say("~")
    assert s.recorder.state(seq - 1) == "retracted"  # the turn before it
    later = s.say("@0:02 gaze.shifted seat=B").seq
    s.say(f"~{later}")
    assert states(s) == ["retracted", "retracted"]
    s.say(f"~{s.recorder.head.seq}")
    assert states(s) == ["retracted", "opaque"]


def test_an_event_is_not_amended(typed):
    """What a plugin's record may say instead nobody here knows: it is taken back and written again."""
    s = typed()
    seq = s.say("@0:01 gaze.shifted seat=A").seq
    turn = s.say("@0:02 ab").seq
    for line, reason in (
        (f"~{seq}: gaze.shifted seat=B", f"take it back with ~{seq}"),
        (f"~{seq}: ab", "is a plugin's"),
        (f"~{turn}: gaze.shifted seat=B", "must be one too"),
        (f"@0:03 !js~{seq}", "record 2 is gaze.shifted: this cannot belong to it"),
    ):
        with pytest.raises(GrammarError, match=reason):
            s.say(line)
    s.say("@0:05 ~a=b,b=a")
    assert [x.body for x in opaque(s)] == [{"seat": "A"}]


def test_an_event_changes_no_row(typed):
    """The rows of everything else are those of the log without it."""
    with_, without = typed("g/s"), typed("g/t")
    for one in (with_, without):
        one.say("@0:00 ab", "@0:05 ba !uu")
        if one is with_:
            one.say("@0:07 gaze.shifted seat=A")
        one.say("@0:09 <", "@0:12 c.")
    rows = [[(type(row).__name__, row.ts, row.dur) for row in one.rows()] for one in (with_, without)]
    assert rows[0] == rows[1]


def test_the_keys_table_shows_the_line(typed, desk):
    """Who asks for the keys learns how a plugin's event is written."""
    from tkcore.cli import Shell
    from tkcore.cli.record import keys

    assert "gaze.shifted seat=A level=3" in keys(Shell(None, "en", debug=False), books(desk.workspace))


# -- reading ---------------------------------------------------------------------------------------------------


def test_events_are_read_in_their_type():
    """In (ts, seq) order, without what was taken back, does not fit or is of a later version."""
    found = session(
        "@0:01 gaze.shifted seat=A level=3 far=true seats=A,B order=x; @0:05 gaze.shifted seat=12 seats=C level=9;"
        "@0:03 gaze.shifted level=7; @0:02 gaze.shifted seat=B far=1; @0:06 gaze.shifted seat=C; ~;"
        "@0:07 gaze.shifted seat=C v=2; @0:08 gaze.shifted seat=D level=much; @0:09 gaze.other seat=A",
        events=[SHIFTED],
    )
    assert [(x.ts, x.observer, x.body) for x in found.events(SHIFTED)] == [
        (1000, "obs1", Shifted("A", 3, True, ("A", "B"), "x")),
        (2000, "obs1", Shifted("B", far=True)),
        (5000, "obs1", Shifted("12", 9, seats=("C",))),
    ]
    assert session("@0:00 ab").events(SHIFTED) == ()
    seeded = found.seeded("gaze.share", 1, {})
    assert seeded.events(SHIFTED) == found.events(SHIFTED)


class Turned(Struct, frozen=True):
    """Somebody looked elsewhere, second edition."""

    who: str
    far: bool


def test_an_earlier_version_is_read_through_its_steps():
    """Steps are taken one after the other; one that cannot be taken leaves its record out."""
    turned = contributions.event_type(
        "gaze.shifted", version=3, body=Turned, family="gaze",
        upcasts={1: lambda old: {"who": old["seat"]}, 2: lambda old: {**old, "far": False}},
    )  # fmt: skip
    found = session(
        "@0:01 gaze.shifted seat=A; @0:02 gaze.shifted v=2 who=B; @0:03 gaze.shifted v=3 who=C far=true;"
        "@0:04 gaze.shifted place=D; @0:05 gaze.shifted v=4 who=E far=true",
        events=[turned],
    )
    assert [x.body for x in found.events(turned)] == [
        Turned("A", False),
        Turned("B", False),
        Turned("C", True),
    ]
    assert found.sql("select ts, who, far from gaze_shifted order by ts") == [
        (1000, None, None), (2000, "B", None), (3000, "C", True), (4000, None, None),
    ]  # fmt: skip


def handed_over(desk):
    """A session in which gaze goes from the lead to somebody else, who sees what the lead sees and more."""
    shelf = books(desk.workspace)
    opening = Opening(seats=seatings(["T", "A", "B"]), clock="given", families=("floor", "gaze"))
    open_session(desk, "g/s", opening, shelf)
    for observer, lines in (
        ("obs1", ("@0:01 gaze.shifted seat=A", "@0:02 ab")),
        ("obs2", ("@0:03 gaze.shifted seat=B",)),
    ):
        recorder, writer = start(desk, "g/s", shelf, observer)
        for line in lines:
            recorder.enter(line)
        writer.close()
    recorder, writer = start(desk, "g/s", shelf)
    recorder.put(e.CodingHandedOver(family="gaze", coder="obs2"))
    recorder.enter("@0:05 gaze.shifted seat=C")
    recorder.enter("@0:06 ba")
    writer.close()
    recorder, writer = start(desk, "g/s", shelf, "obs2")
    recorder.enter("@0:07 gaze.shifted seat=D")
    writer.close()
    return read_session(desk.workspace, "g/s", desk.disk), shelf


def test_events_of_their_familys_observer_count(desk):
    """Until a family is handed over the lead's records count, from then on who got it; views and functions agree."""
    read, shelf = handed_over(desk)
    found = present(read, shelf, [SHIFTED]).session
    assert [x.body.seat for x in found.events(SHIFTED)] == ["A", "D"]
    assert found.sql("select seat, observer from gaze_shifted order by ts") == [("A", "obs1"), ("D", "obs2")]
    all_of_them = "select body ->> '$.seat', counted from record where t = 'gaze.shifted' order by ts"
    assert found.sql(all_of_them) == [("A", True), ("B", False), ("C", True), ("D", False)]


def answers(desk, sql, views):
    said: list[str] = []
    folder = desk.workspace.root / "rows"
    folder.mkdir(exist_ok=True)
    sources, left = gather(
        desk.workspace, ["g/s"], books(desk.workspace), desk.disk, folder, lambda text, **_: said.append(text),
        lambda _: None, records=wants_record(sql, views),
    )  # fmt: skip
    assert not left
    return ask(sql, replace(sources, views=views)).rows, said, sources


def test_a_closed_session_answers_the_same(desk):
    """The Parquet, made without any plugin, has all that a view needs."""
    _, shelf = handed_over(desk)
    sql, views = "select seat, ts, observer from gaze_shifted order by ts", views_of([SHIFTED])
    before, _, sources = answers(desk, sql, views)
    assert not sources.files
    assert before == [["A", 1000, "obs1"], ["D", 7000, "obs2"]]
    close_session(desk, "g/s", shelf, 9000)
    after, said, sources = answers(desk, sql, views)
    assert (after, said) == (before, [])
    assert len(sources.record_parquet) == 1
    compact(desk.workspace, shelf, desk.disk, lambda _: None)
    archived, said, sources = answers(desk, sql, views)
    assert (archived, said) == (before, [])
    assert len(sources.record_parts) == 1


BODIES = [
    {"seat": "A"}, {"seat": 3}, {"seat": True}, {"seat": None}, {}, {"seat": ["A"]}, {"seat": "A", "level": 3},
    {"seat": "A", "level": "-4"}, {"seat": "A", "level": "much"}, {"seat": "A", "level": "3.5"}, {"seat": "A", "level": True},
    {"seat": "A", "level": [1]}, {"seat": "A", "far": True}, {"seat": "A", "far": "false"}, {"seat": "A", "far": 1},
    {"seat": "A", "far": 2}, {"seat": "A", "far": "yes"}, {"seat": "A", "seats": ["A", "B"]}, {"seat": "A", "seats": "A"},
    {"seat": "A", "seats": 12}, {"seat": "A", "seats": []}, {"seat": "A", "seats": {"a": "b"}}, {"seat": "A", "order": False},
    {"seat": "A", "order": "select"}, {"seat": "A", "unknown": "x"}, {"seat": "A", "level": 10**30},
]  # fmt: skip


def test_a_view_and_a_function_read_the_same_of_a_body():
    """Whatever stands in a body: where the type fits, its columns are its fields; where not, a NULL and no error."""
    base = list(sample("typed", "@0:00 ab").records)
    records = [
        *base,
        *(
            e.Opaque(t="gaze.shifted", seq=len(base) + n, id=f"{n:032x}", ts=1000 * n, logged=1, observer="obs1", body=body)
            for n, body in enumerate(BODIES)
        ),
    ]  # fmt: skip
    read = presented(records, "g/s", session("@0:00 ab").head, [], [SHIFTED]).session
    rows = {
        row[0]: row[1:] for row in read.sql('select ts, seat, level, far, seats, "order" from gaze_shifted')
    }
    assert len(rows) == len(BODIES)
    fitting = {x.ts: x.body for x in read.events(SHIFTED)}
    for ts, body in fitting.items():
        seats = None if body.seats is None else list(body.seats)
        assert rows[ts] == (body.seat, body.level, body.far, seats, body.order), BODIES[ts // 1000]
    unfit = {ts // 1000: rows[ts] for ts in rows if ts not in fitting}
    assert [BODIES[n] for n in unfit] == [
        {"seat": None}, {}, {"seat": ["A"]}, {"seat": "A", "level": "much"}, {"seat": "A", "level": "3.5"},
        {"seat": "A", "level": True}, {"seat": "A", "level": [1]}, {"seat": "A", "far": 2}, {"seat": "A", "far": "yes"},
        {"seat": "A", "seats": {"a": "b"}}, {"seat": "A", "level": 10**30},
    ]  # fmt: skip
    assert {row[1:] for row in unfit.values()} == {(None, None, None, None)}


def test_what_is_no_view_is_none():
    """What a plugin's process says of names and types is not put into SQL unchecked."""

    class Told(Struct):
        name: str = "gaze.shifted"
        version: int = 1
        family: str = "gaze"
        view: str = "gaze_shifted"
        columns: dict[str, str] = {}

    assert views_of([Told()]) == (
        PluginView(view="gaze_shifted", t="gaze.shifted", version=1, family="gaze", columns={}),
    )
    bad = [
        Told(name="x' or 1 = 1"), Told(family="a']"), Told(view="a b"), Told(view="event_folded"), Told(columns={"a": "INTEGER"}),
        Told(columns={"a b": "BIGINT"}), Told(columns={"ts": "BIGINT"}), Told(view="turn"), Told(view="other_shifted"),
    ]  # fmt: skip
    assert views_of(bad) == ()


# -- analyses --------------------------------------------------------------------------------------------------


class Count(Struct, frozen=True):
    """How many shifts of gaze a seat had."""

    seat: str
    n: int


@analysis("gaze.count", version=1, reads=("gaze.shifted",))
def count(session) -> tuple[Count, ...]:
    """Shifts of gaze by seat."""
    seats = [x.body.seat for x in session.events(SHIFTED)]
    return tuple(Count(seat, seats.count(seat)) for seat in sorted(set(seats)))


ASKED = query(
    "gaze.asked", version=1, reads=("gaze.shifted",), row=Count,
    sql="select session, seat, count(*) as n from gaze_shifted group by all order by all",
)  # fmt: skip


@pytest.mark.parametrize("declared", [count, ASKED])
def test_analyses_read_events(declared):
    """A function and a query of a plugin's own events; where its family was not captured neither says anything."""
    lines = "@0:01 gaze.shifted seat=A; @0:02 gaze.shifted seat=A; @0:03 gaze.shifted seat=B"
    one = sample("typed", lines, events=[SHIFTED])
    kinds = families_of_kinds([SHIFTED])
    done = run(Origin(declared, "p", "1"), one.session(), captured=one.captured(), families=kinds)
    assert isinstance(done, Done), done
    assert done.value == [{"seat": "A", "n": 2}, {"seat": "B", "n": 1}]
    other = sample("typed", lines)
    none = run(Origin(declared, "p", "1"), other.session(), captured=other.captured(), families=kinds)
    assert isinstance(none, NotApplicable)
    assert none.missing == ("gaze",)


# -- tk query --------------------------------------------------------------------------------------------------


PLUGIN = '''
from msgspec import Struct
import tkcore

class Shifted(Struct, frozen=True):
    """Somebody looked elsewhere."""
    seat: str
    level: int = 0

SHIFTED = tkcore.event_type("gaze.shifted", version=1, body=Shifted, family="gaze")

@tkcore.hookimpl
def register_events():
    return [SHIFTED]
'''


def laid(site: Path) -> None:
    """Lay the plugin where `PYTHONPATH` finds it."""
    info = site / "tk_gaze-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "tk_gaze.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tk-gaze\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tkcore.v1]\ngaze = tk_gaze\n")
    (info / "RECORD").write_text("tk_gaze.py,,\n")


def tk(*argv, where, stdin="", site=None):
    env = {**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8"}
    if site is not None:
        env["PYTHONPATH"] = str(site)
    return subprocess.run(
        [sys.executable, "-m", "tkcore", *argv], check=False, input=stdin, capture_output=True, text=True, timeout=120,
        env=env,
    )  # fmt: skip


def test_a_plugins_records_outlive_it(tmp_path):
    """Recorded without it, asked for with it; without it they stay records, travel whole, and its return brings them back."""
    one, other, site = tmp_path / "one", tmp_path / "other", tmp_path / "site"
    laid(site)
    for root in (one, other):
        assert tk("init", "--plain", "--language", "en", str(root), where=root).returncode == 0
    assert tk("session", "open", "g/s", "--seats", "T,A,B", "--clock", "given", where=one).returncode == 0
    lines = "@0:00 ab\n@0:02 gaze.shifted seat=A level=3\n" + json.dumps(
        {"id": "b" * 30, "line": "@0:04 gaze.shifted seat=B"}
    )
    said = tk("record", "g/s", "--json", where=one, stdin=lines)
    assert [json.loads(line)["count"] for line in said.stdout.splitlines()] == [1, 1, 1]
    assert tk("session", "close", "g/s", "--at", "0:10", where=one).returncode == 0
    view = "select seat, level from gaze_shifted order by ts"
    rows = [{"seat": "A", "level": 3}, {"seat": "B", "level": None}]

    def asked(root, **more):
        return tk("query", view, "--json", where=root, **more)

    # installed and enabled
    assert tk("plugins", "enable", "gaze", where=one, site=site).returncode == 0
    assert json.loads(asked(one, site=site).stdout) == rows
    # uninstalled
    gone = asked(one)
    assert gone.returncode == 3
    assert "gaze_shifted" in gone.stderr
    assert "t = 'gaze.shifted'" in gone.stderr
    assert tk("verify", "g/s", where=one).returncode == 0
    kept = tk(
        "query", "select state, body from record where t = 'gaze.shifted' order by seq", "--json", where=one
    )
    assert json.loads(kept.stdout) == [
        {"state": "opaque", "body": '{"seat":"A","level":3}'},
        {"state": "opaque", "body": '{"seat":"B"}'},
    ]
    file = tmp_path / "s.tklog"
    assert tk("export", "log", "g/s", "-o", str(file), where=one).returncode == 0
    assert tk("import", "log", str(file), where=other).returncode == 0
    assert tk("verify", where=other).returncode == 0
    segment = "groups/g/sessions/s/000000.ndjson"
    assert (other / segment).read_bytes() == (one / segment).read_bytes()
    # and back
    assert tk("plugins", "enable", "gaze", where=other, site=site).returncode == 0
    assert json.loads(asked(other, site=site).stdout) == rows
    assert json.loads(asked(one, site=site).stdout) == rows


def test_a_view_nobody_has_is_refused(desk):
    """A name without a plugin's shape gets the views there are; one with it is told where such records are."""
    with pytest.raises(BadInput, match=r"There are: event, record, turn.*t = 'gaze.shifted'"):
        ask("select * from gaze_shifted", Sources())
    with pytest.raises(BadInput) as refused:
        ask("select * from turns", Sources())
    assert "plugin" not in str(refused.value)
