"""Lines as they are typed, and what is stored of them."""

from __future__ import annotations

import pytest

from tkcore import events as e
from tkcore import rows as r
from tkcore import vault
from tkcore.errors import GrammarError
from tkcore.events import STRING
from tkcore.opening import start
from tkcore.projection import record_rows
from tkcore.records import stray_string


def last(sitting, kind):
    return [x for x in list(sitting.recorder.ledger) if isinstance(x, kind)][-1]


def turns(sitting):
    return [(t.ts, t.sender, t.receivers or t.audience) for t in sitting.rows(r.Turn)]


def test_turns_of_every_form(typed):
    """One, several, the group, nobody known, an answer, an exchange, a bare seat."""
    s = typed()
    s.say(
        "@0:00 ab",
        "@0:01 t>a,c",
        "@0:02 b.",
        "@0:03 c>?",
        "@0:04 ad",
        "@0:05 <",
        "@0:06 c<",
        "@0:07 e",
        "@0:08 cd=2.5",
    )
    assert turns(s) == [
        (0, "A", ("B",)), (1000, "T", ("A", "C")), (2000, "B", "all"), (3000, "C", "unknown"), (4000, "A", ("D",)),
        (5000, "D", ("A",)), (6000, "C", ("D",)), (7000, "E", ("C",)), (8000, "C", ("D",)),
    ]  # fmt: skip
    rows = s.rows(r.Turn)
    assert [t.dur for t in rows] == [1000] * 8 + [2500]
    assert [t.inferred for t in rows] == [False] * 7 + [True, False]


def test_a_bare_seat_with_nobody_before(typed):
    """The first quick turn goes to unknown; a further one to the last other speaker, not to himself."""
    s = typed()
    s.say("@0:00 a", "@0:01 b", "@0:02 b")
    assert turns(s) == [(0, "A", "unknown"), (1000, "B", ("A",)), (2000, "B", ("A",))]


@pytest.mark.parametrize(
    ("before", "line", "reason", "near"),
    [
        ([], "@0:01 ax", "no seat X", ("A", "B", "C", "D", "E")),
        ([], "@0:01 a!zz", "no code zz", None),
        ([], "@0:01 <", "nobody has spoken", None),
        (["@0:00 a."], "@0:01 <", "no single seat", None),
        (["@0:00 a."], "@0:01 a<", "A spoke last", None),
        ([], "@0:01 12>a", "no seat 12", None),
        ([], "@0:01 !bd>z", "no seat Z", None),
        ([], "@0:01 !js~99", "no record 99", None),
        ([], "@0:01 !ig=9", "goes from 1 to 5", None),
        ([], "@0:01 !au=maybe", "yes, no or na", None),
        ([], "@0:01 {}", "no activity is running", None),
        ([], "@0:01 {sepakbola}", "no activity sepakbola", None),
        ([], "@0:01 %pesta", "no phase pesta", None),
        ([], "@0:01 ||", "not paused", None),
        ([], "@0:01 ||lunch", "no reason lunch", None),
        ([], "@0:01 -b:mad", "no reason mad", None),
        (["@0:00 -b"], "@0:01 -b", "not in the room", None),
        ([], "@0:01 +b", "in the room already", None),
        ([], "@0:01 +g", "no seat G", None),
        ([], "@0:01 +b:member", "a seat already", None),
        ([], "@0:01 +g:king", "no role king", None),
        ([], "@0:01 !hh", "whose?", None),
        ([], "@0:01 b!hs", "the new place", None),
        ([], "ab", "clock is given", None),
        ([], "~", "nothing to take back", None),
        ([], "~99", "no record 99", None),
        ([], "~0", "cannot be taken back", None),
        (["@0:00 ab"], "~2: !gg", "turn.taken", None),
        (["@0:00 ab !uu"], "@0:01 cd ~", "stands alone", None),
        (["@0:00 +g:floor_only"], "@0:01 g!uu", "no seat G", None),
        (["@0:00 +c:floor_only"], "@0:01 c!uu", "did not agree", None),
        (["@0:00 +c:none"], "@0:01 ca", "did not agree", None),
    ],
)
def test_a_refused_line_stores_nothing(typed, before, line, reason, near):
    """What cannot be is refused with its reason and the nearest known, and nothing of the line is kept."""
    s = typed()
    for one in before:
        if "g:floor" not in one:
            s.say(one)
    head = s.recorder.head
    with pytest.raises(GrammarError, match=reason) as refused:
        s.say(line)
    assert s.recorder.head == head
    if near:
        assert refused.value.near == near


