"""Alerts by hand: what is raised from what was said, and what of it is shown, when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tkcore.alerts import Heard, Policy, Showing, filled, key_of, raising, showing, wrong
from tkcore.analyses import Alert, Said
from tkcore.events import AlertDismissed

AT_ONCE = Policy(quiet=0, apart=0, snooze=0)


def said(*alerts: str | None, analysis: str = "gaze.share") -> Heard:
    """`said("long A 3", "open")`: alert, seat and number; `said(None)`: no answer."""
    if alerts == (None,):
        return Heard(analysis=analysis, outcome="failed", alerts=None, error="no")
    found = []
    for text in alerts:
        name, seat, number = (str(text).split() + [""] * 2)[:3]
        numbers = {"n": int(number)} if number else {}
        found.append(Alert(alert=f"gaze.{name}", seat=seat or None, numbers=numbers))
    return Heard(analysis=analysis, outcome="done", alerts=tuple(found))


def changes(*ticks: Heard | tuple[Heard, ...], state=None, start: int = 0):
    """What is raised (+) and lowered (-) at which tick, and the state after it; tick n has number n at n times 10 s."""
    found, raised = [], state or {}
    for at, heard in enumerate(ticks, start):
        answers = heard if isinstance(heard, tuple) else (heard,)
        raised, changed = raising(raised, at * 10_000, at, answers)
        found += [f"{at}{'+' if c.up else '-'}{c.alert[5:]}{c.seat or ''}" for c in changed]
    return found, raised


def shows(*ticks: Heard, policy: Policy | None = None, dismissed=()):
    """What is shown at which tick."""
    found, raised, state = [], {}, Showing()
    for at, heard in enumerate(ticks):
        raised, _ = raising(raised, at * 10_000, at, (heard,))
        own = [x for x in dismissed if x.seq == at]
        state, shown = showing(state, at * 10_000, at, raised, own, policy)
        found += [f"{at}{s.alert[5:]}{s.seat or ''}" for s in shown]
    return found


# -- raised --


def test_said_once_is_not_raised():
    """One tick alone raises nothing; the second in a row does."""
    assert changes(said("long A"), said(), said("long A"))[0] == []
    assert changes(said("long A"), said("long A"))[0] == ["1+longA"]


def test_lowered_after_three_ticks_without():
    """Two ticks without it lower nothing, the third does; said again between, the count begins again."""
    up = (said("long A"), said("long A"))
    assert changes(*up, said(), said())[0] == ["1+longA"]
    assert changes(*up, said(), said(), said())[0] == ["1+longA", "4-longA"]
    assert changes(*up, said(), said(), said("long A"), said(), said())[0] == ["1+longA"]


def test_raised_again_takes_two_ticks_again():
    """What was lowered is raised anew by two ticks in a row, as a raise of its own."""
    gone = (said("long A"), said("long A"), said(), said(), said())
    assert changes(*gone, said("long A"), said("long A"))[0] == ["1+longA", "4-longA", "6+longA"]


def test_no_answer_changes_nothing():
    """A tick without an answer neither raises, nor lowers, nor breaks the row."""
    assert changes(said("long A"), said(None), said("long A"))[0] == ["2+longA"]
    up = (said("long A"), said("long A"), said(), said())
    assert changes(*up, said(None), said(None))[0] == ["1+longA"]
    assert changes(*up, said(None), said())[0] == ["1+longA", "5-longA"]


def test_seats_are_apart():
    """The same alert of two seats is two alerts, and one without a seat a third."""
    found, _ = changes(
        said("long A", "long B", "long"), said("long A", "long"), said("long B"), said("long B")
    )
    assert found == ["1+long", "1+longA", "3+longB"]


def test_another_analysis_says_nothing_about_it():
    """An alert is lowered by its own analysis' answers alone."""
    up = (said("long A"), said("long A"))
    others = [said(analysis="gaze.other") for _ in range(4)]
    assert changes(*up, *others)[0] == ["1+longA"]


def test_numbers_are_those_of_the_moment():
    """A raise has the numbers of its own tick, the state those that were said last."""
    raised = {}
    for at, number in enumerate((3, 4, 5)):
        raised, changed = raising(raised, at, at, (said(f"long A {number}"),))
        assert [c.numbers for c in changed] == ([{"n": 4}] if at == 1 else [])
    assert raised[key_of("gaze.long", "A")].numbers == {"n": 5}


ANSWERS = st.sampled_from([said(), said("long A"), said("long B"), said("long A", "long B"), said(None)])
OTHERS = st.sampled_from(
    [said(analysis="gaze.x"), said("open", analysis="gaze.x"), said(None, analysis="gaze.x")]
)


@given(st.lists(st.tuples(ANSWERS, OTHERS), max_size=40), st.integers(0, 40))
def test_any_split_is_all_at_once(ticks, cut):
    """Going on from the state after any tick gives what going through at once gives."""
    first, state = changes(*ticks[:cut])
    second, end = changes(*ticks[cut:], state=state, start=min(cut, len(ticks)))
    assert (first + second, end) == changes(*ticks)


