"""A session followed while it is typed: every tick asked once, the same said live, replayed and after a restart."""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from msgspec import Struct, json
from msgspec.structs import replace

from tkcore import Alert, Said, Session, analysis
from tkcore import events as e
from tkcore import jobs as j
from tkcore.alerts import Policy
from tkcore.analyses import Origin
from tkcore.closing import close_session
from tkcore.disk import Disk
from tkcore.errors import Damaged, WriteFailed
from tkcore.following import News, Tail, more
from tkcore.lines import FailedLine, LoweredLine, RaisedLine, ShownLine, WorkerLine
from tkcore.listening import Listening, alerts_of, said_at
from tkcore.live import Around, Live, Pace
from tkcore.plugins import Found, Plugin, offered
from tkcore.reading import books
from tkcore.worker import Bench, answer

TK = [sys.executable, "-m", "tkcore"]
LINES = [f"@{n // 60}:{n % 60:02d} {('ab', 'ba', 'bc', 'cb', 'at')[n // 20 % 5]}" for n in range(0, 1500, 7)]
"""Twenty-five minutes in which the floor goes round."""


class Counted(Struct, frozen=True):
    """The last turn's sender, and the number of turns."""

    last: str
    turns: int


def speaking(result: Counted):
    if result.last in ("A", "B"):
        yield Alert(alert="gaze.speaking", seat=result.last, numbers={"turns": result.turns})


SAYS = {"gaze.speaking": Said(id="{seat} bicara, giliran {turns}", en="{seat} speaks, turn {turns}")}


@analysis("gaze.counted", version=1, reads=("turn",), alert=speaking, says=SAYS)
def counted(session: Session) -> Counted:
    """Who spoke last, and how many turns there were."""
    turns = session.turns
    return Counted(turns[-1].sender if turns else "", len(turns))


def many(result: Counted):
    if result.turns > 20:
        yield Alert(alert="pulse.many", numbers={"turns": result.turns})


@analysis(
    "pulse.turns",
    version=1,
    reads=("turn",),
    alert=many,
    says={"pulse.many": Said(id="{turns}", en="{turns}")},
)
def pulse(session: Session) -> Counted:
    """How many turns there were; it fails in between."""
    if 30 < len(session.turns) < 60:
        raise ValueError("between")
    return Counted("", len(session.turns))


def often(result: Counted):
    if result.turns % 15 > 6:
        yield Alert(alert="beat.often", numbers={"turns": result.turns})


@analysis(
    "beat.turns",
    version=1,
    reads=("turn",),
    alert=often,
    says={"beat.often": Said(id="{turns}", en="{turns}")},
)
def beat(session: Session) -> Counted:
    """How many turns there were; its alert comes and goes."""
    return Counted("", len(session.turns))


def plugin(name: str, *analyses) -> Plugin:
    found = Found(name, f"tk-{name}", "1.0", EntryPoint(name, name, "tkcore.v1"), ())
    return Plugin(found=found, analyses=analyses, load_ms=0)


class Room:
    """A crew in this process: jobs and answers go through JSON.

    `dies` says how a worker ends instead, `holds` whether what it has to say does not come yet.
    """

    def __init__(
        self, *plugins: Plugin, dies=lambda _plugin, _job: None, holds=lambda _plugin, _answer: False
    ) -> None:
        self.plugins = {p.found.name: p for p in plugins}
        self.offers = {name: offered(p) for name, p in self.plugins.items()}
        self.broken, self.dies, self.holds = [], dies, holds
        self.benches: dict[str, Bench] = {}
        self.asked: list[tuple[str, int]] = []
        self.answers: dict[str, j.Answer] = {}
        self.looks = 0

    def rest(self, plugin: str) -> None:
        self.benches.pop(plugin, None)

    def begin(self, plugin: str) -> None:
        self.answers[plugin] = j.Loaded(offer=self.offers[plugin])

    def give(self, plugin: str, job, _deadline) -> None:
        dead = self.dies(plugin, job)
        if dead is not None:
            self.benches.pop(plugin, None)
            self.answers[plugin] = dead
            return
        bench = self.benches.setdefault(
            plugin, Bench(plugin=self.plugins[plugin], memory=1 << 30, largest=1 << 20)
        )
        self.asked += [(plugin, tick) for tick in job.ticks]
        again = json.decode(json.encode(job), type=j.Job)
        self.answers[plugin] = json.decode(answer(again, bench), type=j.Answer)

    def came(self, _longest):
        assert self.answers, "nobody owes anything"
        self.looks += 1
        assert self.looks < 2000, "it waits for ever"
        came = {name: answer for name, answer in self.answers.items() if not self.holds(name, answer)}
        self.answers = {name: answer for name, answer in self.answers.items() if name not in came}
        return list(came.items())


