"""Who counts and which time nobody recorded: gaps, pauses, hand-overs, the session's edges."""

from __future__ import annotations

from msgspec.structs import replace

from tkcore import events as e
from tkcore import rows as r
from tkcore.codebook import handbook, parse
from tkcore.projection import fold, record_rows
from tkcore.reading import families

FAMILY = families([parse(handbook(), "handbook.toml")])
OPENED = e.SessionOpened(
    group_id="g", number=1, held="2026-11-24T16:00:00+07:00", zone="Asia/Jakarta", lead="o", observer="o", clock="given",
    seats=(e.Seating(seat="T", role="therapist"), e.Seating(seat="A"), e.Seating(seat="B")),
    captures=(e.Observing(observer="o", families=("floor", "phase", "conflict")),),
)  # fmt: skip
LIVE = replace(OPENED, clock="live")
PRAYER = "handbook.activity.prayer"


def log(*events: e.Event, opened: e.SessionOpened = OPENED) -> list[e.Record]:
    return [
        replace(x, seq=seq, id=x.id or f"{seq:032x}", observer=x.observer or "o")
        for seq, x in enumerate((opened, *events))
    ]


def turn(ts: int, sender: str = "A", receiver: str = "B", **own) -> e.TurnTaken:
    return e.TurnTaken(ts=ts, sender=sender, audience="seats", receivers=(receiver,), **own)


def tick(*times: int) -> list[e.Event]:
    return [e.ClockTicked(ts=ts, observer="recorder") for ts in times]


def p(x: e.Event) -> e.Event:
    return replace(x, observer="p")


def rows(records, kind, *, counted: bool = True):
    return [x for x in fold(records, "g/s", FAMILY) if isinstance(x, kind) and x.counted is counted]


def lasts(records, kind, **which):
    return [(x.ts, x.dur) for x in rows(records, kind, **which)]


def recorded(records) -> int:
    (session,) = rows(records, r.SessionRow)
    return session.recorded


# -- gaps --

GAP = [*tick(0, 10_000), turn(12_000), *tick(3_612_000), e.SessionClosed(ts=3_615_000)]


def test_a_gap_begins_with_what_was_logged_before_it():
    """Notes written later for the time nobody recorded do not make it recorded; nor does another observer."""
    late = [e.NoteWritten(ts=1_200_000, about=(), words=""), turn(2_400_000, "B", "A")]
    for records in (
        log(*GAP, opened=LIVE),
        log(*GAP, *late, opened=LIVE),
        log(*GAP, *map(p, late), opened=LIVE),
        log(*GAP[:3], p(turn(15_000)), *GAP[3:], opened=LIVE),
        log(*GAP[:3], replace(turn(11_000), dur=5), *GAP[3:], opened=LIVE),
    ):
        assert lasts(records, r.Pause) == [(12_000, 3_600_000)]
        assert recorded(records) == 15_000
        assert (12_000, 0) in lasts(records, r.Turn)
    assert lasts(log(*GAP, *late, opened=LIVE), r.Turn) == [(12_000, 0), (2_400_000, 0)]


def test_a_gap_ends_when_the_recorder_is_back():
    """At the next tick or resume; what is written between the two for earlier is late."""
    back = e.ClockResumed(ts=90_000, estimated=True, away=1)
    records = log(
        *tick(0, 10_000), turn(12_000), back, turn(40_000, "B", "A"), *tick(95_000), turn(96_000), opened=LIVE
    )
    assert lasts(records, r.Pause) == [(12_000, 78_000)]
    assert lasts(records, r.Turn) == [(12_000, 0), (40_000, 0), (96_000, None)]
    twice = log(
        *tick(0, 10_000), replace(back, ts=50_000), turn(52_000), back, *tick(100_000), turn(101_000), opened=LIVE
    )  # fmt: skip
    assert [(x.ts, x.dur) for x in rows(twice, r.Pause)] == [(10_000, 40_000), (52_000, 38_000)]


def test_a_live_session_begins_at_its_first_tick():
    """Opened three hours early: with a tick at opening that is a gap, without one the session has not begun."""
    lines = [*tick(10_800_000), turn(10_800_000), e.SessionClosed(ts=10_805_000)]
    begun = log(*lines, opened=LIVE)
    assert rows(begun, r.SessionRow)[0].ts == 10_800_000
    early = log(*tick(0), *lines, opened=LIVE)
    assert lasts(early, r.Pause) == [(0, 10_800_000)]
    for records in (begun, early):
        assert recorded(records) == 5000
        assert {x.dur for x in rows(records, r.Presence)} == {5000}
        assert {x.dur for x in rows(records, r.Exposure)} == {5000}
        assert lasts(records, r.Turn) == [(10_800_000, 5000)]


