"""Rows from records: lengths, silences, who counts; and properties of the fold."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tkcore import events as e
from tkcore import rows as r
from tkcore.codebook import handbook, parse
from tkcore.exchange.simulate import Plan, simulate
from tkcore.projection import fold, record_rows
from tkcore.reading import families
from tkcore.spans import Span, breaks, cut, uncovered

FAMILY = families([parse(handbook(), "handbook.toml")])
OPENED = e.SessionOpened(
    group_id="g", number=1, held="2026-11-24T16:00:00+07:00", zone="Asia/Jakarta", lead="o", observer="o", clock="given",
    seats=tuple(e.Seating(seat=s, role="therapist" if s == "T" else "member") for s in "TABC"),
    captures=(e.Observing(observer="o", families=("floor", "expression")),),
)  # fmt: skip


def log(*events: e.Event) -> list[e.Record]:
    """Number and name events as a recorder would."""
    return [
        replace(x, seq=seq, id=x.id or f"{seq:032x}", observer=x.observer or "o")
        for seq, x in enumerate((OPENED, *events))
    ]


def turn(ts: int, sender: str = "A", receiver: str = "B", **own) -> e.TurnTaken:
    return e.TurnTaken(ts=ts, sender=sender, audience="seats", receivers=(receiver,), **own)


def rows(records, kind):
    return [x for x in fold(records, "g/s", FAMILY) if isinstance(x, kind) and x.counted]


def test_a_turn_runs_to_the_next_floor_event():
    """Turn, silence and crowd end each other; the last has no length until something follows."""
    found = rows(
        log(turn(0), turn(5000, "B", "A"), e.FloorReleased(ts=7000), e.FloorCrowded(ts=12_000)), r.Turn
    )
    assert [t.dur for t in found] == [5000, 2000]
    assert [t.dur for t in rows(log(turn(0), turn(5000)), r.Turn)] == [5000, None]
    assert [t.dur for t in rows(log(turn(0), e.SessionClosed(ts=9000)), r.Turn)] == [9000]


def test_a_given_length_stands():
    """A length that was given stands over the next turn; where lengths are given, a missing one stays missing."""
    assert [t.dur for t in rows(log(turn(0, dur=8000), turn(5000)), r.Turn)] == [8000, None]
    records = log(turn(0), turn(5000, dur=10), e.SessionClosed(ts=9000))
    records[0] = replace(records[0], turn_ends="given")
    assert [t.dur for t in rows(records, r.Turn)] == [None, 10]


def test_nothing_runs_through_a_pause_or_a_gap():
    """Turns, presence and phases leave out what nobody recorded."""
    paused = log(
        turn(0),
        e.CapturePaused(ts=4000, reason="break"),
        e.CaptureResumed(ts=60_000),
        turn(61_000),
        e.SessionClosed(ts=70_000),
    )
    assert [(t.ts, t.dur) for t in rows(paused, r.Turn)] == [(0, 4000), (61_000, 9000)]
    assert {p.dur for p in rows(paused, r.Presence)} == {14_000}
    assert rows(paused, r.Silence) == []
    gap = log(
        e.ClockTicked(ts=0), turn(0), e.ClockTicked(ts=10_000), turn(12_000, "B", "A"), e.ClockResumed(ts=90_000, estimated=True, away=78_000),
        e.ClockTicked(ts=90_000), turn(95_000), e.SessionClosed(ts=100_000),
    )  # fmt: skip
    assert [(t.ts, t.dur) for t in rows(gap, r.Turn)] == [(0, 12_000), (12_000, 0), (95_000, 5000)]
    assert [(p.ts, p.dur, p.reason) for p in rows(gap, r.Pause)] == [(12_000, 78_000, "gap")]
    assert rows(gap, r.SessionRow)[0].recorded == 22_000


def test_a_silence_is_three_seconds_without_a_turn():
    """From 3 s on, only once somebody has spoken, broken by whom; a tail has no breaker; activities divide it."""
    records = log(
        e.FloorReleased(ts=1000),
        turn(5000, dur=1000),
        turn(8999, "B", dur=1000),
        turn(13_000, "C", dur=7000),
        e.SessionClosed(ts=30_000),
    )
    assert [(s.ts, s.dur, s.breaker) for s in rows(records, r.Silence)] == [
        (1000, 4000, "A"), (9999, 3001, "C"), (20_000, 10_000, None),
    ]  # fmt: skip
    prayer = log(
        turn(0, dur=1000),
        e.ActivityStarted(ts=3000, code="handbook.activity.prayer"),
        e.ActivityEnded(ts=9000, code="handbook.activity.prayer"),
        turn(13_000),
    )
    assert [(s.ts, s.dur, s.activity) for s in rows(prayer, r.Silence)] == [
        (1000, 2000, None), (3000, 6000, "handbook.activity.prayer"), (9000, 4000, None),
    ]  # fmt: skip


def test_a_silence_is_judged_before_it_is_divided():
    """Five seconds that an activity cuts in two are a silence in two parts; two seconds are none, however cut."""
    prayer = e.ActivityStarted(ts=3500, code="handbook.activity.prayer")
    records = log(turn(0, dur=1000), prayer, turn(6000, "B", "A", dur=1000), e.SessionClosed(ts=7000))
    assert [(s.ts, s.dur, s.breaker) for s in rows(records, r.Silence)] == [
        (1000, 2500, None), (3500, 2500, "B"),
    ]  # fmt: skip
    short = log(turn(0, dur=2000), prayer, turn(4000, "B", "A", dur=1000), e.SessionClosed(ts=7999))
    assert rows(short, r.Silence) == []


def test_roles_of_seats_added_in_the_session():
    """A visitor is one in every row, also before he is named; the first counted record says so."""
    records = log(
        turn(0, "G", "A", dur=500), e.SeatAdded(ts=1000, seat="G", role="member", observer="p"), e.SeatAdded(ts=5000, seat="G", role="visitor"),
        e.SeatAdded(ts=5500, seat="G", role="staff"), turn(6000, "A", "G", dur=500),
        e.InterventionMade(ts=6500, code="handbook.intervention.question", author="G"), turn(10_000, "G", "A"),
    )  # fmt: skip
    assert [t.role for t in rows(records, r.Turn)] == ["visitor", "member", "visitor"]
    assert [(a.role, a.receiver_role) for a in rows(records, r.Address)][:2] == [
        ("visitor", "member"), ("member", "visitor"),
    ]  # fmt: skip
    assert [x.author_role for x in rows(records, r.Intervention)] == ["visitor"]
    assert [x.breaker_role for x in rows(records, r.Silence)] == ["member", "visitor"]
    assert [x.role for x in rows(records, r.SeatRow) if x.seat == "G"] == ["visitor"]


def test_a_seat_that_turns_out_to_be_absent_never_came():
    """Noted late, it was not there for a moment; whoever has spoken or come in since has been there."""
    end = e.SessionClosed(ts=600_000)

    def of(*events):
        records = log(*events, end)
        (seat,) = (x for x in rows(records, r.SeatRow) if x.seat == "C")
        return (
            seat.attended,
            seat.present,
            [(x.ts, x.dur) for x in rows(records, r.Presence) if x.seat == "C"],
        )

    absent = e.SeatLeft(ts=300_000, seat="C", reason="absent")
    assert of(turn(0), absent) == (False, 0, [])
    assert of(turn(0), replace(absent, observer="p")) == (True, 600_000, [(0, 600_000)])
    assert of(turn(0), absent, e.SeatArrived(ts=400_000, seat="C")) == (True, 200_000, [(400_000, 200_000)])
    assert of(turn(0, "C"), absent) == (True, 300_000, [(0, 300_000)])
    assert of(turn(0), replace(absent, reason="short")) == (True, 300_000, [(0, 300_000)])


def test_an_episode_is_one_observers():
    """What another observer settles stays open, and his settlement has a row of its own, uncounted."""
    arisen = e.ConflictArisen(ts=1000, code="handbook.conflict.anger", id="a" * 32)
    settled = e.ConflictSettled(ts=9000, code="handbook.conflict.settled", ref="a" * 32)
    end = e.SessionClosed(ts=20_000)
    assert [(x.outcome, x.dur) for x in rows(log(turn(0), arisen, settled, end), r.Conflict)] == [
        ("settled", 8000)
    ]
    found = fold(log(turn(0), arisen, replace(settled, observer="p"), end), "g/s", FAMILY)
    assert [(x.outcome, x.dur, x.counted) for x in found if isinstance(x, r.Conflict)] == [
        ("open", None, True), ("settled", None, False),
    ]  # fmt: skip


@pytest.mark.parametrize("k", range(1, 15))
def test_weights_of_several_receivers_are_exact(k):
    """The weights of a turn's addresses add up to 27720; more than twelve receivers are the group."""
    x = e.TurnTaken(ts=0, sender="T", audience="seats", receivers=tuple(f"A{n}" for n in range(k)))
    found = rows(log(x), r.Address)
    assert sum(a.weight for a in found) == (r.WEIGHT if k <= 12 else 0)
    assert {a.fanout for a in found} == ({k} if k <= 12 else set())


