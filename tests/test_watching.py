"""What is seen of a session that is watched: the numbers of `tk analyze` at every cut, on a screen of any size."""

from __future__ import annotations

import time

import pytest
import tkcore_monopoly
import tkcore_network
from msgspec.structs import replace
from rich.cells import cell_len

from tkcore import Said
from tkcore.analyses import Done, Failed, NotApplicable, WithheldResult
from tkcore.cli.board import LATE, QUIET, Seen, clip, table
from tkcore.cli.watch import STRUCTURE, Watch
from tkcore.disk import Disk
from tkcore.errors import Damaged
from tkcore.following import Tail
from tkcore.lines import FailedLine, HeardLine, LoweredLine, RaisedLine, ShownLine, WorkerLine
from tkcore.live import Live, Pace
from tkcore.log import Head
from tkcore.measuring import DEADLINE, DEATHS, Measured, Measuring
from tkcore.opening import Desk
from tkcore.plugins import find, runnable
from tkcore.recorder import Clocks
from tkcore.testing.sessions import codebooks, sample
from tkcore.testing.workplace import Place
from tkcore.watching import CODED, Told, case_of, still, told
from tkcore.workers import Crew


class Picture:
    """A screen that nobody sits at: what is drawn on it is kept."""

    def __init__(self, width=100, height=40) -> None:
        self.width, self.height = width, height
        self.lines, self.drawn, self.left, self.keys = [], 0, False, iter(())

    def size(self):
        return self.width, self.height

    def draw(self, lines, _width) -> None:
        self.lines, self.drawn = lines, self.drawn + 1

    def wait(self, _seconds) -> None:
        pass

    def leaving(self) -> bool:
        return next(self.keys, False)

    def leave(self) -> None:
        self.left = True


class Hours:
    """A clock that goes on by some seconds with every look at it."""

    def __init__(self, step=0.0) -> None:
        self.at, self.step = 1000.0, step

    def __call__(self) -> float:
        self.at += self.step
        return self.at


class Patient(Crew):
    """A crew whose answers are waited for."""

    def came(self, _longest=None):
        return super().came(30.0)


def case(lines, end=None, **given):
    made = sample("typed", lines, end=end, **given)
    return case_of(made.records, "g/s", Head(len(made.records) - 1, "0" * 64), made.books)


def seat(found, sign):
    return next(one for one in found.seats if one.seat == sign)


# -- what is the case ------------------------------------------------------------------------------------------


def test_shares_and_lengths_by_hand():
    """Members' shares are of the members' time, a leader's of everyone's; who speaks has no length yet."""
    found = case("@0:00 ta; @0:10 ab; @0:40 ba; @1:00 ta; @1:05 _")
    assert (found.now, found.timed, found.closed) == (65_000, True, False)
    assert [(s.seat, s.turns, s.ms, s.share) for s in found.seats[:3]] == [
        ("T", 2, 15_000, 15 / 65),
        ("A", 1, 30_000, 0.6),
        ("B", 1, 20_000, 0.4),
    ]
    assert not any(s.speaking for s in found.seats)
    speaking = case("@0:00 ta; @0:10 ab; @0:40 ba; @1:00 ta")
    assert [s.seat for s in speaking.seats if s.speaking] == ["T"]
    assert seat(speaking, "T").ms == 10_000


def test_silence_by_hand():
    """It counts since the floor was given up and since each one's last turn; what is over is counted apart."""
    found = case("@0:00 ab; @0:10 _; @0:20 ba; @0:30 _; @0:37 #a it is quiet")
    assert (found.silences, found.silent) == (1, 10_000)
    assert found.silence == found.now - 30_000
    assert seat(found, "A").quiet == found.now - 10_000
    assert seat(found, "B").quiet == found.now - 30_000
    assert seat(found, "C").quiet == found.now
    assert case("@0:00 ab").silence is None
    closed = case("@0:00 ab; @0:10 _", end="0:30")
    assert (closed.closed, closed.silence, closed.silences, closed.silent) == (True, None, 1, 20_000)


