"""What is to be looked at again after the group, and what its answers say."""

from __future__ import annotations

import pytest

from tkcore import events as e
from tkcore import rows as r
from tkcore.codebook import handbook, parse
from tkcore.reading import families
from tkcore.reviewing import Item, kinds_of, review

BOOKS = [parse(handbook(), "handbook.toml")]


def asked(s, observer: str = "obs1", kinds: str = "") -> list[Item]:
    """Return what an observer is asked; of all kinds but details, if none are named."""
    recorder = s.recorder
    found = review(list(recorder.ledger), BOOKS, families(BOOKS), "g/s", observer, recorder.clock())
    return [item for item in found if (item.kind in kinds.split() if kinds else item.kind != "detail")]


def said(item: Item) -> dict[str, list[tuple[str, int | None]]]:
    """Return the lines of each key."""
    return {choice.key: [(say.line, say.at) for say in choice.says] for choice in item.choices}


def answer(s, item: Item, key: str) -> None:
    for say in next(choice for choice in item.choices if choice.key == key).says:
        s.recorder.enter(say.line, None, say.at, made="review")


@pytest.fixture
def live(typed, time):
    """A session on a clock that runs as far as it is told, with its ticks."""
    s = typed(clock="live", setting="inpatient")

    def say(seconds: float, *lines: str) -> None:
        while seconds > 0:
            time.go(min(10, seconds))
            seconds -= 10
            s.recorder.tick()
        s.say(*lines)

    s.at = say
    return s


def test_a_session_in_which_all_was_said_has_nothing_to_ask(live):
    """Turns, codes whose kind is known, short silences: no question."""
    live.at(5, "T>A !gg")
    live.at(5, "A>T")
    live.at(4, "!uu", "_")
    live.at(20, "T>B")
    assert asked(live) == []


def test_the_order_is_safety_stars_kinds_gaps_and_what_is_open(live):
    """Each kind of question comes once, in the order of the page, and every first choice stores nothing."""
    live.at(5, "T>A", "a!jj", "b!bb>C", "!om", "A>T")
    live.at(5, ";", "!rr", "c!wa", "!oo", "_")
    live.at(40, "T>B", "!om")
    items = asked(live)
    assert [item.kind for item in items] == [
        "safety",
        "star",
        "kind",
        "kind",
        "gap",
        "contract",
        "conflict",
        "activity",
    ]
    assert all(item.choices[0].key == "1" and item.choices[0].says == () for item in items)
    assert all(len({c.key for c in item.choices}) == len(item.choices) for item in items)


def test_a_star_is_coded_at_its_moment_and_asked_no_more(live):
    """A code that belongs to the star sits on the turn the star was pressed in; the star stays."""
    live.at(5, "T>A")
    live.at(5, "A>T", ";")
    live.at(5, "T>B")
    (star,) = asked(live)
    assert said(star) == {"1": [], "2": [(f"~{star.seq}", None)]}
    live.recorder.enter(star.pick.line.replace("{code}", "uu"), None, star.pick.at, made="review")
    (mark,) = [row for row in live.rows(r.Mark) if row.code == "handbook.mark.disclosure"]
    assert (mark.author, mark.ts, mark.made, mark.ref) == ("A", 10_000, "review", star.id[5:])
    assert asked(live) == []
    assert [row.code for row in live.rows(r.Mark)].count("core.mark.star") == 1


def test_the_kind_that_was_left_open_is_chosen_by_the_letter_of_its_key(live):
    """The record keeps its author, its time and its turn, and says that the kind was made in the review."""
    live.at(5, "T>A")
    live.at(5, "A>T", "!rr")
    live.at(9, "T>B")
    (kind,) = asked(live)
    letters = {choice.key for choice in kind.choices}
    assert letters == {"1", *"dnjsfou"}
    answer(live, kind, "j")
    (row,) = live.rows(r.Resistance)
    assert (row.code, row.author, row.ts, row.made) == (
        "handbook.resistance.labelling",
        "A",
        10_000,
        "review",
    )
    assert asked(live) == []


def test_every_code_whose_kind_comes_later_has_kinds_to_choose_from():
    """Of the handbook: the general codes whose label says so, and no others."""
    later = {c.key: len(kinds_of(c, BOOKS)) for c in BOOKS[0].codes if kinds_of(c, BOOKS)}
    assert set(later) == {"rr", "bb", "ff", "ii", "nn", "pp", "ll", "ww"}
    assert (later["bb"], later["pp"], later["ww"], later["ff"]) == (4, 4, 4, 12)


def test_a_silence_of_half_a_minute_is_judged_by_a_person_or_by_nobody(live):
    """Not judged comes first; the group's silence or that of the one who was spoken to is a code at its beginning."""
    live.at(5, "T>A")
    live.at(5, "_")
    live.at(29, "A>T")
    live.at(4, "_")
    live.at(30, "A>T")
    (gap,) = asked(live)
    assert (gap.ts, gap.until) == (43_000, 73_000)
    assert [choice.what for choice in gap.choices] == ["not_judged", "code"]
    live.at(5, "T>B")
    live.at(5, "_")
    live.at(31, "A>T")
    assert said(asked(live)[1]) == {"1": [], "2": [("!rd", 83_000)], "3": [("B!rd", 83_000)]}
    answer(live, asked(live)[1], "3")
    (row,) = live.rows(r.Resistance)
    assert (row.code, row.author, row.ts, row.made) == ("handbook.resistance.silence", "B", 83_000, "review")
    assert [item.ts for item in asked(live)] == [43_000]


def test_a_silence_in_an_activity_is_no_question(live):
    """Prayer is not resistance."""
    live.at(5, "T>A", "!od", "_")
    live.at(60, "!od", "T>A")
    assert asked(live) == []