@given(st.lists(st.tuples(ANSWERS, OTHERS), max_size=40))
def test_analyses_fold_apart(ticks):
    """Two analyses folded together raise what each raises alone: one that comes late loses nothing."""
    together, _ = changes(*ticks)
    apart = [changes(*[one for one, _ in ticks])[0], changes(*[other for _, other in ticks])[0]]
    assert sorted(together) == sorted(apart[0] + apart[1])


# -- shown --


def lasting(*alerts: str, ticks: int = 100) -> list[Heard]:
    return [said(*alerts)] * ticks


def test_nothing_in_the_first_ten_minutes():
    """What is raised at the start waits until ten minutes, at the sixtieth tick."""
    assert shows(*lasting("long A")) == ["60longA"]


def test_one_a_minute():
    """Two at once are shown a minute apart, in order."""
    assert shows(*lasting("long A", "long B", "open")) == ["60longA", "66longB", "72open"]


def test_what_is_lowered_while_it_waits_is_dropped():
    """One that waits for its minute and is lowered meanwhile is never shown."""
    ticks = [*lasting("long A", "long B", ticks=61), *lasting("long A")]
    assert shows(*ticks) == ["60longA"]


def test_oldest_first():
    """Who was raised first is shown first, whatever its name."""
    ticks = [*lasting("open", ticks=5), *lasting("open", "long A")]
    assert shows(*ticks) == ["60open", "66longA"]


def test_shown_once_for_each_raise():
    """A raise is shown once however long it lasts; raised again it is shown again."""
    ticks = [*lasting("long A", ticks=5), *lasting(ticks=5), *lasting("long A", ticks=5)]
    assert shows(*ticks, policy=AT_ONCE) == ["1longA", "11longA"]


def test_dismissed_is_quiet_for_ten_minutes():
    """A dismissed alert that is raised again is shown ten minutes after; another seat's is not held back."""
    ticks = [*lasting("long A", ticks=5), *lasting(ticks=5), *lasting("long A", "long B")]
    gone = AlertDismissed(alert="gaze.long", seat="A", ts=30_000, seq=3)
    policy = replace(AT_ONCE, snooze=600_000)
    assert shows(*ticks, policy=policy, dismissed=[gone]) == ["1longA", "11longB", "63longA"]


def test_the_numbers_shown_are_present_ones():
    """What waited is shown with its numbers of now, and names the tick that raised it."""
    raised = {}
    for at in range(3):
        raised, _ = raising(raised, at, at, (said(f"long A {at}"),))
    _, shown = showing(Showing(), 600_000, 60, raised)
    assert [(s.numbers, s.since, s.seq) for s in shown] == [({"n": 2}, 1, 60)]


POLICIES = st.builds(
    Policy, quiet=st.sampled_from([0, 50_000]), apart=st.sampled_from([0, 30_000]), snooze=st.just(40_000)
)


@given(st.lists(ANSWERS, max_size=60), POLICIES, st.lists(st.integers(0, 59), max_size=3))
def test_shown_is_some_of_what_is_raised(ticks, policy, taps):
    """Whatever the policy: each raise is shown at most once, while it is raised, and never too early or too soon."""
    dismissed = [AlertDismissed(alert="gaze.long", seat="A", ts=at * 10_000, seq=at) for at in taps]
    raised, state, up, seen, last = {}, Showing(), {}, set(), None
    for at, heard in enumerate(ticks):
        raised, changed = raising(raised, at * 10_000, at, (heard,))
        for c in changed:
            if c.up:
                up[key_of(c.alert, c.seat)] = c.seq
            else:
                del up[key_of(c.alert, c.seat)]
        state, shown = showing(state, at * 10_000, at, raised, [x for x in dismissed if x.seq == at], policy)
        for s in shown:
            key = key_of(s.alert, s.seat)
            assert up[key] == s.since
            assert (key, s.since) not in seen
            assert s.ts >= policy.quiet
            assert last is None or s.ts - last >= policy.apart
            if key == ("gaze.long", "A"):
                assert not any(x.ts <= s.ts < x.ts + policy.snooze for x in dismissed)
            seen.add((key, s.since))
            last = s.ts


# -- what may be said --


def test_a_sentence_is_filled_in():
    """Seat and numbers stand in the sentence; a brace nobody fills in stays, and reaches nothing."""
    template = Said(id="{seat}: {n} dari {m}", en="{seat} has {n} of {m} {seat.__class__}")
    assert filled(template, "A", {"n": 3}) == Said(id="A: 3 dari {m}", en="A has 3 of {m} {seat.__class__}")


@pytest.mark.parametrize(
    ("alert", "fault"),
    [
        (Alert(alert="gaze.none"), "not in says"),
        (Alert(alert="gaze.long", seat="Ani said so"), "may not stand in a record"),
        (Alert(alert="gaze.long", numbers={"a b": 1}), "may not stand in a record"),
        (Alert(alert="gaze.long", numbers={"n": 2**63}), "64 bits"),
    ],
)
def test_what_is_no_alert(alert, fault):
    """An alert without a sentence, words in it, or a number no record holds is refused with the reason."""
    assert fault in wrong([alert], {"gaze.long": Said("", "")})


def test_too_many():
    """More alerts at a tick than a room has people are refused."""
    assert "at most" in wrong([Alert(alert="gaze.long")] * 101, {"gaze.long": Said("", "")})