def test_a_pause_is_no_silence():
    """Time that nobody recorded makes nobody silent."""
    found = case("@0:00 ab; @0:10 _; @0:12 ||break; @5:12 ||; @5:15 ab")
    assert (found.silences, found.silent) == (1, 3_000)
    assert seat(found, "C").quiet == 15_000
    assert case("@0:00 ab; @0:10 ||break").paused


def test_who_is_where():
    """Who has left, who came back, who never came and who is not to be recorded."""
    found = case("@0:00 ab; @1:00 -c:excused; @2:00 -d:short; @3:00 +d; @3:10 ba; @3:20 _")
    assert [(s.seat, s.where, s.left_at) for s in found.seats] == [
        ("T", "in", None), ("A", "in", None), ("B", "in", None), ("C", "left", 60_000), ("D", "in", None),
    ]  # fmt: skip
    assert seat(found, "D").quiet == 20_000
    assert seat(found, "C").quiet is None


def test_not_coded_is_not_zero():
    """A family nobody undertook has no number; one that was and has no code has 0."""
    found = case("@0:00 t!gg>a; @0:10 a!uu")
    by = {one.family.en: one.count for one in found.codes}
    assert (by["asking and exploring"], by["what members say"], by["conflict"]) == (1, 1, 0)
    assert "safety" not in by
    made = sample("typed", "@0:00 t!gg>a")
    (opened, *rest) = made.records
    little = [
        replace(opened, captures=(replace(opened.captures[0], families=("floor", "phase", "explore")),)),
        *rest,
    ]
    by = {c.family.en: c.count for c in case_of(little, "g/s", Head(9, "0"), made.books).codes}
    assert by.pop("asking and exploring") == 1
    assert set(by.values()) == {None}


def test_safety_codes_are_in_no_number():
    """What is for the staff on duty is in no number on a screen that others may see."""
    with_it, without = case("@0:00 ab; @0:05 a!wf; @0:10 ba"), case("@0:00 ab; @0:10 ba")
    assert with_it.codes == without.codes


def test_before_it_is_opened():
    """Of an empty log nothing is the case, and the screen says so."""
    assert case_of([], "g/s", Head(-1, "0"), codebooks()) is None
    assert "not opened yet" in table(Seen(session="g/s"), 80, 24, "en")[0]


# -- the same numbers as tk analyze ----------------------------------------------------------------------------


