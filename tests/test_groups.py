"""Groups over time as their users keep them: founded, described, checked, recorded and shown, typed from scratch.

What is used comes from the codebook: every setting, item, contract, consent and activity of the handbook.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tkcore.codebook import handbook, parse
from tkcore.membership import CAPACITIES, GRANTORS, MEDIA

BOOK = parse(handbook(), "handbook.toml")
ITEMS = {
    of: [code for code in BOOK.codes if code.of == of] for of in ("session", "group", "member", "leader")
}
ITEMS["session"] = [code for code in ITEMS["session"] if code.event == "checklist.answered"]
ACTIVITIES = [code for code in BOOK.codes if code.event == "activity.started"]
OUTCOMES = ["settled", "handed_on", "partly", "withdrawn"]


@pytest.fixture
def tk(tmp_path):
    """Run `tk` in a workspace of its own; it must end with `code`."""
    root = tmp_path / "ward"

    def run(*words: str, lines: str = "", code: int = 0):
        done = subprocess.run(
            [sys.executable, "-m", "tkcore", *words], input=lines, capture_output=True, text=True, check=False,
            env={**os.environ, "TK_WORKSPACE": str(root), "LC_ALL": "C.UTF-8"}, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return json.loads(done.stdout) if "--json" in words and code == 0 else done.stdout + done.stderr

    run("init", "--plain", "--language", "en", str(root))
    return run


def value(setting) -> str:
    """A value that a setting takes."""
    match setting.takes:
        case "choice":
            return setting.values[0].id
        case "choices":
            return ",".join(v.id for v in setting.values[:2])
        case "yes_no":
            return "yes"
        case "number":
            return str(setting.low or 1)
        case "date":
            return "2026-11-20"
    return "what somebody wrote"


def pairs(of: str, **own: str) -> list[str]:
    """Every setting of a kind as NAME=VALUE."""
    return [f"{s.id}={own.get(s.id, value(s))}" for s in BOOK.setting if s.of == of]


def listed(of: str, answers=("yes", "no", "na")) -> list[str]:
    """Every item of a list with an answer, each of the three in turn."""
    return [f"{code.id}={answers[at % len(answers)]}" for at, code in enumerate(ITEMS[of])]


def said(sheet, seat=None) -> set[str]:
    return {one["detail"] for one in sheet["settings"] if one["seat"] == seat}


def record(tk, session: str, *lines: str) -> None:
    tk("record", session, lines="\n".join(lines) + "\n")


def test_an_inpatient_single_session(tk):
    """Everything the handbook asks of one meeting on a ward, typed, and read back in the three places."""
    own = {"setting": "inpatient", "format": "single_session", "population": "psychotic"}
    tk("group", "new", "melati", *pairs("group", **own))
    for at, seat in enumerate("AB"):
        consent = ["--grantor", GRANTORS[at], "--capacity", CAPACITIES[at], "--medium", MEDIA[at]]
        tk("group", "admit", "melati", seat, *pairs("member"), "--name", f"patient {seat}")
        tk("group", "consent", "melati", seat, *consent, "--scope", ["full", "floor_only"][at])
        tk("group", "check", "melati", *listed("member"), "--seat", seat)
    tk("group", "check", "melati", *listed("group"))
    tk("group", "set", "melati", *pairs("leader"), "--seat", "T")
    tk("group", "check", "melati", *listed("leader"), "--seat", "T")

    sets = [word for pair in pairs("session") for word in ("--set", pair)]
    opened = tk("session", "open", "melati/1", "--seats", "T,K,A,B,C", "--clock", "given", *sets)
    assert "equal in status" in opened
    assert "B: floor_only" in opened
    clock = iter(range(10, 10_000, 5))
    lines = ["@0:05 ta"]

    def say(words: str) -> None:
        at = next(clock)
        lines.append(f"@{at // 60}:{at % 60:02d} {words}")

    for code in ITEMS["session"]:
        say(f"!{code.id}=yes")
    for code in ACTIVITIES:
        say(f"{{{code.id.partition('.')[2]}}}")
        say("{}")
    for phase in BOOK.phase_set[1].phases:
        say(f"%{phase.id}")
    for outcome in OUTCOMES:
        say("a!jj")
        say(f"a!contract.settled/{outcome}")
    say("c!jj")
    say("c!wa")
    say("||escort")
    say("||")
    record(tk, "melati/1", *lines)
    closed = tk("session", "close", "melati/1")
    assert "a contract is still open" in closed

    sheet = tk("group", "show", "melati", "--json")
    assert said(sheet) == {s.id for s in BOOK.setting if s.of == "group"}
    assert said(sheet, "A") == said(sheet, "B") == {s.id for s in BOOK.setting if s.of == "member"}
    assert said(sheet, "T") == {s.id for s in BOOK.setting if s.of == "leader"}
    answered = {(c["code"], c["seat"]): c["score"] for c in sheet["checks"]}
    scores = [1, 0, None]
    for of, seats in (("group", [None]), ("member", ["A", "B"]), ("leader", ["T"])):
        for at, code in enumerate(ITEMS[of]):
            assert {answered[code.stored, seat] for seat in seats} == {scores[at % 3]}
    assert sheet["unanswered"] == []
    assert {m["seat"]: m["consent"]["scope"] for m in sheet["members"]} == {"A": "full", "B": "floor_only"}
    assert [t["outcome"] for t in sheet["tasks"]] == [*OUTCOMES, "open"]
    assert {c["code"] for c in sheet["sessions"][0]["checks"]} == {c.stored for c in ITEMS["session"]}
    assert (sheet["held"], sheet["setting"]) == (1, "inpatient")
    assert "patient A" not in json.dumps(sheet)

    shown = tk("session", "show", "melati/1", "--json")
    assert shown["opened"]["details"] == dict(pair.split("=") for pair in pairs("session"))
    assert [(m["code"], m["author"]) for m in shown["safety"]] == [("handbook.mark.incident", "C")]
    assert len(shown["open_contracts"]) == 1
    activities = tk(
        "query", "select distinct activity from activity order by all", "--session", "melati/1", "--json"
    )
    assert [row["activity"] for row in activities] == sorted(code.stored for code in ACTIVITIES)
    words = "select outcome from contract order by ts"
    assert [x["outcome"] for x in tk("query", words, "--session", "melati/1", "--json")] == [
        *OUTCOMES,
        "open",
    ]
    assert max(len(line) for line in tk("group", "show", "melati").splitlines()) <= 80


def test_an_outpatient_group_of_three_meetings(tk):
    """Attendance, goals, norms, agenda, scores and what is to come, over three meetings."""
    tk(
        "group",
        "new",
        "mawar",
        "--setting",
        "outpatient",
        "--population",
        "neurotic",
        "--format",
        "series",
        "planned_sessions=8",
    )
    assert "6 to 8" in tk("group", "set", "mawar", "planned_sessions=3")
    for seat in "ABC":
        tk("group", "admit", "mawar", seat, "own_population=neurotic")
    tk("group", "consent", "mawar", "A")
    assert "mixed" not in tk("group", "admit", "mawar", "D", "own_population=psychotic")
    for seat in "EF":
        mixed = tk("group", "admit", "mawar", seat, "own_population=psychotic")
    assert "psychotic" in mixed
    tk("group", "discharge", "mawar", "F", "--reason", "transferred")
    days = ["2026-11-10", "2026-11-17", "2026-11-24"]
    for number, day in enumerate(days, 1):
        words = ["--seats", "T,A,B,C", "--clock", "given", "--held", f"{day}T16:00:00+07:00"]
        absent = ["--absent", "B,C"] if number == 2 else []
        tk("session", "open", f"mawar/{number}", *words, *absent)
        extra = (
            ["@0:40 +b", "@0:50 a!ja"]
            if number == 2
            else ["@0:40 a!js"]
            if number == 3
            else ["@0:40 a!jg=maturity"]
        )
        record(tk, f"mawar/{number}", "@0:01 ta", "@0:10 ab", "@0:20 t!np", *extra, "@1:00 !jb", "@1:10 ba")
        tk("session", "close", f"mawar/{number}", "--at", "2:00")
        tk("group", "score", "mawar", "A", "BDI", f"1={4 - number}", "2=1")
    tk("group", "plan", "mawar", "--held", "2026-12-01T16:00:00+07:00")
    tk("group", "consent", "mawar", "A", "--withdrawn")

    sheet = tk("group", "show", "mawar", "--json")
    assert (sheet["held"], sheet["planned_sessions"]) == (3, 3)
    assert sheet["coming"] == {"number": 4, "held": "2026-12-01T16:00:00+07:00"}
    members = {m["seat"]: m for m in sheet["members"]}
    assert {seat: (m["attended"], m["expected"], m["late"]) for seat, m in members.items() if seat in "ABC"} == {
        "A": (3, 3, 0), "B": (3, 3, 1), "C": (2, 3, 0),
    }  # fmt: skip
    assert (members["F"]["reason"], members["A"]["consent"]["withdrawn"]) == ("transferred", True)
    assert [s["session"] for s in sheet["sessions"]] == ["mawar/1", "mawar/2", "mawar/3"]
    assert [(g["session"], g["attrs"]) for g in sheet["goals"]] == [
        ("mawar/1", {"goal": "long", "goal_area": "maturity"})
    ]
    assert sheet["norms"] == [
        {"code": "handbook.norm.self_monitoring", "sessions": ["mawar/1", "mawar/2", "mawar/3"]}
    ]
    assert [(t["session"], t["outcome"], t["settled_in"]) for t in sheet["tasks"]] == [
        ("mawar/2", "settled", "mawar/3")
    ]
    assert [(s["items"], s["total"]) for s in sheet["scores"]] == [
        (2, 2)
    ]  # the last answers of the one day they were entered
    assert "A: none" in tk("session", "open", "mawar/4", "--seats", "T,A,B", "--clock", "given")
    assert "did not agree" in tk("record", "mawar/4", lines="@0:01 ab\n", code=3)

    text = tk("group", "show", "mawar")
    assert "3 of 3 meetings held" in text
    assert "next: #4, 2026-12-01" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("set", "g", "method=hard"), "method=hard: there are: supportive, reeducative, reconstructive"),
        (("set", "g", "colour=red"), "'colour=red': write NAME=VALUE. There are: modality"),
        (("set", "g", "tenure=new"), "tenure is said of the member, not of the group"),
        (("set", "g", "planned_sessions=many"), "a number from 1 to"),
        (("set", "g", "tenure=new", "--seat", "B"), "B is no member of g (there are: A)"),
        (("set", "g", "profession=nurse", "--seat", "A"), "profession is said of a leader; A is none"),
        (("admit", "g", "A"), "the sign A is given already"),
        (("admit", "g", "B1x"), "is no seat"),
        (("admit", "g", "B", "--role", "king"), "no role king. There are: member"),
        (("admit", "g", "B", "method=hard"), "method is said of the group, not of the member, leader"),
        (("discharge", "g", "A", "--reason", "bored"), "no reason bored. There are: finished"),
        (("consent", "g", "A", "--medium", "sms"), "no medium sms. There are: written"),
        (("consent", "g", "A", "--withdrawn"), "A has given no consent"),
        (("check", "g", "intake=yes"), "checklist.intake is asked of a member: --seat A"),
        (("check", "g", "charter_room=maybe"), "'maybe': answer yes, no or na"),
        (("check", "g", "door_closed"), "no item door_closed"),
        (("score", "g", "A", "BDI", "one=2"), "'one=2': write ITEM=SCORE"),
        (("plan", "g", "--held", "tomorrow"), "write it with offset"),
        (("undo", "g", "7"), "record 7 cannot be taken back"),
        (("show", "h"), "there is no group h"),
        (("new", "h", "--setting", "prison"), "no setting prison. There are: inpatient, outpatient"),
        (("new", "h", "method=hard"), "method=hard: there are"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_what_there_is(tk, words, says):
    """Nothing is stored, and the group is as it was."""
    tk("group", "new", "g")
    tk("group", "admit", "g", "A")
    before = tk("group", "show", "g", "--json")
    assert says in tk("group", *words, code=4 if says.startswith(("the sign", "A has", "record 7")) else 3)
    assert tk("group", "show", "g", "--json") == before
    assert tk("group", "list", "--json") == [{"group": "g", "sessions": 0}]


def test_what_was_done_is_taken_back(tk):
    """The last record, or one by its number; texts go to the vault, and the log verifies."""
    tk("group", "new", "g")
    tk("group", "admit", "g", "A", "care_plan=every Monday", "--name", "somebody")
    assert "setting.given" in tk("group", "undo", "g")
    assert "member.admitted" in tk("group", "undo", "g")
    assert tk("group", "show", "g", "--json")["members"] == []
    assert "nothing to take back" in tk("group", "undo", "g", code=4)
    tk("group", "admit", "g", "A")
    assert "every Monday" not in tk("query", "select * from record", "--json", code=0).__repr__()
    assert "whole and unaltered" in tk("verify")