def test_codes_sit_where_they_belong(typed):
    """A leader's code sits on the last leader turn, a member's on the present one; the author is that turn's."""
    s = typed()
    s.say("@0:00 ta", "@0:05 at !gg !uu", "@0:08 d!en", "@0:10 tb !js", "@0:20 b!bm>c^2")
    gg, uu, en, js, bm = [x for x in s.recorder.ledger if isinstance(x, e.Coded)]
    t1, t2, t3 = [x.id for x in s.recorder.ledger if isinstance(x, e.TurnTaken)]
    assert (gg.turn_id, gg.author, gg.targets) == (t1, "T", ("A",))
    assert (uu.turn_id, uu.author, uu.targets) == (t2, "A", ("T",))
    assert (en.turn_id, en.author, en.targets, en.attrs) == (t2, "D", (), {"sign": "tears"})
    assert (js.turn_id, js.author, js.ref) == (t3, "B", None)
    assert (bm.turn_id, bm.author, bm.targets, bm.intensity) == (t3, "B", ("C",), 2)
    assert (gg.code, uu.code, bm.code) == (
        "handbook.intervention.question",
        "handbook.mark.disclosure",
        "handbook.conflict.anger",
    )


def test_episodes_close_the_last_open_one(typed):
    """`!bd` and `!js` close the last open conflict and the author's last open contract, `~n` the one it names."""
    s = typed()
    a = s.say("@0:00 at !jj")
    s.say("@0:10 bt !jj", "@0:20 ab !bm", "@0:50 ta !js", f"@1:00 tb !bd !js~{a.seq + 4}")
    contracts = {c.author: (c.outcome, c.dur) for c in s.rows(r.Contract)}
    assert contracts == {"A": ("settled", 50_000), "B": ("settled", 50_000)}
    assert [(c.outcome, c.dur) for c in s.rows(r.Conflict)] == [("settled", 40_000)]


def test_a_code_stands_on_the_turn_it_names(typed):
    """`~n` of a turn overrides the rule; a leader's code on a member's turn stays the leader's."""
    s = typed()
    s.say("@0:00 ta", "@0:05 tb", "@0:10 ac", "@0:15 bc")
    asked, last, told, _ = s.rows(r.Turn)
    s.say(f"@0:20 !gg~{asked.seq}", f"@0:21 !gg~{told.seq}", f"@0:22 !uu~{told.seq}", "@0:23 !gg")
    codes = sorted([*s.rows(r.Intervention), *s.rows(r.Mark)], key=lambda c: c.seq)
    assert [(c.turn, c.author, c.targets) for c in codes] == [
        (asked.id, "T", ("A",)), (told.id, "T", ()), (told.id, "A", ("C",)), (last.id, "T", ("B",)),
    ]  # fmt: skip


def test_ratings_and_answers(typed):
    """A rating is 3 until it says otherwise, a checklist item yes until no."""
    s = typed()
    s.say("@0:00 !ig", "@0:01 !ig=5", "@0:02 !au", "@0:03 !au=no")
    assert [x.score for x in s.rows(r.Rating)] == [3, 5]
    assert [x.score for x in s.rows(r.Checklist)] == [1, 0]


def test_activities_toggle(typed):
    """The same key, `!oo` or `{}` ends an activity; turns inside carry it."""
    s = typed()
    s.say(
        "@0:00 t. !od",
        "@0:10 ab",
        "@0:20 !od",
        "@0:30 {singing}",
        "@0:50 {}",
        "@1:00 !om",
        "@1:10 !oo",
        "@1:20 ab",
    )
    assert [(x.activity, x.ts, x.dur) for x in s.rows(r.Activity)] == [
        ("handbook.activity.prayer", 0, 20_000),
        ("handbook.activity.singing", 30_000, 20_000),
        ("handbook.activity.roleplay", 60_000, 10_000),
    ]
    assert [t.activity for t in s.rows(r.Turn)] == [None, "handbook.activity.prayer", None]


