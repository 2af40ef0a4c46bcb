"""Live is post hoc: what is said at each tick is what is said of the log up to that tick, alerts too.

Live is `listening.said_at`, the function that `tk live` calls at each tick, on a session that grows; post hoc is the
runner of `tk analyze` on the same prefixes, each alone and in another order. Ticks are sampled, over the richest
sessions.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import convert

from tkcore import events as e
from tkcore.analyses import Alert, Done, Failed, Outcome
from tkcore.listening import said_at
from tkcore.testing.sentences import names_in, needed, unsayable
from tkcore.testing.sessions import Sample
from tkcore.testing.subject import Subject, text

TICKS = 6
"""How many ticks of a session are looked at."""
RICH = ("pauses and leavings", "circular", "vertical", "own records")


def is_the_same_live(subject: Subject) -> None:
    """At every sampled tick it says what it says of the log up to there, asked alone; alerts are the same again."""
    for sample in _rich(subject):
        ticks = cuts(sample)
        live = [_live(subject, sample, cut) for cut in ticks]
        for at in _otherwise(len(ticks)):
            said, told = live[at]
            alone = subject.upto(sample, ticks[at])
            assert text(alone) == said, (
                f"in {sample.name!r} at tick {ticks[at]} it said live something else than of the same log later: "
                "keep nothing between runs, a result depends on the session alone"
            )
            assert told is None or alerts(subject, alone) == told, (
                f"in {sample.name!r} at tick {ticks[at]} a replay raises other alerts: an alert depends on the result alone"
            )


def _live(subject: Subject, sample: Sample, cut: int) -> tuple[str, Sequence[Alert] | None]:
    """Return what is said at a tick; one without an alert is not asked live and says what `tk analyze` would."""
    records = sample.records[:cut]
    given = {subject.analysis.name: subject.params}
    heard = said_at([subject.origin], records, "g/s", sample.books, sample.events, params=given)
    if not heard:
        return text(subject.of(sample, records)), None
    (spoken,) = heard
    assert spoken.heard.alerts is not None, (
        f"in {sample.name!r} at tick {cut} it gave no answer live: {spoken.heard.error}. A field of the result may be "
        "Withheld: look before you count"
    )
    return text(spoken.outcome), list(spoken.heard.alerts)


def alerts_can_be_said(subject: Subject) -> None:
    """Every alert that was raised has a sentence, its seat and numbers fill it, and both languages use the same ones.

    The sentence of one that no sample raises needs nothing but what the code of the alert names.
    """
    says = subject.analysis.says
    for key, said in says.items():
        fault = unsayable(said)
        assert not fault, f"{key}: {fault}"
    if subject.analysis.alert is None:
        return
    raised = set()
    for sample in subject.recorded:
        seats = {row.seat for row in sample.session().seats}
        for cut in (*cuts(sample), len(sample.records)):
            found = subject.upto(sample, cut)
            for alert in alerts(subject, found):
                _sayable(subject, alert, seats, sample.name)
                raised.add(alert.alert)
    given = names_in(subject.analysis.alert, subject.module)
    for key in sorted(says.keys() - raised):
        left = needed(says[key]) - given
        assert not left, (
            f"{key}: its sentence needs {', '.join(sorted(left))}, and nothing in the alert has that name. Give it to the "
            "alert or correct the sentence. No sample raises this alert: one that does shows what it has, "
            "conformance(module, extra=[sample(...)])"
        )


def _sayable(subject: Subject, alert: Alert, seats: set[str], name: str) -> None:
    says = subject.analysis.says
    assert alert.alert in says, (
        f"over {name!r} it raises {alert.alert!r}, which has no sentence: add it to says={{{alert.alert!r}: Said(id=..., en=...)}}"
    )
    assert alert.seat is None or alert.seat in seats, (
        f"over {name!r} {alert.alert} names the seat {alert.seat!r}, which nobody has: give the sign of a seat or None"
    )
    for number, value in alert.numbers.items():
        assert type(value) is int, (
            f"{alert.alert}: {number} is {value!r}, no whole number: give percent or ms, numbers of an alert are stored"
        )
    has = {*alert.numbers, *(() if alert.seat is None else ("seat",))}
    missing = needed(says[alert.alert]) - has
    assert not missing, (
        f"{alert.alert}: its sentence needs {', '.join(sorted(missing))}, the alert has {', '.join(sorted(has)) or 'nothing'}"
    )


def alerts(subject: Subject, found: Outcome) -> list[Alert]:
    """Return what the analysis would tell the co-therapist of this outcome."""
    make = subject.analysis.alert
    assert not isinstance(found, Failed), f"it failed at stage {found.stage}: {found.error}"
    if make is None or not isinstance(found, Done):
        return []
    try:
        return list(make(convert(found.value, subject.analysis.result)))
    except Exception as error:
        raise AssertionError(
            f"its alert raised {type(error).__name__}: {error}. A field of the result may be Withheld: look before you count"
        ) from error


def _rich(subject: Subject) -> list[Sample]:
    return [sample for sample in subject.recorded if sample.name in RICH]


def cuts(sample: Sample) -> list[int]:
    """Return where prefixes end that end with a tick, a few of them over the whole session."""
    ends = [at + 1 for at, record in enumerate(sample.records) if isinstance(record, e.ClockTicked)]
    step = max(1, len(ends) // TICKS)
    return ends[step - 1 :: step][:TICKS]


def _otherwise(n: int) -> list[int]:
    """Return an order that is neither forwards nor backwards."""
    return [*range(1, n, 2), *range(0, n, 2)][::-1]