def test_a_tick_after_closing_makes_no_gap():
    """What the recorder does after the meeting is not of the meeting."""
    records = log(*tick(0, 10_000), turn(11_000), e.SessionClosed(ts=15_000), *tick(90_000), opened=LIVE)
    assert rows(records, r.Pause) == []
    assert recorded(records) == 15_000


# -- pauses --


def test_a_turn_inside_a_pause_has_no_length():
    """It ends at once and does not swallow the pause; the same at the very moment of the pause."""
    for ts in (4000, 5000):
        records = log(
            turn(0), e.CapturePaused(ts=4000), turn(ts, "B", "A"), e.FloorCrowded(ts=ts),
            e.CaptureResumed(ts=60_000), turn(60_000), e.SessionClosed(ts=70_000),
        )  # fmt: skip
        assert lasts(records, r.Turn) == [(0, 4000), (ts, 0), (60_000, 10_000)]
        assert lasts(records, r.Crowd) == [(ts, 0)]
        assert lasts(records, r.Silence) == []


def test_pauses_and_gaps_end_with_the_session():
    """A pause nobody ended ends with it, one after it is none, a gap within a pause is not lost twice."""
    records = log(
        turn(0),
        e.CapturePaused(ts=4000),
        e.SessionClosed(ts=10_000),
        e.CaptureResumed(ts=30_000),
        e.CapturePaused(ts=40_000),
    )
    assert lasts(records, r.Pause) == [(4000, 6000)]
    both = log(
        *tick(0),
        turn(1000),
        e.CapturePaused(ts=5000),
        *tick(10_000, 100_000),
        e.CaptureResumed(ts=99_000),
        e.SessionClosed(ts=110_000),
        opened=LIVE,
    )
    assert [(x.ts, x.dur, x.reason) for x in rows(both, r.Pause)] == [
        (5000, 94_000, None),
        (99_000, 1000, "gap"),
    ]
    assert recorded(both) == 15_000


def test_away_is_whoever_is_of_record():
    """The session pauses with the lead it has then: the former one's break and the later one's both count, once."""
    records = log(
        turn(0), p(e.CapturePaused(ts=1000)), p(e.CaptureResumed(ts=2000)),
        e.CapturePaused(ts=10_000), e.LeadPassed(ts=20_000, lead="p"), e.CaptureResumed(ts=25_000),
        p(turn(30_000)), p(e.CapturePaused(ts=40_000)), p(e.CaptureResumed(ts=70_000)), p(turn(70_000)),
        e.SessionClosed(ts=100_000),
    )  # fmt: skip
    assert lasts(records, r.Pause) == [(10_000, 10_000), (40_000, 30_000)]
    assert lasts(records, r.Pause, counted=False) == [(1000, 1000), (20_000, 5000)]
    assert recorded(records) == 60_000
    assert {x.dur for x in rows(records, r.Presence)} == {60_000}
    assert {x.present for x in rows(records, r.SeatRow)} == {60_000}


# -- hand-overs --


def test_a_hand_over_ends_what_the_former_observer_says():
    """Turns, phases, activities and silences end there; the turns after it have the new one's phase and activity."""
    records = log(
        e.PhaseEntered(ts=0, phase="work"), e.ActivityStarted(ts=0, code=PRAYER), turn(0),
        p(e.PhaseEntered(ts=10_000, phase="transition")), e.LeadPassed(ts=60_000, lead="p"),
        turn(61_000), p(turn(62_000, "B", "A")), e.SessionClosed(ts=100_000),
    )  # fmt: skip
    assert lasts(records, r.Turn) == [(0, 60_000), (62_000, 38_000)]
    assert lasts(records, r.Turn, counted=False) == [(61_000, 39_000)]
    assert [(x.phase, x.activity) for x in rows(records, r.Turn)] == [("work", PRAYER), ("transition", None)]
    assert [(x.phase, x.ts, x.dur) for x in rows(records, r.Phase)] == [
        ("work", 0, 60_000), ("transition", 60_000, 40_000),
    ]  # fmt: skip
    assert lasts(records, r.Phase, counted=False) == [(10_000, 50_000), (60_000, 40_000)]
    assert lasts(records, r.Activity) == [(0, 60_000)]
    quiet = log(turn(0, dur=1000), e.CodingHandedOver(ts=60_000, family="floor", coder="p"), p(turn(90_000)))
    assert lasts(quiet, r.Silence) == [(1000, 59_000)]