class Hours:
    """A clock that stands while nobody waits; whoever waits lets `then` happen, step by step."""

    def __init__(self, *then) -> None:
        self.at, self.then, self.waits = 0.0, iter(then), 0

    def around(self) -> Around:
        return Around(lambda: self.at, self.wait)

    def wait(self, seconds: float) -> None:
        self.at += seconds
        self.waits += 1
        assert self.waits < 2000, "it waits for ever"
        step = next(self.then, None)
        if step is not None:
            step()


def tail(s) -> Tail:
    return Tail(s.desk.workspace.session(s.name), s.name, s.desk.disk)


def followed(s, room, *then, once=False, pace=None, policy=None):
    around = Hours(*then).around()
    live = Live(room, str(s.desk.workspace.root), tail(s), pace=pace, around=around, policy=policy)
    return list(live.run(once=once)), live


def typing(s, lines=LINES, chunk=9):
    """What happens while somebody waits: some lines are typed, at the end the session is closed."""
    for at in range(0, len(lines), chunk):
        yield lambda at=at: s.say(*lines[at : at + chunk])
    yield s.recorder.close_session


GAZE, PULSE, BEAT = plugin("gaze", counted), plugin("pulse", pulse), plugin("beat", beat)


# -- following a log --


def seqs(news):
    return [line.seq for line in news.lines]


def test_only_what_is_new(typed):
    """Each look gives the lines since the last one, none twice, and nothing while nothing is written."""
    s = typed()
    log = tail(s)
    assert seqs(more(log)) == [0]
    s.say("@0:01 ab", "@0:02 ba")
    assert seqs(more(log)) == [1, 2, 3]  # the first line has a tick before it
    assert seqs(more(log)) == []


def test_half_a_line_is_not_there_yet(typed):
    """What a writer has written of a line is nothing until its newline is there."""
    s = typed()
    s.say("@0:01 ab")
    path = s.desk.workspace.session(s.name) / "000000.ndjson"
    whole = path.read_bytes()
    log = tail(s)
    for cut in (len(whole) - 1, len(whole) - 40, len(whole) - 150):
        path.write_bytes(whole[:cut])
        assert more(log).damage is None
    path.write_bytes(whole)
    assert log.scan.head.seq == 1
    assert seqs(more(log)) == [2]


def test_the_next_segment_is_followed(typed, desk):
    """What comes after closing stands in another segment, and is read on."""
    s = typed()
    s.say("@0:01 ab")
    log = tail(s)
    more(log)
    s.stop()
    close_session(desk, s.name, books(desk.workspace), 9000)
    assert [(line.seq, line.segment) for line in more(log).lines] == [(3, 0), (4, 0)]
    s.start()
    s.say("@0:05 ba")
    assert [(line.seq, line.segment) for line in more(log).lines] == [(5, 1)]


class Failing(Disk):
    fail = False

    def sync(self, fd):
        if self.fail:
            raise OSError(5, "no")


def test_lines_given_up_after_an_error_are_taken_back(desk, typed):
    """A reader that has seen lines a writer then gave up is told to begin again, and has what the log has."""
    desk.disk = Failing()
    s = typed()
    s.say("@0:01 ab")
    log = tail(s)
    more(log)
    desk.disk.fail = True
    with pytest.raises(WriteFailed):
        s.say("@0:02 ba")
    assert seqs(more(log)) == [3]
    desk.disk.fail = False
    s.say("@0:03 bc")
    news = more(log)
    assert news.again
    assert [line.data for line in news.lines] == [s.recorder.ledger.line(n) for n in range(5)]
    assert news.damage is None