def test_the_table_says_what_analyze_says(tmp_path):
    """A log that comes record by record: at each cut every number on the table is `tk analyze`'s of that prefix."""
    there, here = Place(tmp_path / "a", tmp_path / "p"), Place(tmp_path / "b", tmp_path / "p")
    made = there.tk(
        "simulate", "--group", "g", "--session", "s", "--minutes", "30", "--holder", "C", "--seed", "3"
    )
    assert made.code == 0, made.err
    (segment,) = there.workspace.session("g/s").glob("*.ndjson")
    header, *lines = segment.read_bytes().splitlines(keepends=True)
    here.enable(tkcore_monopoly, tkcore_network)
    folder = here.workspace.session("g/s")
    folder.mkdir(parents=True)
    grows = folder / segment.name
    grows.write_bytes(header)
    picture, hours = Picture(), Hours(step=3.0)
    desk = Desk(here.workspace, Disk(), Clocks(), bytes)
    watch = Watch(desk, "g/s", picture, "en", now=hours)
    own = [one for one in runnable(find(), here.workspace.config().plugins) if one.name == "network"]
    cuts = {len(lines) // 12, len(lines) // 3, 2 * len(lines) // 3, len(lines)}
    compared = set()
    with Patient(own) as crew:
        watch._measuring = Measuring(crew, str(here.root), "g/s", STRUCTURE, now=hours)
        for n, line in enumerate(lines, 1):
            with grows.open("ab") as log:
                log.write(line)
            watch._look()
            if n not in cuts:
                continue
            while watch.seen.measured is None or watch.seen.measured.seq != n - 1:
                watch._turn()
            done = here.tk("analyze", "g/s", "--json").json
            assert done["head"]["seq"] == watch.seen.case.seq == n - 1
            outcomes = {o["analysis"]: o for o in done["outcomes"]}
            _same_seats(watch.seen.case, outcomes["monopoly.share"]["value"])
            compared.add(_same_structure(watch.seen, outcomes[STRUCTURE]))
            _same_rows(here, watch.seen.case)
            _same_on_screen(picture.lines, watch.seen.case)
    assert watch.seen.case.closed
    assert len(compared) > 1


def _same_seats(found, value):
    assert value["seats"]
    for theirs in value["seats"]:
        ours = seat(found, theirs["seat"])
        assert (ours.turns, ours.leader) == (theirs["turns"], theirs["leader"])
        if found.timed:
            assert (ours.ms, ours.share) == (theirs["ms"], theirs["share_ms"])
        else:
            assert "withheld" in theirs["ms"]
            assert ours.share == theirs["share_turns"]


def _same_structure(seen, outcome):
    assert seen.measured.outcome.__struct_config__.tag == outcome["outcome"]
    assert seen.measured.outcome.value == outcome["value"]
    lines = table(seen, 200, 50, "en")
    said = next(line for line in lines if line.startswith(" network"))
    assert outcome["value"]["said"]["en"] in said
    assert f"{outcome['value']['acts']:.10g} acts" in said
    return outcome["value"]["said"]["en"]


def _same_rows(place, found):
    (silence,) = place.tk("query", "--json", "select count(*) as n, sum(dur) as ms from silence").json
    assert (silence["n"], silence["ms"] or 0) == (found.silences, found.silent)
    asked = " union all ".join(f"select family from {kind}" for kind in CODED)
    rows = place.tk(
        "query", "--json", f"select family, count(*) as n from ({asked}) where family <> 'floor' group by all"
    ).json
    known = {family.id: family.label for book in codebooks() for family in book.families}
    counted = {one.family: one.count for one in found.codes if one.count}
    assert counted == {known[row["family"]]: row["n"] for row in rows}


def _same_on_screen(lines, found):
    for one in found.seats:
        (line,) = (line for line in lines if line.startswith(f" {one.seat} "))
        words = line.split()
        assert words[1] == str(one.turns)
        if one.share is not None:
            assert f" {round(100 * one.share)} %" in line


# -- what was told ---------------------------------------------------------------------------------------------

SAYS = Said(id="satu kursi diam", en="one seat is quiet")


def raised(seq, ts, seat="A", kind=RaisedLine, **more):
    return kind(alert="gaze.quiet", seat=seat, numbers={}, says=SAYS, ts=ts, seq=seq, **more)


def heard(*lines):
    known = Told()
    for line in lines:
        known = told(known, line)
    return known


def test_an_alert_is_raised_shown_and_over():
    """Each with its time, and one that is raised again is another one."""
    known = heard(
        raised(5, 600_000), raised(5, 600_000, "B"), raised(9, 700_000, kind=ShownLine, since=5),
        raised(12, 800_000, kind=LoweredLine), raised(20, 900_000),
    )  # fmt: skip
    assert [(a.seat, a.raised, a.shown, a.lowered) for a in known.alerts] == [
        ("A", 600_000, 700_000, 800_000), ("B", 600_000, None, None), ("A", 900_000, None, None),
    ]  # fmt: skip
    lines = [
        line[11:].strip() for line in table(Seen(session="g/s", told=known), 90, 20, "en") if "quiet" in line
    ]
    assert lines == [
        "○ 15:00  one seat is quiet (raised, not shown yet)", "○ 10:00  one seat is quiet (raised, not shown yet)",
        "· 11:40  one seat is quiet (until 13:20)",
    ]  # fmt: skip


def test_what_fails_is_named_until_it_works_again():
    """A plugin until its worker is begun again, an analysis until it gives an answer."""
    failed = FailedLine(plugin="gaze", analysis="gaze.quiet", error="ValueError: sic", ts=1, seq=1)
    known = heard(WorkerLine(plugin="pulse", state="failed", error="exit 7"), failed, HeardLine(ts=1, seq=1))
    lines = "\n".join(table(Seen(session="g/s", told=known), 80, 20, "en"))
    assert "pulse: exit 7" in lines
    assert "gaze.quiet: ValueError: sic" in lines
    assert still(known, {"gaze.quiet"}).analyses == {"gaze.quiet": "ValueError: sic"}
    assert still(told(known, WorkerLine(plugin="pulse", state="started")), ()) == Told()


# -- on a screen -----------------------------------------------------------------------------------------------

LIVELY = "; ".join(
    f"@{n // 60}:{n % 60:02d} {('ab', 'ba', 'bc', 'ct', 'ta !gg')[n // 7 % 5]}" for n in range(0, 700, 7)
)


ANY = {"analysis": STRUCTURE, "version": 1, "plugin": "p", "plugin_version": "1", "params": {}}


def full():
    found = case(LIVELY + "; @12:00 -d:excused", seats="T,K,A,B,C,D,E,F,G,H,I,J", setting="inpatient")
    said = {
        "said": {"id": "segitiga", "en": "triangular"},
        "acts": 100.5,
        "provisional": True,
        "printed": ["triangular"],
    }
    known = heard(*(raised(seq, 600_000 + 10_000 * seq, "A" if seq % 2 else "B") for seq in range(9)))
    done = Measured(Done(**ANY, value=said), found.seq, found.now)
    return Seen(session="g/s", case=found, told=known, measured=done)


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    "size", [(80, 24), (120, 40), (200, 60), (40, 24), (20, 10), (80, 5), (9, 3), (1, 1)]
)
def test_it_fits_any_screen(size, language):
    """As many lines as there are, none wider; the title, the alerts and the way out are there as long as they can be."""
    lines = table(replace(full(), heard=90, anew=True), *size, language)
    assert len(lines) == size[1]
    assert max(map(cell_len, lines)) <= size[0]
    if size >= (20, 10):
        assert lines[0].startswith(" g/s")
        assert {"id": "q keluar", "en": "q leaves"}[language] in lines[-1]
        assert any({"id": "peringatan", "en": "alerts"}[language] in line for line in lines)


