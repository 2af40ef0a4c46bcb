"""Where a group stands: its log folded, and what its meetings say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tkcore import events as e
from tkcore.codebook import handbook, parse
from tkcore.status import Said, facts, sat, settings_in, standing, usual

BOOK = parse(handbook(), "handbook.toml")


def log(*events: e.Event) -> list[e.Event]:
    """Number them, each an entry of its own, a second apart."""
    return [
        replace(x, seq=at, id=x.id or f"{at:030x}00", ts=1000 * at, logged=1000 * at)
        for at, x in enumerate(events)
    ]


FOUNDED = e.GroupFounded(group_id="g", setting="outpatient", population="neurotic")


def test_the_last_value_holds():
    """A setting said again is another one; one said empty is said no longer; founding says the first."""
    found = standing(
        "g",
        log(
            FOUNDED,
            e.SettingGiven(detail="method", choices=("supportive",)),
            e.SettingGiven(detail="method", choices=("reeducative",)),
            e.SettingGiven(detail="planned_sessions", amount=8),
            e.SettingGiven(detail="planned_sessions"),
        ),
    )
    assert found.said("method") == Said(detail="method", choices=("reeducative",), logged=2000)
    assert found.said("planned_sessions") is None
    assert found.opened() == {
        "format": None, "setting": "outpatient", "population": "neurotic", "level": None,
    }  # fmt: skip


def test_a_member_from_admission_to_discharge():
    """A sign is one member's for good; a second admission changes nothing; consent goes by the last word."""
    found = standing(
        "g",
        log(
            FOUNDED,
            e.MemberAdmitted(seat="A"),
            e.ConsentGiven(seat="A", grantor="self", capacity="full", medium="written"),
            e.MemberAdmitted(seat="A", role="visitor"),
            e.ConsentWithdrawn(seat="A"),
            e.MemberDischarged(seat="A", reason="finished"),
            e.ConsentWithdrawn(seat="B"),
        ),
    )
    (member,) = found.members
    assert (member.role, member.since, member.until, member.reason) == ("member", 1000, 5000, "finished")
    assert member.consent is not None
    assert (member.consent.withdrawn, member.consent.allows) == (True, "none")


def test_what_is_taken_back_never_was():
    """Retracting the last restores what was before it; the sign of a retracted admission is free."""
    records = log(
        FOUNDED,
        e.SettingGiven(detail="method", choices=("supportive",)),
        e.SettingGiven(detail="method", choices=("reeducative",)),
        e.RecordRetracted(record_id=f"{2:030x}00"),
        e.MemberAdmitted(seat="A"),
        e.RecordRetracted(record_id=f"{4:030x}00"),
    )
    found = standing("g", records)
    assert found.said("method").choices == ("supportive",)
    assert found.members == ()


def test_conditions_may_ask_of_settings_and_populations():
    """Numbers are numbers; members are counted by their own population, in all or among some seats."""
    found = standing(
        "g",
        log(
            FOUNDED,
            e.SettingGiven(detail="planned_sessions", amount=5),
            *(e.MemberAdmitted(seat=seat) for seat in "ABC"),
            *(e.SettingGiven(detail="own_population", seat=seat, choices=("psychotic",)) for seat in "AB"),
            e.SettingGiven(detail="own_population", seat="C", choices=("neurotic",)),
            e.MemberDischarged(seat="B"),
        ),
    )
    assert facts(found) == {
        "setting": "outpatient", "population": "neurotic", "planned_sessions": 5, "psychotic": 1, "neurotic": 1,
    }  # fmt: skip
    assert facts(found, ["A", "B"])["psychotic"] == 2
    assert "neurotic" not in facts(found, ["A", "B"])


def test_what_is_usual_depends_on_the_group():
    """A default holds where its condition does, and is no setting anybody gave."""
    setting = settings_in([BOOK])["planned_sessions"]
    assert usual(setting, {"setting": "outpatient", "format": "series"}) == 8


EVENTS = st.one_of(
    st.just(FOUNDED),
    st.builds(e.MemberAdmitted, seat=st.sampled_from("AB"), role=st.sampled_from(["member", "visitor"])),
    st.builds(e.MemberDischarged, seat=st.sampled_from("ABC")),
    st.builds(
        e.ConsentGiven, seat=st.sampled_from("AB"), grantor=st.just("self"), capacity=st.just("full"),
        medium=st.just("written"), scope=st.sampled_from(["full", "none"]),
    ),
    st.builds(e.ConsentWithdrawn, seat=st.sampled_from("AB")),
    st.builds(
        e.SettingGiven, detail=st.sampled_from(["method", "theory"]), seat=st.sampled_from([None, "A"]),
        choices=st.sampled_from([(), ("x",)]), amount=st.sampled_from([None, 3]),
    ),
    st.builds(e.ChecklistAnswered, code=st.just("handbook.checklist.calm"), targets=st.sampled_from([(), ("A",)]), score=st.sampled_from([None, 0, 1])),
    st.builds(e.ScoreEntered, seat=st.just("A"), instrument=st.just("BDI"), item=st.integers(1, 3), score=st.integers(0, 3)),
    st.builds(e.SessionPlanned, number=st.integers(1, 3), held=st.just("2026-12-01T16:00:00+07:00")),
)  # fmt: skip


@given(st.lists(EVENTS, max_size=12), st.data())
def test_any_log_stands_somewhere(events, data):
    """No sequence raises; what is taken back leaves what the others say; how entries divide does not matter."""
    records = log(*events)
    gone = data.draw(st.sets(st.integers(0, max(0, len(records) - 1))) if records else st.just(set()))
    undone = [e.RecordRetracted(record_id=records[at].id) for at in sorted(gone)]
    whole = [
        *records,
        *(replace(x, id=f"{99:030x}{at:02x}", seq=len(records) + at) for at, x in enumerate(undone)),
    ]
    kept = [x for at, x in enumerate(records) if at not in gone]
    assert standing("g", whole) == standing("g", kept)
    together = [replace(x, id=f"{7:030x}{at:02x}") for at, x in enumerate(records)]
    assert standing("g", together) == standing("g", records)


def test_a_meeting_says_who_came_and_what_was_agreed(typed):
    """Attendance with lateness and leaving, goals with their area, norms, contracts and agenda, the session's list."""
    s = typed("g/s", seats="T,A,B,C,D", absent=("C", "D"))
    s.say(
        "@0:05 ab", "@0:10 +c", "@0:20 a!je=distress", "@0:25 t!np", "@0:30 b!jj", "@0:32 a!ja", "@0:40 b!jd",
        "@0:50 -b:excused", "@0:55 !au=na", "@1:00 ac",
    )  # fmt: skip
    s.recorder.close_session(120_000)
    found = sat(s.rows())
    assert found is not None
    assert [(a.seat, a.present is not None, a.late, a.left_as) for a in found.attendance] == [
        ("A", True, False, None), ("B", True, False, "excused"), ("C", True, True, None), ("D", False, False, None),
    ]  # fmt: skip
    assert [(g.seat, g.attrs) for g in found.goals] == [("A", {"goal": "short", "goal_area": "distress"})]
    assert found.norms == ("handbook.norm.self_monitoring",)
    assert sorted((t.seat, t.agenda, t.outcome) for t in found.tasks) == [
        ("A", True, "open"),
        ("B", False, "handed_on"),
    ]
    assert [(c.code, c.score) for c in found.checks] == [("handbook.checklist.aim_stated", None)]
