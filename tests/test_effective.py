"""Corrections: what of a log holds, and whose records a correction changes."""

from __future__ import annotations

from msgspec.structs import replace

from tkcore import events as e
from tkcore.effective import effective

OPENED = e.SessionOpened(
    group_id="g", number=1, held="2026-11-24T16:00:00+07:00", zone="Asia/Jakarta", lead="o"
)


def log(*events: e.Event) -> list[e.Record]:
    return [
        replace(x, seq=seq, id=x.id or f"{seq:032x}", observer=x.observer or "o")
        for seq, x in enumerate((OPENED, *events))
    ]


def turn(ts: int, sender: str, *receivers: str, **own) -> e.TurnTaken:
    return e.TurnTaken(ts=ts, sender=sender, audience="seats", receivers=receivers, **own)


def turns(records) -> list[tuple]:
    held = effective(records).records
    return [(x.sender, x.receivers, x.audience) for x in held if isinstance(x, e.TurnTaken)]


SWAP = e.RangeAmended(ts=9000, since=0, until=9000, exchange={"B": "C", "C": "B"})


def test_effective_keeps_log_positions():
    """The state list is by position in the log."""
    assert effective(log(turn(0, "A", "B"), turn(1, "A", "B"))).state == ["effective"] * 3


def test_an_exchange_is_its_observers_own():
    """A second observer who exchanges the same seats exchanges his own records, not the lead's once more."""
    one = [turn(0, "A", "B"), turn(5000, "B", "A"), SWAP]
    second = [replace(x, observer="p") for x in one]
    want = [("A", ("C",), "seats"), ("C", ("A",), "seats")]
    assert turns(log(*one)) == want
    assert turns(log(*one, SWAP)) == [("A", ("B",), "seats"), ("B", ("A",), "seats")]
    assert turns(log(*one, replace(SWAP, observer="p"))) == want
    assert turns(log(*one, *second)) == [want[0], want[0], want[1], want[1]]


def test_an_exchange_makes_nobody_speak_to_himself():
    """A receiver who becomes the sender, or a second time the same seat, is dropped; nobody left: unknown to whom."""
    one = replace(SWAP, exchange={"B": "A"})
    assert turns(log(turn(0, "A", "B", "C"), one)) == [("A", ("C",), "seats")]
    assert turns(log(turn(0, "A", "B"), one)) == [("A", (), "unknown")]
    assert turns(log(turn(0, "T", "A", "B"), one)) == [("T", ("A",), "seats")]


def test_nobody_takes_back_what_another_recorded():
    """A retraction or amendment of another observer's record changes nothing; his own does."""
    x = turn(0, "A", "B", id="a" * 32)
    undo = e.RecordRetracted(record_id=x.id)
    change = e.RecordAmended(
        record_id=x.id, replacement={"t": "turn.taken", "sender": "C", "audience": "all"}
    )
    assert turns(log(x, undo)) == []
    assert turns(log(x, replace(undo, observer="p"))) == [("A", ("B",), "seats")]
    assert turns(log(x, change)) == [("C", (), "all")]
    found = effective(log(x, replace(change, observer="p")))
    assert found.state[1] == "effective"
    restored = e.RecordRetracted(record_id="b" * 32, observer="p")
    assert turns(log(x, replace(undo, id="b" * 32), restored)) == []