def test_damage_ends_it(typed):
    """A changed byte in what is new is damage, with its place; what came before it is given."""
    s = typed()
    log = tail(s)
    more(log)
    s.say("@0:01 ab", "@0:02 ba", "@0:03 ab")
    path = s.desk.workspace.session(s.name) / "000000.ndjson"
    data = bytearray(path.read_bytes())
    data[data.index(b'"turn.taken"', data.index(b'"seq":1,')) + 3] ^= 1
    path.write_bytes(data)
    news = more(log)
    assert (seqs(news), news.damage.kind, news.damage.seq) == ([1], "corrupt", 2)
    live = Live(Room(GAZE), str(s.desk.workspace.root), tail(s), around=Hours().around())
    with pytest.raises(Damaged, match="record 2"):
        list(live.run())


# -- one tick --


def test_piece_by_piece_is_at_once(typed, desk):
    """Fed a few lines at a time it says at each tick what is said of the prefix alone, whatever came behind."""
    s = typed()
    s.say(*LINES)
    lines = [s.recorder.ledger.line(n) for n in range(len(s.recorder.ledger))]
    records = list(s.recorder.ledger)
    ticks = [x.seq for x in records if isinstance(x, e.ClockTicked)]
    own = [Origin(counted, "tk-gaze", "1.0"), Origin(pulse, "tk-pulse", "1.0")]
    known = books(desk.workspace)
    listening, said = Listening(s.name, own, known), {}
    for at in range(0, len(lines), 7):
        listening.take(lines[at : at + 7])
        said |= {tick: listening.at(tick) for tick in ticks if at <= tick < at + 7}
    assert len(said) == len(ticks) > 100
    for tick in ticks[::9]:
        assert said_at(own, records[: tick + 1], s.name, known) == said[tick]
    assert {len(spoken) for spoken in said.values()} == {2}


@pytest.mark.parametrize(
    ("alert", "fault"),
    [
        (lambda _: [Alert(alert="gaze.other")], "not in says"),
        (lambda _: ["gaze.speaking"], "is no Alert"),
        (lambda _: [Alert(alert="gaze.speaking", numbers={"turns": 1.5})], "Expected `int`"),
        (lambda _: 1 / 0, "division"),
        (lambda _: 7, "not iterable"),
    ],
)
def test_what_an_alert_may_not_do(typed, desk, alert, fault):
    """An alert that answers something else is no answer, with the reason; the result itself is done."""
    s = typed()
    s.say("@0:01 ab")
    bad = replace(counted, alert=alert)
    (spoken,) = said_at(
        [Origin(bad, "tk-gaze", "1.0")], list(s.recorder.ledger), s.name, books(desk.workspace)
    )
    assert (spoken.heard.outcome, spoken.heard.alerts) == ("done", None)
    assert fault in spoken.heard.error


def test_no_alert_is_no_iterable_needed():
    """An alert function that returns None says nothing."""
    assert alerts_of(replace(counted, alert=lambda _: None), {"last": "A", "turns": 1}) == ()


# -- the loop --


def test_live_is_replay(typed):
    """Followed while it is typed, it says line for line what it says of the finished log at once."""
    s = typed()
    live, one = followed(s, Room(GAZE, PULSE), *typing(s))
    replayed, other = followed(s, Room(GAZE, PULSE), once=True)
    assert live == replayed
    kinds = [type(line) for line in live]
    assert {RaisedLine, LoweredLine, ShownLine, WorkerLine, FailedLine} == set(kinds)
    assert one.failed and other.failed  # noqa: PT018 - pulse raises in between