def test_corrections_are_resolved_from_the_last_backwards():
    """A retracted retraction restores; a retracted amendment too; the last amendment wins; the observer stays."""
    one = turn(0, id="a" * 30 + "00")
    change = {"t": "turn.taken", "ts": 500, "sender": "C", "audience": "all", "receivers": []}
    amend = e.RecordAmended(record_id=one.id, replacement=change, id="b" * 30 + "00")
    undo = e.RecordRetracted(record_id=one.id, id="c" * 30 + "00")
    assert [t.sender for t in rows(log(one, amend), r.Turn)] == ["C"]
    assert rows(log(one, amend, undo), r.Turn) == []
    assert [t.sender for t in rows(log(one, undo, e.RecordRetracted(record_id=undo.id)), r.Turn)] == ["A"]
    assert [t.sender for t in rows(log(one, amend, e.RecordRetracted(record_id=amend.id)), r.Turn)] == ["A"]
    second = replace(amend, id="d" * 30 + "00", replacement={**change, "sender": "B"})
    assert [t.sender for t in rows(log(one, amend, second), r.Turn)] == ["B"]
    other = replace(amend, replacement={"t": "floor.released", "ts": 3})
    assert [t.sender for t in rows(log(one, other), r.Turn)] == ["A"]
    assert [row.state for row in record_rows(log(one, amend, undo), "g/s")][1] == "retracted"