def test_all_seats_are_there_at_80_by_24():
    """Twelve seats, the network, the silence, the codes, three alerts, and who is where."""
    lines = table(full(), 80, 24, "en")
    for sign in "TKABCDEFGHIJ":
        assert any(line.startswith(f" {sign} ") for line in lines), sign
    text = "\n".join(lines)
    for part in (
        "triangular · provisional · 100.5 acts",
        "asking and exploring 20",
        "left 12:00",
        "in the room 11",
        "○",
    ):
        assert part in text


def test_numbers_are_written_as_the_language_does():
    """100.5 acts are 100,5 in Indonesian."""
    assert any("segitiga · sementara · 100,5 sapaan" in line for line in table(full(), 80, 24, "id"))


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (NotApplicable(**ANY, missing=("floor",)), "not captured: floor"),
        (WithheldResult(**ANY, gate="fewer than 2 members", n=1), "withheld: fewer than 2 members (n = 1)"),
        (Failed(**ANY, stage="deadline", error="took\x1b[2J long"), "failed at stage deadline: took"),
    ],
)
def test_why_there_is_no_class(outcome, said):
    """It says why, in words; what a plugin says moves no cursor."""
    lines = table(replace(full(), measured=Measured(outcome, 1, full().case.now)), 80, 24, "en")
    (line,) = (line for line in lines if line.startswith(" network"))
    assert said in line
    assert "\x1b" not in line