def test_what_is_said(typed):
    """An alert has its sentence in both languages, its tick and its numbers."""
    s = typed()
    lines, _ = followed(s, Room(GAZE), *typing(s))
    raised = next(line for line in lines if isinstance(line, RaisedLine))
    assert raised == RaisedLine(
        alert="gaze.speaking", seat="A", numbers={"turns": 3}, ts=20_000, seq=raised.seq,
        says=Said(id="A bicara, giliran 3", en="A speaks, turn 3"),
    )  # fmt: skip
    assert isinstance(s.recorder.ledger[raised.seq], e.ClockTicked)


def test_every_tick_is_asked_once(typed):
    """However the lines come, each plugin is asked at each tick of the log, in order, and nowhere else."""
    s = typed()
    room = Room(GAZE, PULSE)
    followed(s, room, *typing(s, chunk=31))
    ticks = [x.seq for x in s.recorder.ledger if isinstance(x, e.ClockTicked)]
    for name in ("gaze", "pulse"):
        assert [tick for own, tick in room.asked if own == name] == ticks


def test_a_failing_analysis_is_named_once(typed):
    """An analysis that gives no answer for a while is one line, and what it had raised stays raised."""
    s = typed()
    lines, _ = followed(s, Room(GAZE, PULSE), *typing(s))
    failed = [line for line in lines if isinstance(line, FailedLine)]
    assert [(f.analysis, f.error) for f in failed] == [("pulse.turns", "ValueError: between")]
    assert [type(line) for line in lines if getattr(line, "alert", "") == "pulse.many"] == [
        RaisedLine,
        ShownLine,
    ]


def test_a_restart_shows_nothing_twice(typed):
    """Ended in the middle and begun again, with what was shown on record: together as without, nothing twice."""
    s = typed()
    straight, _ = followed(s, Room(GAZE, PULSE), *typing(s))
    shown = [line for line in straight if isinstance(line, ShownLine)]
    assert len(shown) > 5
    t = typed("g/t")
    seen = []

    def follow(stop: int | None, steps) -> None:
        hours = Hours()
        hours.then = steps
        live = Live(Room(GAZE, PULSE), str(t.desk.workspace.root), tail(t), around=hours.around())
        for line in live.run():
            if isinstance(line, ShownLine):
                seen.append(line)
                t.recorder.put(e.AlertShown(alert=line.alert, seat=line.seat, numbers=line.numbers))
                if len(seen) == stop:
                    return

    steps = typing(t)
    follow(3, steps)
    assert len(seen) == 3
    follow(None, steps)
    assert [(x.alert, x.seat, x.numbers, x.ts) for x in seen] == [
        (x.alert, x.seat, x.numbers, x.ts) for x in shown
    ]


def stopped(stage="ended", error="it ended"):
    return j.Stopped(stage=stage, error=error)


def of(lines, name):
    """What a plugin's alerts did; what is shown depends on the others too."""
    kinds = (RaisedLine, LoweredLine)
    return [line for line in lines if isinstance(line, kinds) and line.alert.startswith(f"{name}.")]


def test_a_dead_worker_comes_back(typed):
    """It is named, begun again after 1 s and 2 s, hears all from 0, and everybody's alerts are as without its death."""
    s = typed()
    without, _ = followed(s, Room(GAZE, PULSE), *typing(s))
    t = typed("g/t")
    tick = [x.seq for x in s.recorder.ledger if isinstance(x, e.ClockTicked)]
    target, left = tick[40], [2]

    def at_target(name, job):
        if name == "gaze" and target in job.ticks and left[0]:
            left[0] -= 1
            return stopped()
        return None

    room = Room(GAZE, PULSE, dies=at_target)
    lines, live = followed(t, room, *typing(t))
    workers = [(w.plugin, w.state, w.retry_ms) for w in lines if isinstance(w, WorkerLine)]
    assert workers == [
        ("gaze", "started", None), ("pulse", "started", None), ("gaze", "failed", 1000), ("gaze", "failed", 2000),
        ("gaze", "started", None),
    ]  # fmt: skip
    assert of(lines, "gaze") == of(without, "gaze")
    assert of(lines, "pulse") == of(without, "pulse")
    asked = [tick for name, tick in room.asked if name == "gaze"]
    assert asked == sorted(set(asked))
    assert live.failed