def test_unknown_records_change_nothing():
    """A type from a newer version or a plugin that is not here is kept, listed as opaque, and in no row."""
    records = log(turn(0), turn(5000, "B", "A"))
    strange = e.Opaque(t="gaze.shifted", seq=3, id="f" * 32, ts=2000, observer="o", body={"to": "C"})
    assert fold([*records, strange], "g/s", FAMILY) == fold(records, "g/s", FAMILY)
    row = record_rows([*records, strange], "g/s")[-1]
    assert (row.t, row.state, row.body) == ("gaze.shifted", "opaque", '{"to":"C"}')


def test_nothing_before_the_opening():
    """A log without its opening has no rows."""
    assert fold([], "g/s", FAMILY) == []
    assert fold([replace(turn(0), seq=0)], "g/s", FAMILY) == []


def simulated(typed, seed: int):
    script = simulate(Plan(seed=seed, minutes=20, members=5, structure="circular"))
    s = typed(f"g/s{seed}", seats=",".join(script.seats))
    for line in script.lines:
        s.recorder.enter(line)
    s.recorder.close_session(script.until)
    return s


@pytest.mark.parametrize("seed", [1, 2])
def test_a_second_observer_changes_nothing(typed, seed):
    """Every record repeated under a second observer gives the same counted rows, also for a hand-over of the lead."""
    s = simulated(typed, seed)
    records = list(s.recorder.ledger)
    doubled: list[e.Record] = []
    for x in records:
        doubled.append(replace(x, seq=len(doubled)))
        if x.seq:
            changed = {"ref": _twin(x.ref)} if isinstance(x, e.Coded) and x.ref else {}
            if isinstance(x, e.Coded) and x.turn_id:
                changed["turn_id"] = _twin(x.turn_id)
            doubled.append(replace(x, seq=len(doubled), id=_twin(x.id), observer="second", **changed))

    def counted(some):
        return [replace(row, n=0, seq=0) for row in fold(some, s.name, FAMILY) if row.counted]

    assert counted(doubled) == counted(records)