def test_a_class_of_long_ago_says_of_when_it_is():
    """So do alerts that are still on their way; without a plugin it says which to enable."""
    seen = full()
    old = replace(seen.measured, now=seen.case.now - LATE)
    assert any("· at 11:30" in line for line in table(replace(seen, measured=old), 80, 24, "en"))
    assert any("as far as 0:10" in line for line in table(replace(seen, told_at=10_000), 80, 24, "en"))
    none = table(replace(seen, measured=None, network=False), 80, 24, "en")
    assert any("tk plugins enable network" in line for line in none)


def test_a_quiet_log_is_said_calmly():
    """From fifteen seconds on, in steps; of a closed session nothing is expected any more."""
    seen = full()

    def foot(seconds, seen=seen):
        return table(replace(seen, heard=seconds), 80, 24, "en")[-1]

    assert "ago" not in foot(QUIET - 1)
    assert [foot(n).split("last heard ")[1].split(" ago")[0] for n in (15, 19, 59, 61, 7_300)] == [
        "15 s", "15 s", "55 s", "1 min", "2 h",
    ]  # fmt: skip
    assert "ago" not in foot(900, replace(seen, case=replace(seen.case, closed=True)))
    broken = table(replace(seen, trouble=Damaged("{log}: sic", log="g/s")), 80, 24, "en")
    assert any("cannot be read on" in line and "g/s: sic" in line for line in broken)


def test_a_wide_sign_is_two_cells():
    """What is cut is cut by cells, and says so."""
    assert [clip("自己紹介", n) for n in (8, 7, 4, 1, 0)] == ["自己紹介", "自己紹…", "自…", "…", ""]


# -- the loop --------------------------------------------------------------------------------------------------


def watching(place, picture, hours=None, pace=None):
    desk = Desk(place.workspace, Disk(), Clocks(), bytes)
    return Watch(desk, "g/s", picture, "en", now=hours or Hours(step=0.4), pace=pace)


def test_it_stays_with_a_closed_session_until_somebody_leaves(tk_workspace):
    """The last table says closed; q ends it, and the terminal is given back first."""
    tk_workspace.open("g/s").say("@0:00 ab", "@0:30 ba").close("1:00")
    picture = Picture()
    picture.keys = iter([False] * 20 + [True])
    watching(tk_workspace, picture).run()
    assert "closed" in picture.lines[0]
    assert picture.left
    assert next(picture.keys, "none left") == "none left"


def test_its_alerts_are_those_of_the_lines(tk_workspace):
    """What is raised, shown and over on the table is what the lines of `tk live` say, with the same times."""
    lines = [
        f"@{n // 60}:{n % 60:02d} {('ab', 'ba', 'bc', 'cb', 'at')[n // 12 % 5]}" for n in range(0, 800, 12)
    ]
    tk_workspace.enable(tkcore_monopoly)
    tk_workspace.open("g/s").say(*lines).close("13:30")
    picture = Picture()
    pace = Pace(deadline=60)  # a busy machine is no fault of a plugin's
    watch = watching(tk_workspace, picture, time.monotonic, pace)
    picture.leaving = lambda: not watch.seen.loading and watch.seen.told_at is None
    watch.run()
    workspace = tk_workspace.workspace
    tail = Tail(workspace.session("g/s"), "g/s", Disk())
    with Crew(runnable(find(), workspace.config().plugins)) as crew:
        known = heard(*Live(crew, str(tk_workspace.root), tail, pace=pace).run())
    assert watch.seen.told == known
    assert any(one.shown is not None for one in known.alerts)
    assert not watch.failed