def test_minutes_without_an_entry_may_be_nobodys(live):
    """A turn of three minutes is one, or a stretch that nobody recorded: then it is a pause and in no length."""
    live.at(5, "T>A")
    live.at(200, "A>T")
    live.at(5, "_")
    (turn,) = asked(live)
    assert (turn.kind, turn.ts, turn.until) == ("unattended", 5000, 205_000)
    answer(live, turn, "2")
    assert [(row.ts, row.dur, row.reason) for row in live.rows(r.Pause)] == [(5001, 199_998, "unattended")]
    assert [row.dur for row in live.rows(r.Turn)] == [1, 5000]
    assert asked(live) == []


def test_a_code_pressed_before_anything_was_said_may_belong_to_the_turn_before(live):
    """Within 2.5 s of the turn's beginning it is asked about; after it, or with its turn, it is not."""
    live.at(5, "T>A")
    live.at(10, "A>B")
    live.at(3, "B>A")
    live.at(2, "!uu^2")
    live.at(1, "!ui", "C>A !un")
    (late,) = asked(live)
    assert said(late) == {
        "1": [],
        "2": [(f"~{late.seq}", None), ("!uu^2", 15_000)],
        "3": [(f"~{late.seq}", None)],
    }
    answer(live, late, "2")
    (row,) = [row for row in live.rows(r.Mark) if row.code == "handbook.mark.disclosure"]
    assert (row.author, row.target, row.ts, row.intensity, row.made) == ("A", "B", 15_000, 2, "review")
    assert asked(live) == []


def test_what_waited_without_a_link_is_not_taken_for_hasty(live, time):
    """Taps that arrive together say nothing of when they were pressed."""
    live.at(5, "T>A")
    time.go(60)
    for line, at in (("A>T", 20_000), ("B>A", 30_000), ("!uu", 33_000)):
        live.recorder.enter(line, None, at)
    assert asked(live, kinds="late") == []


def test_an_open_contract_ends_in_one_of_four_ways(live):
    """Settled, handed on, partly, withdrawn: at the end of the meeting, by its author, on record as its outcome."""
    live.at(5, "T>A")
    live.at(5, "A>T", "a!jj")
    live.at(5, "T>B")
    live.recorder.close_session()
    (contract,) = asked(live)
    outcomes = [choice.label.id for choice in contract.choices[1:]]
    assert outcomes == [
        "Kontrak selesai", "Kontrak diteruskan ke bangsal", "Kontrak selesai sebagian", "Kontrak ditarik",
    ]  # fmt: skip
    answer(live, contract, "4")
    (row,) = live.rows(r.Contract)
    assert (row.outcome, row.author, row.ts, row.dur) == ("partly", "A", 10_000, 5000)
    (record,) = [x for x in live.recorder.held() if isinstance(x, e.ContractSettled)]
    assert (record.ts, record.made, record.author, record.observer) == (15_000, "review", "A", "obs1")
    assert asked(live) == []


def test_what_began_and_did_not_end_is_ended_at_the_close(live):
    """A conflict and an activity that are open."""
    live.at(5, "T>A", "b!bm>C", "!om")
    live.at(5, "T>B")
    live.recorder.close_session()
    conflict, activity = asked(live)
    answer(live, conflict, "2")
    answer(live, activity, "2")
    assert [(row.outcome, row.dur) for row in live.rows(r.Conflict)] == [("settled", 5000)]
    assert [(row.ts, row.dur) for row in live.rows(r.Activity)] == [(5000, 5000)]
    assert asked(live) == []


def test_what_happened_to_somebody_is_asked_until_it_is_reported(live):
    """A report in the review covers that record alone, and is asked of every observer."""
    live.at(5, "T>A", "c!wa", "d!wm")
    first, second = asked(live)
    assert asked(live, "obs2") == [first, second]
    answer(live, first, "2")
    assert asked(live) == [second]


def test_another_observers_records_are_not_asked_about(live):
    """Each looks at what he recorded himself."""
    live.at(5, "T>A", ";", "!rr", "a!jj")
    assert len(asked(live)) == 3
    assert asked(live, "obs2") == []


def test_details_come_last_and_one_does_not_undo_another(live):
    """What the codebook has for afterwards is asked of each code that takes it; values of several are kept."""
    live.at(5, "T>A", "A>T", "!fm")
    model, what = asked(live, kinds="detail")
    assert [item.label.id for item in (model, what)] == ["Siapa yang ditiru", "Apa yang ditiru"]
    answer(live, model, "2")
    answer(live, what, "3")
    (row,) = live.rows(r.Factor)
    assert sorted(row.attrs) == ["imitation_model", "imitation_what"]
    assert row.made == "review"
    assert asked(live, kinds="detail") == []


def test_a_correction_keeps_what_was_said_beside_a_code(typed):
    """A level that is set later leaves a value where it was; a value goes with the kind it was said of."""
    s = typed()
    s.say("@0:05 T>A", "@0:06 !pu=positive", "@0:07 ~3: !pu^2")
    (row,) = s.rows(r.Intervention)
    assert (row.intensity, row.attrs) == (2, {"valence": "positive"})
    s.say("@0:08 A>T", "@0:09 !uf=specific")
    number = len(s.recorder.ledger) - 1
    s.say(f"@0:10 ~{number}: !ud")
    assert s.rows(r.Mark)[-1].attrs == {}


def test_a_line_is_live_unless_it_is_said_otherwise(live):
    """`made` is in the record and in its row; a turn has none."""
    live.at(5, "T>A")
    live.recorder.enter("!gg", None, None, made="review")
    live.recorder.enter("!gd")
    assert [row.made for row in live.rows(r.Intervention)] == ["review", "live"]