def test_coming_and_going(typed):
    """Leaving with a reason, coming back, arriving late, a new seat, a turn by an absent one, a new place, a scope."""
    s = typed(absent=("D", "E"))
    s.say(
        "@0:00 ab",
        "@0:10 -b:excused",
        "@0:20 c!hh",
        "@0:30 c!hh",
        "@0:40 +e",
        "@0:50 +g:visitor",
        "@1:00 da",
        "@1:10 a!hs=6",
    )
    s.recorder.close_session(80_000)
    seen = {(p.seat, p.ts): (p.dur, p.arrived, p.left_as) for p in s.rows(r.Presence)}
    assert seen["B", 0] == (10_000, None, "excused")
    assert (seen["C", 0], seen["C", 30_000]) == ((20_000, None, "short"), (50_000, None, None))
    assert seen["E", 40_000] == (40_000, "late", None)
    assert seen["G", 50_000] == (30_000, "added", None)
    assert seen["D", 60_000] == (20_000, "implied", None)
    seats = {row.seat: (row.role, row.place, row.attended) for row in s.rows(r.SeatRow)}
    assert (seats["G"], seats["A"]) == (("visitor", None, True), ("member", 6, True))
    assert s.session().members == ("A", "B", "C", "D", "E")


def test_of_a_seat_that_agreed_to_the_floor_only(typed):
    """Its turns stay, it is nobody's receiver, and no code names it."""
    s = typed()
    s.say("@0:00 +c:floor_only", "@0:01 ca", "@0:02 ac", "@0:03 a>b,c", "@0:04 c.")
    assert turns(s) == [(1000, "C", ("A",)), (2000, "A", "unknown"), (3000, "A", ("B",)), (4000, "C", "all")]
    for line in ("@0:05 c. !uu", "!uu", "@0:05 #c: secret"):
        with pytest.raises(GrammarError, match="C did not agree"):
            s.say(line if line.startswith("@") else f"@0:05 {line}")


def test_phases_stars_silence_and_crowds(typed):
    """Phases by Indonesian name or its beginning, a star on the present turn, floor events."""
    s = typed(setting="inpatient")
    s.say(
        "@0:00 %persiapan",
        "@0:01 ab ;",
        "@0:10 _",
        "@0:20 &",
        "@0:30 %kontr",
        "@0:31 c.",
        "@1:01 _30",
        "@1:02 cd",
    )
    assert [(p.phase, p.dur) for p in s.rows(r.Phase)] == [("preparation", 30_000), ("task", None)]
    assert [m.code for m in s.rows(r.Mark)] == ["core.mark.star"]
    assert [(x.ts, x.dur) for x in s.rows(r.Crowd)] == [(20_000, 11_000)]
    assert [(x.ts, x.dur, x.breaker) for x in s.rows(r.Silence)] == [
        (10_000, 10_000, None),
        (31_000, 31_000, "C"),
    ]


def test_undo(typed):
    """`~` takes back the last entry whole, `~n` a record with its codes; nothing is removed from the log."""
    s = typed()
    one = s.say("@0:00 ab !uu !md")
    s.say("@0:05 bc !un")
    s.say("~")
    assert turns(s) == [(0, "A", ("B",))]
    s.say(f"~{one.seq}")
    assert (turns(s), s.rows(r.Mark)) == ([], [])
    undone = last(s, e.RecordRetracted)
    s.say(f"~{undone.seq}")
    assert (len(s.rows(r.Turn)), len(s.rows(r.Mark))) == (1, 2)
    assert [x.seq for x in s.recorder.ledger] == list(range(len(s.recorder.ledger)))


def test_undo_goes_back_entry_by_entry(typed):
    """Each `~` takes back one more entry."""
    s = typed()
    s.say("@0:00 ab", "@0:05 bc", "@0:10 ca", "~", "~")
    assert turns(s) == [(0, "A", ("B",))]