def test_exposure_follows_the_observer_of_record():
    """Counted per stretch: nothing is lost, nothing twice; a family not handed over stays."""
    joined = p(e.ObserverJoined(ts=0, role="co_therapist", families=("floor",)))
    records = log(
        turn(0), joined, e.CodingHandedOver(ts=60_000, family="floor", coder="p"), e.SessionClosed(ts=100_000)
    )
    assert [(x.family, x.observer, x.ts, x.dur) for x in rows(records, r.Exposure)] == [
        ("floor", "o", 0, 60_000), ("phase", "o", 0, 100_000), ("conflict", "o", 0, 100_000), ("floor", "p", 60_000, 40_000),
    ]  # fmt: skip
    back = log(
        turn(0), joined, e.LeadPassed(ts=60_000, lead="p"), e.LeadPassed(ts=90_000, lead="o"), e.SessionClosed(ts=100_000)
    )  # fmt: skip
    floor = [(x.observer, x.ts, x.dur) for x in rows(back, r.Exposure) if x.family == "floor"]
    assert floor == [("o", 0, 60_000), ("p", 60_000, 30_000), ("o", 90_000, 10_000)]
    # p undertook the floor only: the phases between 60 and 90 s are in no denominator
    assert sum(x.dur for x in rows(back, r.Exposure) if x.family == "phase") == 70_000


def test_a_new_lead_without_captures_takes_the_families_over():
    """What was coded goes on being coded, by whoever has taken over; what was not is not."""
    for joined in ([], [p(e.ObserverJoined(ts=0, role="co_therapist"))]):
        records = log(turn(0), *joined, e.LeadPassed(ts=60_000, lead="p"), e.SessionClosed(ts=100_000))
        for family in ("floor", "phase", "conflict"):
            own = [(x.observer, x.ts, x.dur) for x in rows(records, r.Exposure) if x.family == family]
            assert own == [("o", 0, 60_000), ("p", 60_000, 40_000)]
        assert {x.family for x in rows(records, r.Exposure)} == {"floor", "phase", "conflict"}
    handed = log(
        turn(0), e.CodingHandedOver(ts=60_000, family="norm", coder="p"), e.SessionClosed(ts=100_000)
    )
    assert "norm" not in {x.family for x in rows(handed, r.Exposure)}


# -- the session's edges --


def test_records_of_others_move_no_edge():
    """Another observer's records before the first and after the last counted one, and what is written for after the end."""
    own = [turn(600_000), turn(650_000, "B", "A")]
    others = [
        p(e.NoteWritten(ts=0, about=(), words="")),
        p(turn(900_000)),
        p(e.CapturesChanged(ts=990_000, families=())),
    ]
    counted = [
        [replace(x, n=0) for x in fold(log(*own, *more), "g/s", FAMILY) if x.counted] for more in ([], others)
    ]  # fmt: skip
    assert counted[0] == counted[1]
    assert (rows(log(*own, *others), r.SessionRow)[0].ts, recorded(log(*own, *others))) == (600_000, 50_000)
    closed = [*own, e.SessionClosed(ts=660_000)]
    late = log(*closed, turn(700_000), e.SeatLeft(ts=710_000, seat="A"), e.SeatArrived(ts=720_000, seat="A"))
    assert rows(late, r.SessionRow)[0].dur == recorded(late) == 60_000
    assert lasts(late, r.Turn) == [(600_000, 50_000), (650_000, 10_000), (700_000, 0)]
    assert lasts(late, r.Presence) == [(600_000, 60_000)] * 3


# -- which records count --


def test_a_record_counts_by_its_family_and_moment():
    """The record relation says so for codes too; what is of the session itself is nobody's and counts."""
    anger, note = (
        e.ConflictArisen(ts=2000, code="handbook.conflict.anger"),
        e.NoteWritten(ts=2000, about=(), words=""),
    )
    records = log(
        turn(0), p(turn(0)), e.CodingHandedOver(ts=1000, family="conflict", coder="p"), anger, p(anger), note, p(note),
        *tick(3000), p(e.ObserverJoined(ts=3000, role="observer")), e.LeadPassed(ts=4000, lead="p"), turn(5000), p(turn(5000)),
    )  # fmt: skip
    records += [e.Opaque(t="gaze.shifted", seq=len(records), id="f" * 32, ts=6000, observer="o")]
    found = [x.counted for x in record_rows(records, "g/s", FAMILY)][1:]
    assert found == [True, False, True, False, True, True, False, True, True, True, False, True, False]
    assert [x.observer for x in rows(records, r.Note)] == ["o"]
    assert [x.observer for x in rows(records, r.Conflict)] == ["p"]
    assert all(x.counted for x in record_rows([turn(0)], "g/s"))