def test_nobody_waits_for_who_catches_up(typed):
    """While one catches up the others are shown on time; what it raised and lowered meanwhile is not shown late."""
    ready = Policy(quiet=0, apart=0)
    s = typed()
    without, _ = followed(s, Room(GAZE, BEAT), *typing(s), policy=ready)
    target = [x.seq for x in s.recorder.ledger if isinstance(x, e.ClockTicked)][37]
    left = [2]

    def dies(name, job):
        if name == "gaze" and target in job.ticks and left[0]:
            left[0] -= 1
            return stopped()
        return None

    t = typed("g/t")
    room = Room(GAZE, BEAT, dies=dies)
    lines, _ = followed(t, room, *typing(t), policy=ready)

    def shown(found, name):
        return [x for x in found if isinstance(x, ShownLine) and x.alert.startswith(name)]

    assert shown(lines, "beat") == shown(without, "beat")
    lowered = [(x.alert, x.seat, x.seq) for x in lines if isinstance(x, LoweredLine)]
    late = [x for x in shown(lines, "gaze") if x.seq != x.since]
    for x in shown(lines, "gaze"):
        assert not any(
            x.since < seq <= x.seq for alert, seat, seq in lowered if (alert, seat) == (x.alert, x.seat)
        )
    missed = len(shown(without, "gaze")) - len(shown(lines, "gaze"))
    assert (missed > 0, len(late) <= 2) == (True, True)
    assert shown(lines, "gaze")[-5:] == shown(without, "gaze")[-5:]
    back = room.asked.index(("gaze", target))
    assert room.asked[back + 1][0] == "beat"


@pytest.mark.parametrize("kind", [j.Loaded, j.Listened])
def test_nobody_waits_for_who_hangs_after_it_was_begun_again(typed, kind):
    """While one is loaded again, or does not answer where it is behind, the others' lines come at every tick."""
    s = typed()
    s.say(*LINES)
    ticks = [x.seq for x in s.recorder.ledger if isinstance(x, e.ClockTicked)]
    without, _ = followed(s, Room(GAZE, BEAT), once=True)
    dead = []

    def dies(name, job):
        if name == "gaze" and ticks[40] in job.ticks and not dead:
            dead.append(name)
            return stopped()
        return None

    def holds(name, said):
        going_on = ("beat", ticks[-1]) not in room.asked or "beat" in room.answers
        return name == "gaze" and isinstance(said, kind) and bool(dead) and going_on

    room = Room(GAZE, BEAT, dies=dies, holds=holds)
    lines, _ = followed(s, room, once=True, pace=Pace(first=0.0))
    assert of(lines, "beat") == of(without, "beat")
    assert of(lines, "gaze") == of(without, "gaze")
    back = [at for at, line in enumerate(lines) if getattr(line, "plugin", "") == "gaze"]
    assert [lines[at].state for at in back] == ["started", "failed", "started"]
    assert of(lines[back[1] : back[2]], "beat") == [x for x in of(without, "beat") if x.seq > ticks[40]]
    assert len(of(lines[back[1] : back[2]], "beat")) > 5


def test_a_worker_that_cannot_be_begun_again_is_tried_later(typed):
    """Where no process can be made for a while it is named, and begun again after the next pause."""
    s = typed()
    s.say(*LINES)
    left = [stopped()]
    room = Room(GAZE, PULSE, dies=lambda name, _job: left.pop() if left and name == "gaze" else None)
    begin, full = room.begin, [True]

    def begins(name):
        if full:
            full.pop()
            raise BlockingIOError(11, "no more processes")
        begin(name)

    room.begin = begins
    lines, _ = followed(s, room, once=True)
    own = [(w.state, w.error, w.retry_ms) for w in lines if isinstance(w, WorkerLine) and w.plugin == "gaze"]
    assert own == [
        ("started", None, None), ("failed", "it ended", 1000),
        ("failed", "its process cannot be begun: [Errno 11] no more processes", 2000), ("started", None, None),
    ]  # fmt: skip


