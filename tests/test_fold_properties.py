"""What holds of the fold whatever a log says: it never fails, and nobody else's records move what counts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tkcore import events as e
from tkcore import rows as r
from tkcore.codebook import handbook, parse
from tkcore.projection import fold, record_rows
from tkcore.reading import families
from tkcore.spans import Span, breaks, cut

FAMILY = families([parse(handbook(), "handbook.toml")])
OPENED = e.SessionOpened(
    group_id="g", number=1, held="2026-11-24T16:00:00+07:00", zone="Asia/Jakarta", lead="o", observer="o", seq=0, id="0" * 32,
    seats=tuple(e.Seating(seat=s, role="therapist" if s == "T" else "member") for s in "TABC"),
    captures=(e.Observing(observer="o", families=("floor", "phase", "conflict", "activity")),),
)  # fmt: skip

IDS = st.integers(1, 25).map(lambda n: f"{n:032x}")
SEAT = st.sampled_from("TABCG")
OBSERVER = st.sampled_from(["o", "p"])
FAMILIES = st.sampled_from([("floor", "phase"), ("conflict",), ()])
SOME = st.lists(SEAT, max_size=3, unique=True).map(tuple)


def code(kind, stored: str):
    return st.builds(
        kind, code=st.just(stored), author=st.sampled_from(["T", "A", None]), targets=SOME,
        ref=st.one_of(st.none(), IDS), turn_id=st.one_of(st.none(), IDS),
    )  # fmt: skip


TAPS = st.one_of(
    st.builds(
        e.TurnTaken, sender=SEAT, audience=st.sampled_from(["seats", "all", "unknown"]), receivers=SOME
    ),
    st.sampled_from([e.FloorReleased(), e.FloorCrowded()]),
)
LONG = st.builds(e.TurnTaken, sender=SEAT, audience=st.just("all"), dur=st.integers(0, 20_000))
OWN = st.one_of(
    TAPS, LONG, st.sampled_from([e.CapturePaused(reason="break"), e.CaptureResumed()]),
    st.builds(e.SeatLeft, seat=SEAT, reason=st.sampled_from(["short", "absent"])), st.builds(e.SeatArrived, seat=SEAT),
    st.builds(e.SeatAdded, seat=SEAT, role=st.sampled_from(["visitor", "member"])),
    st.builds(e.PhaseEntered, phase=st.sampled_from(["work", "transition"])),
    code(e.ActivityStarted, "handbook.activity.prayer"), code(e.ActivityEnded, "handbook.activity.prayer"),
    code(e.ConflictArisen, "handbook.conflict.anger"), code(e.ConflictSettled, "handbook.conflict.settled"),
    code(e.InterventionMade, "handbook.intervention.question"), st.just(e.NoteWritten(about=("A",), words="x")),
    st.builds(e.CapturesChanged, families=FAMILIES), st.builds(e.ObserverJoined, role=st.just("observer"), families=FAMILIES),
    st.builds(e.RecordRetracted, record_id=IDS),
    st.builds(e.RecordAmended, record_id=IDS, replacement=st.just({"t": "turn.taken", "ts": 7000, "sender": "C", "audience": "all"})),
    st.builds(e.RangeAmended, since=st.just(0), until=st.integers(0, 200_000), exchange=st.sampled_from([{"A": "B", "B": "A"}, {"A": "B"}])),
)  # fmt: skip
FRAME = st.one_of(
    st.just(e.ClockTicked(observer="recorder")),
    st.just(e.ClockResumed(estimated=True, away=0, observer="recorder")),
    st.just(e.SessionClosed()),
)
HAND_OVERS = st.one_of(
    st.builds(e.LeadPassed, lead=OBSERVER),
    st.builds(e.CodingHandedOver, family=st.sampled_from(["floor", "presence", "phase", "conflict"]), coder=OBSERVER),
)  # fmt: skip
TIMES = st.integers(0, 200).map(lambda second: second * 1000)


def some(events, observer=OBSERVER):
    """Events at any time, in any order, by any of the observers."""
    return st.lists(
        st.tuples(events, TIMES, observer).map(lambda t: replace(t[0], ts=t[1], observer=t[0].observer or t[2])),
        max_size=16,
    )  # fmt: skip


def numbered(events, clock: str = "given") -> list[e.Record]:
    events = (replace(OPENED, clock=clock), *events)
    return [replace(x, seq=seq, id=x.id or f"{seq:032x}") for seq, x in enumerate(events)]


def counted(records) -> list[r.Row]:
    return [replace(row, n=0, seq=0) for row in fold(records, "g/s", FAMILY) if row.counted]


def twin(x: e.Event) -> e.Event:
    """The same record as another observer would have made it, of his own records."""
    named = {
        name: _other(getattr(x, name)) for name in ("ref", "turn_id", "record_id") if getattr(x, name, None)
    }
    return replace(x, id=_other(x.id), observer="second", **named)


def _other(record_id: str) -> str:
    return "f" + record_id[1:]


CLOCK = st.sampled_from(["given", "live"])
ANY = some(st.one_of(OWN, FRAME, HAND_OVERS))


@settings(max_examples=200, deadline=None)
@given(ANY, CLOCK)
def test_any_log_folds(events, clock):
    """No sequence of events is too strange: numbered rows in order, no length below zero, twice the same."""
    records = numbered(events, clock)
    found = fold(records, "g/s", FAMILY)
    assert [row.n for row in found] == list(range(len(found)))
    assert [row.ts for row in found] == sorted(row.ts for row in found)
    assert all(row.dur is None or row.dur >= 0 for row in found)
    assert fold(records, "g/s", FAMILY) == found
    assert len(record_rows(records, "g/s", FAMILY)) == len(records)


@settings(max_examples=200, deadline=None)
@given(
    some(st.one_of(OWN, FRAME), st.just("o")),
    some(OWN, st.just("q")),
    CLOCK,
    st.randoms(use_true_random=False),
)
def test_records_of_others_change_nothing(own, others, clock, random):
    """Another observer's own records, wherever they stand in the log, leave every counted row as it was."""
    events = [replace(x, id=f"{at:032x}") for at, x in enumerate(own, 1)]
    mixed: list[e.Event] = list(events)
    for at, x in enumerate(others):
        mixed.insert(random.randint(0, len(mixed)), replace(x, id=f"e{at:031x}"))
    assert counted(numbered(mixed, clock)) == counted(numbered(events, clock))


