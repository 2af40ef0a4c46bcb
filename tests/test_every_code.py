"""Every live code of the handbook, typed once by its key and once by its id, comes back in the view of its event."""

from __future__ import annotations

import pytest

from tkcore import rows as r
from tkcore.codebook import Code, handbook, parse
from tkcore.events import EVENTS, Coded
from tkcore.projection import record_rows
from tkcore.relations import sql_over

LIVE = [code for code in parse(handbook(), "handbook.toml").codes if code.key is not None]
VIEWS = {
    "intervention.made": "intervention", "conflict.arisen": "conflict", "resistance.shown": "resistance",
    "factor.shown": "factor", "mark.made": "mark", "rating.given": "rating", "checklist.answered": "checklist",
    "contract.opened": "contract",
}  # fmt: skip
"""Where a code of these events is a row of its own under its own name."""
STEP = 20
LAST = "lead.passed"
"""Who has passed the lead types nothing of his own any more: last."""


def lines(code: Code, word: str, at: int, new: str) -> list[str]:
    """Return what is typed for a code at second `at`: what it needs before it, the code, what ends it."""

    def on(second: int) -> str:
        return f"@{second // 60}:{second % 60:02d}"

    match code.event:
        case "seat.left":
            return [f"{on(at)} b!{word}", f"{on(at + 3)} +b"]
        case "seat.arrived":
            return [f"{on(at - 3)} -c:short", f"{on(at)} c!{word}"]
        case "seat.added":
            return [f"{on(at)} {new}!{word}"]
        case "place.changed":
            return [f"{on(at)} d!{word}=9"]
        case "capture.paused":
            return [f"{on(at)} !{word}", f"{on(at + 3)} !{word}"]
        case "lead.passed":
            return [f"{on(at)} !{word}=obs2"]
        case "activity.started":
            return [f"{on(at)} !{word}", f"{on(at + 3)} !oo"]
        case "activity.ended":
            return [f"{on(at - 3)} {{doa}}", f"{on(at)} !{word}"]
        case "conflict.settled":
            return [f"{on(at - 3)} a!bb>b", f"{on(at)} !{word}"]
        case "contract.settled":
            return [f"{on(at - 3)} a!jj", f"{on(at)} a!{word}"]
    return [f"{on(at)} {'t' if code.author == 'leader' else 'a'}!{word}"]


@pytest.fixture(scope="module")
def typed_all(tmp_path_factory, sitting_in):
    """All live codes in one session, by one of their names; DuckDB's answers over it, and where each code was typed."""
    made = {}
    for form in ("key", "id"):
        sitting = sitting_in(tmp_path_factory.mktemp(form))
        at, where = STEP, {}
        for code in sorted(LIVE, key=lambda code: code.event == LAST):
            for line in lines(code, code.key if form == "key" else code.id, at, "g"):
                sitting.say(line)
            where[code.id] = at * 1000
            at += STEP
        records = list(sitting.recorder.ledger)
        ask = sql_over(sitting.rows(), lambda records=records: record_rows(records, "g/s"))
        made[form] = (ask, where)
    return made


@pytest.mark.parametrize("form", ["key", "id"])
@pytest.mark.parametrize("code", LIVE, ids=lambda code: code.key)
def test_it_comes_back(typed_all, form, code):
    """In the right view, at its time, with its code, its family and what it presets."""
    ask, where = typed_all[form]
    ts = where[code.id]
    if issubclass(EVENTS[code.event], Coded) and code.event in VIEWS:
        view = VIEWS[code.event]
        (row,) = ask(f"select code, family, author, attrs from {view} where ts = {ts}")
        assert row[:3] == (code.stored, code.family, "T" if code.author == "leader" else row[2])
        assert {**row[3], **code.preset} == row[3]
        return
    asked = {
        "seat.left": f"select left_as from presence where seat = 'B' and ts + dur = {ts}",
        "seat.arrived": f"select arrived from presence where seat = 'C' and ts = {ts}",
        "seat.added": "select role from seat where seat = 'G'",
        "place.changed": "select place from seat where seat = 'D'",
        "capture.paused": f"select dur from pause where ts = {ts}",
        "lead.passed": f"select count(*) from record where t = 'lead.passed' and ts = {ts}",
        "activity.started": f"select activity, dur from activity where ts = {ts}",
        "activity.ended": f"select ts + dur from activity where ts = {ts - 3000}",
        "conflict.settled": f"select outcome, ts + dur from conflict where ts = {ts - 3000}",
        "contract.settled": f"select outcome, ts + dur from contract where ts = {ts - 3000}",
    }
    due = {
        "seat.left": (code.preset.get("reason", "short"),),
        "seat.arrived": ("late",),
        "seat.added": ("member",),
        "place.changed": (9,),
        "capture.paused": (3000,),
        "lead.passed": (1,),
        "activity.started": (code.stored, 3000),
        "activity.ended": (ts,),
        "conflict.settled": ("settled", ts),
        "contract.settled": (code.preset.get("outcome", "settled"), ts),
    }
    assert ask(asked[code.event]) == [due[code.event]]


def test_there_are_215():
    """The live codes of labels.md, all of them above."""
    assert len(LIVE) == 215
    assert {code.event for code in LIVE} <= set(EVENTS)
    assert r.KINDS.keys() >= set(VIEWS.values())