def test_a_dismissed_alert_is_not_shown_for_ten_minutes(typed):
    """What the log says was dismissed is not shown again for that seat until ten minutes after."""
    s = typed()
    steps = list(typing(s))
    steps.insert(8, lambda: s.recorder.put(e.AlertDismissed(alert="gaze.speaking", seat="A")))
    lines, _ = followed(s, Room(GAZE), *steps, policy=Policy(quiet=0, apart=0))
    at = next(x.ts for x in s.recorder.ledger if isinstance(x, e.AlertDismissed))
    times = {seat: [x.ts for x in lines if isinstance(x, ShownLine) and x.seat == seat] for seat in "AB"}
    within = {seat: [ts for ts in found if at <= ts < at + 600_000] for seat, found in times.items()}
    assert within["A"] == []
    assert len(within["B"]) > 3
    assert at < times["A"][-1]
    raised = [x.ts for x in lines if isinstance(x, RaisedLine) and x.seat == "A"]
    assert any(at <= ts < at + 500_000 for ts in raised)


def test_five_deaths_are_enough(typed):
    """After five in a row it is given up, with longer and longer pauses before; the others never notice."""
    s = typed()
    room = Room(GAZE, PULSE, dies=lambda name, _job: stopped() if name == "gaze" else None)
    lines, _ = followed(s, room, *typing(s))
    workers = [(w.state, w.retry_ms) for w in lines if isinstance(w, WorkerLine) and w.plugin == "gaze"]
    assert workers == [
        ("started", None), ("failed", 1000), ("failed", 2000), ("failed", 4000), ("failed", 8000), ("stopped", None),
    ]  # fmt: skip
    t = typed("g/t")
    alone, _ = followed(t, Room(PULSE), *typing(t))
    own = [line for line in lines if getattr(line, "plugin", "") != "gaze"]
    assert own == alone


def test_a_long_pause_has_an_end(typed):
    """The pause doubles up to the longest."""
    s = typed()
    s.say(*LINES[:9])
    room = Room(GAZE, dies=lambda _name, _job: stopped())
    lines, _ = followed(s, room, once=True, pace=Pace(deaths=9))
    assert [w.retry_ms for w in lines if getattr(w, "state", "") == "failed"] == [
        1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000,
    ]  # fmt: skip