def test_amend(typed):
    """`~n:` puts a turn, a code or a note right; what it does not say stays, and undoing it restores."""
    s = typed()
    turn = s.say("@0:00 ab=4 !uu")
    s.say(f"~{turn.seq}: ac")
    assert [(t.receivers, t.dur, t.given) for t in s.rows(r.Turn)] == [(("C",), 4000, True)]
    code = s.rows(r.Mark)[0]
    s.say(f"~{code.seq}: !un^2")
    changed = s.rows(r.Mark)[0]
    assert (changed.code, changed.author, changed.turn, changed.intensity) == (
        "handbook.mark.advice",
        "A",
        code.turn,
        2,
    )
    s.say(f"@0:30 ~{turn.seq}: ad")
    assert [(t.ts, t.receivers) for t in s.rows(r.Turn)] == [(30_000, ("D",))]
    s.say("~")
    assert [(t.ts, t.receivers) for t in s.rows(r.Turn)] == [(0, ("C",))]
    state = {row.seq: row.state for row in record_rows(s.recorder.ledger, "g/s")}
    assert state[turn.seq] == "amended"


def test_exchanged_seats(typed):
    """B and F were exchanged from a time on: senders, receivers, authors, targets; before it and after it not."""
    s = typed(seats="T,A,B,F")
    s.say("@0:00 ba", "@1:00 ba !uu", "@2:00 a>f,b", "@3:00 t.", "@1:00 ~b=f,f=b", "@4:00 ba")
    assert turns(s) == [
        (0, "B", ("A",)),
        (60_000, "F", ("A",)),
        (120_000, "A", ("B", "F")),
        (180_000, "T", "all"),
        (240_000, "B", ("A",)),
    ]
    assert s.rows(r.Mark)[0].author == "F"
    s.say(f"~{last(s, e.RangeAmended).seq}")
    assert turns(s)[1] == (60_000, "B", ("A",))


def test_back_dating(typed):
    """A line with an earlier time is resolved in the situation of that time and takes its place."""
    s = typed()
    s.say("@0:00 ta", "@0:10 ab", "@0:20 bc", "@0:05 at !uu")
    assert turns(s) == [(0, "T", ("A",)), (5000, "A", ("T",)), (10_000, "A", ("B",)), (20_000, "B", ("C",))]
    s.say("@0:12 !un")
    assert last(s, e.MarkMade).author == "A"


def test_notes_go_to_the_vault(typed, desk):
    """The log carries a digest and about whom, never a word of the note."""
    s = typed()
    s.say("@0:00 ab #rahasia besar", "@0:05 #c,d: tentang dua orang", "@0:06 #kemarin: bukan kursi")
    notes = [x for x in s.recorder.ledger if isinstance(x, e.NoteWritten)]
    assert [n.about for n in notes] == [("A",), ("C", "D"), ("A",)]
    assert [vault.get(desk.workspace.vault, n.words, desk.disk) for n in notes] == [
        "rahasia besar",
        "tentang dua orang",
        "kemarin: bukan kursi",
    ]
    folder = desk.workspace.session("g/s")
    assert not any(b"rahasia" in p.read_bytes() for p in folder.glob("*"))
    s.say(f"~{notes[0].seq}: #lain")
    assert next(n.about for n in s.rows(r.Note)) == ("A",)


def test_every_string_keeps_the_rule(typed):
    """Whatever is typed, no string in the log leaves the alphabet of design §3."""
    s = typed()
    s.say("@0:00 ab !uu #teks bébas: ÄÖ", "@0:05 {prayer}", "@0:06 %work", "@0:09 !hg=obs-2")
    for x in s.recorder.ledger:
        assert stray_string(x) is None
    with pytest.raises(GrammarError, match="to whom"):
        s.say("@0:10 !hg=obs→2")
    assert STRING.fullmatch("a" * 65) is None


