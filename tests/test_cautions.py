"""The handbook's rules that depend on the setting: shown exactly there, and never in the way."""

from __future__ import annotations

import pytest
from msgspec import UNSET, json

from tkcore import events as e
from tkcore.cautions import at, situated
from tkcore.codebook import handbook, parse

BOOK = parse(handbook(), "handbook.toml")
STEPS = ("pp", "pa", "pb", "pc", "pd")
CONFLICTS = ("bb", "bm", "bf", "bc", "bp")
INPATIENT = {
    **{key: {"no_confrontation"} for key in ("po", "bi", "bl")},
    "pi": {"contribution_not_interpretation"},
}
"""By key, whoever is the author; labels.md, Behaviour."""


def shown(sitting) -> dict[tuple[str, str], set[str]]:
    """Type every live code that a seat may be the author of, once by a leader and once by a member."""
    found: dict[tuple[str, str], set[str]] = {}
    for code in BOOK.codes:
        kind = e.EVENTS[code.event]
        if code.key is None or not issubclass(kind, e.Coded) or kind is e.ActivityEnded:
            continue  # what is no code in its record; what needs something to end
        for author in "ta":
            answer = sitting.say(f"@0:10 {author}!{code.key}")
            said = set() if answer.cautions is UNSET else {warned.caution for warned in answer.cautions}
            if said:
                found[author, code.key] = said
    return found


@pytest.mark.parametrize("setting", ["inpatient", "outpatient", None])
@pytest.mark.parametrize("population", ["psychotic", "neurotic", None])
def test_each_caution_appears_exactly_in_its_setting(typed, setting, population):
    """All live codes, by a leader and by a member: what is said is what the rules say, and everything is stored."""
    sitting = typed(setting=setting, population=population)
    sitting.say("@0:01 ta", "@0:03 a!jj", "@0:04 a!bb>b")
    due: dict[tuple[str, str], set[str]] = {("t", "rj"): {"no_general_labels"}}
    if setting == "inpatient":
        due |= {(author, key): set(ids) for key, ids in INPATIENT.items() for author in "ta"}
        due |= {("t", key): {"no_evoking_conflict"} for key in CONFLICTS}
    if population == "psychotic":
        for author in "ta":
            for key in STEPS:
                due.setdefault((author, key), set()).add("supportive_process_comments")
            due.setdefault((author, "pi"), set()).add("interpretation_psychotic")
    assert shown(sitting) == due


@pytest.mark.parametrize(
    ("setting", "line", "caution"),
    [
        ("inpatient", "t!pp=nonverbal", "no_nonverbal_comment"),
        ("outpatient", "t!pp=nonverbal", None),
        ("outpatient", "t!pp=label", "no_labels_in_process_comments"),
        ("outpatient", "t!dont.attack", "never"),
        (None, "t!dont.shut_up", "never"),
        (None, "t!dont.side_taking", "never"),
        ("outpatient", "%work", "more_passive_leader"),
        ("outpatient", "%transition", "more_passive_leader"),
        ("outpatient", "%participation", None),
        ("inpatient", "%filling", None),
    ],
)
def test_a_value_and_a_phase_have_their_caution(typed, setting, line, caution):
    """What is said beside a code counts, and a phase has its reminder where it belongs."""
    answer = typed(setting=setting).say(f"@0:10 {line}")
    assert [w.caution for w in answer.cautions or ()] == ([caution] if caution else [])


def test_a_correction_is_judged_by_what_it_says(typed):
    """An amendment to what the setting speaks against has the caution; the answer says of which record."""
    sitting = typed(setting="inpatient")
    first = sitting.say("@0:10 t!gg")
    answer = sitting.say(f"~{first.seq}: t!po")
    assert [(w.caution, w.seq) for w in answer.cautions] == [("no_confrontation", answer.seq)]


def test_a_corrected_phase_has_its_reminder(typed):
    """A phase that was another one is judged by the one it is now."""
    sitting = typed(setting="outpatient")
    first = sitting.say("@0:10 %participation")
    answer = sitting.say(f"~{first.seq}: %work")
    assert [(w.caution, w.seq) for w in answer.cautions or ()] == [("more_passive_leader", answer.seq)]


def test_the_answer_without_a_caution_is_as_it_was(typed):
    """`cautions` stands in the answer only where there is one."""
    sitting = typed(setting="inpatient")
    assert b"cautions" not in json.encode(sitting.say("@0:10 t!gg"))
    text = json.encode(sitting.say("@0:11 t!po"))
    assert b'"caution":"no_confrontation"' in text
    assert b'"id":"Rawat inap' in text


@pytest.mark.parametrize(
    ("moment", "facts", "cautions"),
    [
        ("session.closed", {"setting": "inpatient", "open_contracts": 1}, ["contracts_settled"]),
        ("session.closed", {"setting": "inpatient", "open_contracts": 0}, []),
        ("session.closed", {"setting": "outpatient", "open_contracts": 1}, []),
        ("session.opened", {"leaders": 2}, ["equal_leaders"]),
        ("session.opened", {"leaders": 1}, []),
        ("member.admitted", {"setting": "outpatient", "population": "neurotic", "psychotic": 2, "neurotic": 5}, []),
        ("member.admitted", {"setting": "outpatient", "population": "neurotic", "psychotic": 3, "neurotic": 5}, ["not_mixed"]),
        ("member.admitted", {"setting": "outpatient", "population": "psychotic", "psychotic": 3, "neurotic": 1}, ["not_mixed"]),
        ("member.admitted", {"setting": "inpatient", "population": "psychotic", "psychotic": 3, "neurotic": 1}, []),
    ],
)  # fmt: skip
def test_moments_have_theirs(moment, facts, cautions):
    """At the edges of a meeting and of a membership."""
    found = at(moment, [BOOK], facts)
    assert [c.id for c in found if c.rule is not None] == cautions


@pytest.mark.parametrize(
    ("moment", "facts", "caution"),
    [
        ("member.admitted", {"population": "neurotic"}, "indication_neurotic"),
        ("member.admitted", {"population": "psychotic"}, "indication_psychotic"),
        (
            "setting.planned_sessions",
            {"setting": "outpatient", "planned_sessions": 5},
            "planned_sessions_usual",
        ),
        (
            "setting.planned_sessions",
            {"setting": "outpatient", "planned_sessions": 9},
            "planned_sessions_usual",
        ),
        ("setting.planned_sessions", {"setting": "outpatient", "planned_sessions": 8}, None),
        ("setting.planned_sessions", {"setting": "inpatient", "planned_sessions": 1}, None),
    ],
)
def test_what_is_no_rule_but_advice(moment, facts, caution):
    """Beside the eleven rules the handbook advises at intake and on how many meetings there are."""
    found = [c.id for c in at(moment, [BOOK], facts) if c.rule is None]
    assert found == ([caution] if caution else [])


def test_what_conditions_may_ask_of_a_session(typed):
    """Its settings, its leaders, its open contracts."""
    sitting = typed(setting="inpatient", population="psychotic", seats="T,K,A,B")
    sitting.say("@0:01 a!jj", "@0:02 b!jj", "@0:03 b!js")
    assert situated(sitting.recorder.now) == {
        "format": None, "setting": "inpatient", "population": "psychotic", "level": None, "leaders": 2, "open_contracts": 1,
    }  # fmt: skip


def test_there_are_eleven_rules():
    """Each of the manual's rules is a caution, in both languages, with its lines."""
    rules = {c.rule for c in BOOK.caution} - {None}
    assert sorted(rules) == list(range(1, 12))
    assert all(c.source for c in BOOK.caution)