def test_a_growing_log_is_followed(tk_workspace):
    """What is typed is on the table at the next turn; nothing is drawn more than once a second."""
    sitting = tk_workspace.open("g/s").say("@0:00 ab")
    picture, hours = Picture(), Hours()
    watch = watching(tk_workspace, picture, hours)
    assert not watch._turn()
    sitting.say("@0:10 ba", "@0:12 ab")
    hours.at += 0.5
    watch._turn()
    assert picture.drawn == 1
    hours.at += 0.6
    watch._turn()
    assert picture.drawn == 2
    assert any(line.split()[:2] == ["A", "2"] for line in picture.lines)
    sitting.close()


def test_an_alert_is_drawn_at_once(tk_workspace):
    """One of the present is; one of the part that was there before waits for the next second."""
    tk_workspace.open("g/s").say("@20:00 ab", "@20:20 ba")
    picture, hours = Picture(), Hours()
    watch = watching(tk_workspace, picture, hours)
    watch._turn()

    class Deaf:
        failed, ears = False, ()

    for ts, drawn in ((60_000, 1), (1_220_000, 2)):
        watch._hear(raised(5, ts, kind=ShownLine, since=5), Deaf)
        watch._turn()
        assert picture.drawn == drawn


def test_a_log_that_is_replaced_is_read_again(tk_workspace):
    """It says so for a minute, and shows what the new one says."""
    sitting = tk_workspace.open("g/s").say("@0:00 ab", "@0:10 ba")
    (segment,) = tk_workspace.workspace.session("g/s").glob("*.ndjson")
    less = segment.read_bytes()
    sitting.say("@0:20 ab", "@0:30 ba")
    picture, hours = Picture(), Hours()
    watch = watching(tk_workspace, picture, hours)
    watch._turn()
    before = watch.seen.case
    segment.write_bytes(less)
    hours.at += 2
    watch._turn()
    assert watch._anew
    assert watch.seen.case.seq < before.seq
    assert any("has been read again" in line for line in picture.lines)
    hours.at += 61
    watch._turn()
    assert not any("has been read again" in line for line in picture.lines)


def test_a_damaged_log_keeps_what_was_known(tk_workspace):
    """The table stays, a line says what is wrong; once the log is whole again the line is gone."""
    sitting = tk_workspace.open("g/s").say("@0:00 ab", "@0:10 ba")
    (segment,) = tk_workspace.workspace.session("g/s").glob("*.ndjson")
    picture, hours = Picture(), Hours()
    watch = watching(tk_workspace, picture, hours)
    watch._turn()
    known = len(segment.read_bytes())
    sitting.say("@0:20 ab")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:known] + whole[known:].replace(b"turn", b"TURN"))
    hours.at += 3
    watch._turn()
    assert any("cannot be read on" in line for line in picture.lines)
    assert any(line.split()[:3] == ["A", "1", "0:10"] for line in picture.lines)
    segment.write_bytes(whole)
    hours.at += 3
    watch._turn()
    assert watch.seen.trouble is None
    assert not any("cannot be read on" in line for line in picture.lines)
    assert any(line.split()[:2] == ["A", "2"] for line in picture.lines)


# -- one analysis asked again and again ------------------------------------------------------------------------


def test_a_worker_that_dies_is_begun_again_and_given_up(tmp_path):
    """Each death is an outcome; it rests longer each time, and after the last nobody is asked."""
    place = Place(tmp_path / "a", tmp_path / "p")
    place.enable(tkcore_network)
    place.open("g/s").say("@0:00 ab").stop()
    hours = Hours()
    own = runnable(find(), place.workspace.config().plugins)
    with Patient(own) as crew:
        asking = Measuring(crew, str(place.root), "g/s", STRUCTURE, now=hours)
        deaths = 0
        for seq in range(50):
            asking.step(Head(seq, "0"), 0)
            if asking._state == "asked":
                crew._workers["network"].until = hours.at - DEADLINE  # it is late
                crew._workers["network"]._process.kill()
                asking.step(Head(seq, "0"), 0)
                deaths += 1
            hours.at += 61
        assert deaths == DEATHS
        assert isinstance(asking.latest.outcome, Failed)
        assert not asking.step(Head(99, "0"), 0)