LIES = {
    "another's": [j.Heard(analysis="pulse.turns", outcome="done")],
    "not in says": [j.Heard(analysis="gaze.counted", outcome="done", alerts=(Alert(alert="gaze.none"),))],
    "twice": [j.Heard(analysis="gaze.counted", outcome="done")] * 2,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_worker_is_believed_only_about_its_own(typed, lie):
    """An answer for another plugin's analysis, of an unknown alert or given twice is a failure of the plugin."""
    s = typed()
    s.say(*LINES[:9])

    def lies(_name, job):
        return j.Listened(tuple(j.SaidAt(tick, tuple(LIES[lie])) for tick in job.ticks))

    lines, _ = followed(s, Room(GAZE, dies=lies), once=True)
    assert [w.state for w in lines] == ["started", *["failed"] * 4, "stopped"]


def test_a_long_log_comes_in_pieces(typed, monkeypatch):
    """More lines than go into one job go in several, and say the same."""
    s = typed()
    s.say(*LINES)
    whole, _ = followed(s, Room(GAZE, PULSE), once=True)
    monkeypatch.setattr("tkcore.live.MOST_LINES", 3)
    pieces, _ = followed(s, Room(GAZE, PULSE), once=True)
    assert pieces == whole


def test_a_log_read_again_says_nothing_twice(desk, typed):
    """After lines that were given up the session is heard anew, and no line comes twice."""
    desk.disk = Failing()
    s = typed()

    def breaks():
        desk.disk.fail = True
        with pytest.raises(WriteFailed):
            s.say("@25:30 ab")

    def mended():
        desk.disk.fail = False
        s.say("@26:00 ba")

    lines, _ = followed(
        s, Room(GAZE, PULSE), *list(typing(s))[:-1], breaks, lambda: None, mended, s.recorder.close_session
    )
    alerts = [(type(x), x.alert, x.seat, x.seq) for x in lines if hasattr(x, "alert")]
    assert len(alerts) == len(set(alerts)) > 10
    replayed, _ = followed(s, Room(GAZE, PULSE), once=True)
    assert {(type(x), x.alert, x.seat, x.seq) for x in replayed if hasattr(x, "alert")} <= set(alerts)


def test_an_answer_about_lines_given_up_counts_for_nothing(typed, monkeypatch):
    """Who is asked when the log is read again is asked anew, says the same as without, and has not failed."""
    s = typed()
    s.say(*LINES)
    s.recorder.close_session()
    straight, _ = followed(s, Room(GAZE, PULSE), once=True)
    lines = more(tail(s)).lines
    ticks = [x.seq for x in s.recorder.ledger if isinstance(x, e.ClockTicked)]
    looks, held = [News(lines, again=True), News(lines[: ticks[9] + 1])], []

    def look(_tail):
        return looks.pop() if held or len(looks) == 2 else News()

    def holds(name, said):
        held.extend([name] if name == "gaze" and room.asked[-2:-1] == [(name, ticks[5])] else [])
        return name == "gaze" and bool(held and looks)

    monkeypatch.setattr("tkcore.live.more", look)
    room = Room(GAZE, PULSE, holds=holds)
    found, _ = followed(s, room, pace=Pace(poll=0.0))
    assert found == straight


# -- the command --


def tk(*argv: str, where: Path, code: int = 0, stdin: str = "") -> str:
    done = subprocess.run(
        [*TK, "-w", str(where), *argv], input=stdin, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def ward(tmp_path_factory) -> Path:
    """A workspace with our plugins enabled, and an open session of seventeen minutes in which C says nothing."""
    root = tmp_path_factory.mktemp("live") / "ws"
    subprocess.run([*TK, "init", "--plain", "--language", "en", str(root)], check=True, capture_output=True)
    tk("session", "open", "g/s", "--seats", "T,A,B,C", "--clock", "given", where=root)
    lines = [f"@{n // 60}:{n % 60:02d} {('ab', 'ba', 'at', 'ta')[n // 10 % 4]}" for n in range(0, 1030, 10)]
    tk("record", "g/s", where=root, stdin="\n".join(lines))
    return root


def test_the_command_prints_json_lines(ward):
    """`tk live --once --json` prints a JSON line for everything; the plain form says what is shown, in the language."""
    lines = [json.decode(line) for line in tk("live", "s", "--once", "--json", where=ward).splitlines()]
    assert [line["plugin"] for line in lines if line["line"] == "worker"] == [
        "monopoly",
        "network",
        "process",
    ]
    shown = [line for line in lines if line["line"] == "shown"]
    assert shown
    assert {"alert", "seat", "numbers", "says", "ts", "seq", "since", "line"} == set(shown[0])
    assert all(line["ts"] >= 600_000 for line in shown)
    plain = tk("live", "g/s", "--once", where=ward).splitlines()
    assert plain == [f"{s['ts'] // 60_000}:{s['ts'] // 1000 % 60:02d}  {s['says']['en']}" for s in shown]
    assert (
        tk("--lang", "id", "live", "g/s", "--once", where=ward)
        .splitlines()[0]
        .endswith(shown[0]["says"]["id"])
    )


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_can_be_ended(ward, sign, code):
    """Ended by hand or by its parent it leaves at once and says nothing of a fault."""
    live = subprocess.Popen(
        [*TK, "-w", str(ward), "live", "g/s", "--json"],
        # a shell that runs tests in the background has its children ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert json.decode(live.stdout.readline())["state"] == "started"
        live.send_signal(sign)
        _, said = live.communicate(timeout=60)
    finally:
        live.kill()
        live.wait()
    assert (live.returncode, said.strip()) == (code, "")


def test_a_session_that_is_not_there(ward):
    """A name that is no session's is refused."""
    tk("live", "g/none", where=ward, code=3)