def _twin(record_id: str) -> str:
    return ("f" if record_id[0] != "f" else "e") + record_id[1:]


@pytest.mark.parametrize("seed", [3])
def test_rows_come_in_order_and_sum_up(typed, seed):
    """N counts up, times do not go back, and talk, silence and pauses never exceed what was recorded."""
    s = simulated(typed, seed)
    found = fold(list(s.recorder.ledger), s.name, FAMILY)
    assert [x.n for x in found] == list(range(len(found)))
    assert [x.ts for x in found] == sorted(x.ts for x in found)
    frame = next(x for x in found if isinstance(x, r.SessionRow))
    assert sum(x.dur for x in found if isinstance(x, r.Silence)) <= frame.recorded == 1_200_000
    for x in found:
        assert x.dur is None or x.dur >= 0


EVENTS = st.sampled_from([
    turn, lambda ts: turn(ts, "B", "A", dur=2000), lambda ts: e.FloorReleased(ts=ts), lambda ts: e.FloorCrowded(ts=ts),
    lambda ts: e.CapturePaused(ts=ts, reason="break"), lambda ts: e.CaptureResumed(ts=ts), lambda ts: e.SeatLeft(seat="A", ts=ts),
    lambda ts: e.SeatArrived(seat="A", ts=ts), lambda ts: e.PhaseEntered(phase="work", ts=ts),
    lambda ts: e.ActivityStarted(code="handbook.activity.prayer", ts=ts), lambda ts: e.ActivityEnded(code="handbook.activity.prayer", ts=ts),
    lambda ts: e.ClockTicked(ts=ts), lambda ts: e.ContractOpened(code="handbook.contract.opened", author="A", ts=ts), lambda ts: e.SessionClosed(ts=ts),
    lambda ts: e.CapturesChanged(families=("floor",), ts=ts), lambda ts: e.LeadPassed(lead="p", ts=ts),
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(EVENTS, st.integers(0, 200_000), st.sampled_from(["o", "p"])), max_size=25),
    st.randoms(),
)
def test_any_records_fold(parts, rng: random.Random):
    """Any records in any order fold to rows without negative lengths, and a retraction of all gives none of theirs."""
    records = log(*[replace(make(ts), observer=observer) for make, ts, observer in parts])
    found = fold(records, "g/s", FAMILY)
    assert all(x.dur is None or x.dur >= 0 for x in found)
    assert len({x.n for x in found}) == len(found)
    retracted = [
        *records,
        *[
            e.RecordRetracted(record_id=x.id, seq=len(records) + at, id=f"e{at:031x}", observer=x.observer)
            for at, x in enumerate(records[1:])
        ],
    ]
    left = {type(x) for x in fold(retracted, "g/s", FAMILY) if x.counted}
    assert left <= {r.SessionRow, r.SeatRow, r.Presence, r.Exposure}


SPANS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda p: Span(p[0], p[0] + p[1])), max_size=8
)


@given(SPANS, SPANS)
def test_spans_agree_with_counting_moments(spans, out):
    """Merging, cutting and what is uncovered are right at every single moment."""
    moments = set(range(80))

    def covered(some):
        return {m for m in moments for s in some if s.start <= m < s.end}

    merged = breaks(spans)
    assert covered(merged) == covered(spans)
    assert all(a.end < b.start for a, b in zip(merged, merged[1:], strict=False))
    assert covered(cut(merged, breaks(out))) == covered(spans) - covered(out)
    assert covered(uncovered(spans, 0, 80)) == moments - covered(spans)