def test_the_walkthrough_inpatient(typed, shared):
    """No line is refused; the recorder's absence is a pause of 203 s, not a silence."""
    s = typed("w/in", seats="T,K,A,B,C,D,E,F,G,H", absent=("E",), setting="inpatient")
    for line in (shared / "data/walkthrough/inpatient.txt").read_text().splitlines():
        s.say(line)
    pauses = [(p.ts, p.dur, p.reason) for p in s.rows(r.Pause)]
    assert pauses == [(1_187_000, 203_000, "escort"), (1_530_000, 17_000, "technical")]
    away = range(1_187_000, 1_390_000)
    assert [x for x in s.rows(r.Silence) if x.ts in away or (x.ts + x.dur) - 1 in away] == []
    assert s.session().opened.recorded == 707_000 - 203_000 - 17_000
    assert {(p.seat, p.arrived, p.left_as) for p in s.rows(r.Presence) if p.seat == "E"} == {
        ("E", "late", "escorted")
    }


def test_the_walkthrough_outpatient(typed, shared):
    """No line is refused; after the exchange of B and F their turns are right on both sides of 34:38."""
    s = typed("w/out", seats="T,K,A,B,C,D,E,F", setting="outpatient")
    for line in (shared / "data/walkthrough/outpatient.txt").read_text().splitlines():
        s.say(line)
    by_time = {t.ts // 1000: t.sender for t in s.rows(r.Turn)}
    assert (by_time[32 * 60 + 20], by_time[34 * 60 + 38], by_time[35 * 60 + 40], by_time[37 * 60 + 50]) == (
        "B",
        "B",
        "F",
        "B",
    )


# -- the clock ---------------------------------------------------------------------------------------------------


def test_a_live_session(typed, time):
    """A live clock runs by itself, ticks every ten seconds, and refuses a time that has not come."""
    s = typed(clock="live")
    time.go(3)
    assert s.say("ab").ts == 3000
    time.go(8)
    s.recorder.tick()
    assert s.say("<").ts == 11_000
    time.go(1)
    assert s.say("@-5 ac").ts == 7000
    with pytest.raises(GrammarError, match="not come yet"):
        s.say("@0:13 ab")
    with pytest.raises(GrammarError, match="not that long"):
        s.say("@-20 ab")
    assert [x.ts for x in s.recorder.ledger if isinstance(x, e.ClockTicked)] == [0, 11_000]
    time.go(2)
    s.recorder.tick()
    assert last(s, e.ClockTicked).ts == 11_000
    time.go(8)
    s.recorder.tick()
    assert last(s, e.ClockTicked).ts == 22_000


def test_the_clock_goes_on_after_a_crash(typed, time, desk):
    """After a stop of 90 s the clock has gone on 90 s; the gap is a pause, and no length runs through it."""
    s = typed(clock="live")
    s.say("ab")
    for _ in range(3):
        time.go(10)
        s.recorder.tick()
    s.stop()
    time.wall_ms += 90_000
    time.boot_ms = 777
    s.start()
    assert s.recorder.clock() == 120_000
    resumed = last(s, e.ClockResumed)
    assert (resumed.ts, resumed.away, resumed.estimated) == (120_000, 90_000, True)
    s.say("ba")
    assert [(p.ts, p.dur, p.reason) for p in s.rows(r.Pause)] == [(30_000, 90_000, "gap")]
    assert s.rows(r.Turn)[0].dur == 30_000


def test_a_wall_clock_set_back_does_not_turn_time_back(typed, time):
    """Restarting with a wall clock an hour slow goes on from the last moment of the log."""
    s = typed(clock="live")
    time.go(20)
    s.say("ab")
    s.stop()
    time.wall_ms -= 3_600_000
    s.start()
    assert s.recorder.clock() == 20_000


def test_a_given_clock_ticks_with_its_lines(typed):
    """Ticks that fall due stand before the line, on the schedule of the first one."""
    s = typed()
    s.say("@14:03 ab", "@14:24 ba", "@14:10 cd")
    marks = [(e.name_of(x), x.ts) for x in s.recorder.ledger[1:]]
    assert marks == [
        ("clock.ticked", 843_000), ("turn.taken", 843_000), ("clock.ticked", 853_000), ("clock.ticked", 863_000),
        ("turn.taken", 864_000), ("turn.taken", 850_000),
    ]  # fmt: skip
    assert s.say("@+5 da").ts == 855_000


def test_a_day_without_a_line(typed):
    """26 hours between two turns are more ticks than one commit holds: they are stored all the same."""
    s = typed()
    s.recorder.put_turns(
        [e.TurnTaken(sender="A", audience="all", ts=ts, id=f"{ts:030x}00") for ts in (0, 93_600_000)]
    )
    assert len([x for x in s.recorder.ledger if isinstance(x, e.ClockTicked)]) == 9361


# -- sent again ----------------------------------------------------------------------------------------------------


def test_a_line_sent_again_is_stored_once(typed):
    """The same entry id again is answered with what was stored."""
    s = typed()
    one = s.recorder.enter("@0:00 ab !uu !md", "a" * 30)
    s.say("@0:05 ba")
    again = s.recorder.enter("@0:00 ab !uu !md", "a" * 30)
    assert (again.seq, again.count, again.h, again.again) == (one.seq, 3, one.h, True)
    assert len(turns(s)) == 2
    s.stop()
    s.start()
    assert s.recorder.enter("@0:00 ab !uu !md", "a" * 30).again


@pytest.mark.parametrize("kept", [1, 2])
def test_an_entry_cut_in_the_middle_is_completed(typed, desk, kept):
    """A crash that leaves part of an entry: sent again, only what is missing is added."""
    s = typed()
    s.say("@0:00 ta")
    whole = s.recorder.enter("@0:05 at !uu !md", "b" * 30)
    ids = [x.id for x in s.recorder.ledger if x.id.startswith("b" * 30)]
    s.stop()
    path = desk.workspace.session("g/s") / "000000.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) - 3 + kept]) + lines[-1][:40])
    s.start()
    answer = s.recorder.enter("@0:05 at !uu !md", "b" * 30)
    assert (answer.count, answer.again, whole.count) == (3, False, 3)
    assert [x.id for x in s.recorder.ledger if x.id.startswith("b" * 30)] == ids
    assert [m.turn for m in s.rows(r.Mark)] == [ids[0], ids[0]]
    assert s.recorder.enter("@0:05 at !uu !md", "b" * 30).again


def test_a_second_observer_codes_beside_the_first(typed, desk):
    """His rows are kept and not counted; hand-over of a family makes his count."""
    s = typed()
    s.say("@0:00 ta !gg", "@0:05 at !uu")
    s.stop()
    s.start("obs2")
    s.recorder.put(e.ObserverJoined(role="observer", families=("expression",), ts=5000))
    s.say("@0:05 !un")
    assert [m.code for m in s.rows(r.Mark)] == ["handbook.mark.disclosure"]
    s.recorder.put(e.CodingHandedOver(family="expression", coder="obs2", ts=6000))
    s.say("@0:08 !uf")
    assert [m.code for m in s.rows(r.Mark)] == ["handbook.mark.disclosure", "handbook.mark.feedback"]
    with pytest.raises(GrammarError, match="only who recorded it"):
        s.say("~2")


def test_after_closing_a_time_is_needed(typed, desk):
    """A closed session takes late lines with a time, and corrections."""
    s = typed()
    s.say("@0:00 ab")
    s.recorder.close_session(10_000)
    with pytest.raises(GrammarError):
        s.say("ab")
    s.say("@0:05 ba", "~")
    assert len(turns(s)) == 1


def test_recording_reopened_is_the_same_recorder(typed, desk):
    """Folding again from the disk gives the situation the running recorder had."""
    s = typed()
    s.say("@0:00 ta !aa", "@0:05 at !jj", "@0:08 -b", "@0:09 ||break")
    here = s.recorder.now
    s.stop()
    recorder, writer = start(desk, s.name, s.recorder.books)
    writer.close()
    assert recorder.now == here
    s.start()


@pytest.mark.parametrize(
    ("before", "line", "reason"),
    [
        (["@0:00 ab"], "~2: ~", "what the record should say"),
        (["@0:00 ab"], "~2: ~a=b", "what the record should say"),
        (["@0:00 ab", "@0:10 cd"], "@0:10 a!bd~2", "cannot belong to it"),
        (["@0:00 ab"], "@0:01 !uu~0", "cannot belong to it"),
        (["@0:00 ab"], "@0:01 a!hs>b=3", "takes no target"),
        (["@0:00 ab"], "@0:01 a!hh^2", "takes no intensity"),
        (["@0:00 ab"], "@0:01 !hc~2", "takes no record number"),
        (["@0:00 ab"], "@12:04:00 ab", "more than four hours"),
        (["@1:19 ab"], "@1:20 _2", "began to speak 1 s ago"),
        (["@0:00 ab"], "@0:30 ~b=b", "changes nothing"),
        (["@0:00 ab"], "@0:00 ~a=b", "would speak to itself"),
        (["@0:00 ab"], "@0:01 +k2:staff", "a leader's sign"),
        (["@0:00 ab"], "@0:01 #b:", "the note is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused(typed, before, line, reason):
    """A line is stored as it says or not at all; the reason says what to write."""
    s = typed()
    s.say(*before)
    head = s.recorder.head
    with pytest.raises(GrammarError, match=reason):
        s.say(line)
    assert s.recorder.head == head


def test_an_undo_sent_again_undoes_once(typed):
    """The same id is the same undo, also right after it and after a crash."""
    s = typed()
    s.say("@1:00 ab !uu", "@1:10 ba")
    first = s.recorder.enter("~", "c" * 30)
    assert (s.recorder.enter("~", "c" * 30).seq, first.count) == (first.seq, 1)
    s.stop()
    s.start()
    again = s.recorder.enter("~", "c" * 30)
    assert (again.again, again.seq) == (True, first.seq)
    assert (len(s.rows(r.Turn)), len(s.rows(r.Mark))) == (1, 1)


def test_an_id_used_for_another_line_stores_nothing(typed):
    """Whatever comes under a stored id is answered with what is stored, even if it makes no line."""
    s = typed()
    one = s.recorder.enter("@1:00 ab", "d" * 30)
    s.stop()
    s.start()
    for line in ("@1:30 cd !uu !ui #b: rahasia", "nonsense", "@1:00 ba"):
        assert s.recorder.enter(line, "d" * 30) == type(one)(one.id, one.seq, 1, one.ts, one.h, again=True)
    assert len(s.rows(r.Turn)) == 1


def test_who_leads_now_records(typed):
    """After the lead has passed, the recorder is the new lead's unless it says otherwise; only the lead passes it on."""
    s = typed()
    s.say("@0:00 ab", "@0:05 !hg=obs2")
    s.stop()
    s.start()
    assert s.recorder.observer == "obs2"
    s.stop()
    s.start("obs1")
    with pytest.raises(GrammarError, match="only obs2"):
        s.say("@0:10 !hg=obs1")


def test_a_further_observer_joins(typed):
    """The first time somebody else records it is put on record, with the families."""
    s = typed()
    s.say("@0:00 ab")
    s.stop()
    s.start("obs2")
    joined = last(s, e.ObserverJoined)
    assert (joined.observer, joined.role, "floor" in joined.families) == ("obs2", "observer", True)
    s.stop()
    s.start("obs2")
    assert len([x for x in s.recorder.ledger if isinstance(x, e.ObserverJoined)]) == 1


def test_a_leader_who_comes_in_leads(typed):
    """A further K is a co-therapist, and the codes of her turns are hers."""
    s = typed()
    s.say("@0:00 ta", "@0:05 +k2", "@0:10 k2. !si")
    si = last(s, e.InterventionMade)
    assert (last(s, e.SeatAdded).role, si.author) == ("co_therapist", "K2")


def test_a_conflict_that_settles_is_the_pairs(typed):
    """Of two open conflicts the one of the two seats settles; with no pair the last."""
    s = typed()
    s.say("@0:00 ab !bm", "@0:10 cd !bp", "@0:20 ba !bd")
    conflicts = {(x.author, x.target): x.outcome for x in s.rows(r.Conflict)}
    assert conflicts == {("A", "B"): "settled", ("C", "D"): "open"}


def test_after_closing_the_clock_stands(typed, time):
    """A late note has the end's time, a time behind the end is refused, and the session grows by nothing."""
    s = typed(clock="live")
    time.go(60)
    s.say("ab")
    time.go(30)
    s.recorder.close_session()
    time.go(86_400)
    s.stop()
    s.start()
    s.say("#b: late", "@1:05 ba")
    with pytest.raises(GrammarError, match=r"the session ended at 0:01:30"):
        s.say("@23:00 ab")
    frame = s.rows(r.SessionRow)[0]
    assert (frame.dur, last(s, e.NoteWritten).ts) == (90_000, 90_000)


def test_a_session_opened_early(typed, time):
    """Hours between opening and the first line are time nobody recorded."""
    s = typed(clock="live")
    time.go(5 * 3600)
    s.say("ab")
    for _ in range(6):
        time.go(10)
        s.recorder.tick()
    s.recorder.close_session()
    assert s.rows(r.SessionRow)[0].recorded == 60_000


def test_silence_said_backwards(typed):
    """`_30` at 0:30 begins at the very start; an amendment keeps how far back it reaches."""
    s = typed()
    s.say("@0:30 _30")
    assert last(s, e.FloorReleased).ts == 0
    s.say("@1:00 ab")
    two = s.say("@2:00 _")
    s.say(f"~{two.seq}: _10")
    assert last(s, e.RecordAmended).replacement["ts"] == 110_000


def test_codes_follow_their_turn(typed):
    """Where a turn was somebody else's, or to somebody else, so were its codes."""
    s = typed()
    one = s.say("@0:00 ba !jj !uu")
    s.say(f"~{one.seq}: cd")
    assert [(x.author, x.target) for x in s.rows(r.Contract) + s.rows(r.Mark)] == [("C", "D"), ("C", "D")]
    two = s.say("@0:10 tb !ui")
    s.say(f"~{two.seq}: te")
    assert [x.author for x in s.rows(r.Mark)] == ["C", "E"]


def test_a_code_typed_later_happened_in_its_turn(typed, time):
    """Live and without a time of its own, a code has its turn's; with one, its own."""
    s = typed(clock="live")
    time.go(60)
    s.say("ta")
    time.go(10)
    s.say("at")
    time.go(10)
    s.say("!gd")
    assert last(s, e.InterventionMade).ts == 60_000
    s.say("@-2 !uu")
    assert last(s, e.MarkMade).ts == 78_000


def test_what_no_speaker_does_has_no_author(typed):
    """A silent group and a visitor are put on nobody."""
    s = typed()
    s.say("@0:00 ca", "@0:10 _", "@0:20 !rd", "@0:30 !hu")
    assert [(x.author, x.turn_id) for x in (last(s, e.ResistanceShown), last(s, e.MarkMade))] == [
        (None, None)
    ] * 2


@pytest.mark.parametrize(
    ("first", "then", "attrs"),
    [
        ("!fa=suggestion", "!fa^2", {"altruism_form": "suggestion"}),
        ("!fa=suggestion", "!fa=support", {"altruism_form": "support"}),
        (
            "!fa=suggestion",
            "!fa=confidence",
            {"altruism_form": "suggestion", "altruism_effect": "confidence"},
        ),
        ("!fa=suggestion", "!fu", {}),
    ],
)
def test_an_amendment_keeps_what_was_said_beside_a_code(typed, first, then, attrs):
    """A value stays while the code that stands there takes it, and a new value takes its place."""
    s = typed()
    code = s.say(f"@0:00 ab {first}")
    s.say(f"~{code.seq + 1}: {then}")
    assert s.rows(r.Factor)[0].attrs == attrs


def test_a_further_role_is_amended(typed):
    """The role of an added seat can be corrected."""
    s = typed()
    one = s.say("@0:00 +g:visitor")
    s.say(f"~{one.seq}: +g:staff")
    assert {x.seat: x.role for x in s.rows(r.SeatRow)}["G"] == "staff"


def test_after_the_line_before(typed):
    """`@+` counts from the line before, whatever its time was."""
    s = typed()
    s.say("@0:35 ab")
    assert [s.say(line).ts for line in ("@+5 ba", "@-5 bc", "@+1 cb")] == [40_000, 35_000, 36_000]