@settings(max_examples=200, deadline=None)
@given(ANY, CLOCK)
def test_records_nobody_knows_change_nothing(events, clock):
    """Types of a plugin that is not here, between all the others."""
    records = [replace(x, id=f"{at:032x}") for at, x in enumerate(events, 1)]
    mixed: list[e.Record] = []
    for x in records:
        mixed += [x, e.Opaque(t="gaze.shifted", id="d" + x.id[1:], ts=x.ts + 77, observer="o")]
    assert counted(numbered(mixed, clock)) == counted(numbered(records, clock))


@settings(max_examples=200, deadline=None)
@given(ANY, CLOCK)
def test_a_copy_by_a_second_observer_changes_nothing(events, clock):
    """Every record again under a second observer, each behind its own or all at the end."""
    records = [replace(x, id=f"{at:032x}") for at, x in enumerate(events, 1)]
    want = counted(numbered(records, clock))
    assert counted(numbered([y for x in records for y in (x, twin(x))], clock)) == want
    assert counted(numbered([*records, *map(twin, records)], clock)) == want


@settings(max_examples=300, deadline=None)
@given(some(st.one_of(TAPS, TAPS, OWN, FRAME, HAND_OVERS)), CLOCK)
def test_no_time_counts_twice(events, clock):
    """Talk, silence and pauses of a closed session lie side by side and fill no more than the session."""
    events = [replace(x, dur=None) if isinstance(x, e.TurnTaken) else x for x in events]
    end = e.SessionClosed(ts=200_000, observer="o")
    found = counted(numbered([*(x for x in events if not isinstance(x, e.SessionClosed)), end], clock))
    (session,) = (row for row in found if isinstance(row, r.SessionRow))
    whole = Span(session.ts, session.ts + session.dur)
    times = [
        Span(row.ts, row.ts + row.dur)
        for row in found
        if isinstance(row, (r.Turn, r.Crowd, r.Silence, r.Pause)) and row.dur
    ]
    assert sum(s.end - s.start for s in breaks(times)) == sum(s.end - s.start for s in times)
    assert cut(times, [whole]) == []
    pauses = sum(row.dur for row in found if isinstance(row, r.Pause))
    assert session.recorded == session.dur - pauses
    for row in found:
        if isinstance(row, r.Presence):
            assert row.dur <= session.recorded
    for family in ("floor", "phase", "conflict", "activity"):
        assert sum(x.dur for x in found if isinstance(x, r.Exposure) and x.family == family) <= session.dur
