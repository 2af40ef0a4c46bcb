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

    assert "Rawat inap, Psikotik" in tk("--lang", "id", "session", "show", "melati/1")
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


def test_a_consent_reaches_whoever_comes_in_later(tk):
    """A seat that joins a session in progress has the scope its consent allows; an exchange of seats cannot widen it."""
    tk("group", "new", "g")
    tk("group", "admit", "g", "A")
    for seat, scope in (("C", "none"), ("D", "floor_only")):
        tk("group", "admit", "g", seat)
        tk("group", "consent", "g", seat, "--scope", scope)
    assert "no consent on record: A, E" in tk(
        "session", "open", "g/1", "--seats", "T,A,E", "--clock", "given"
    )
    record(tk, "g/1", "@0:05 ta", "@0:10 at !uu", "@0:20 +c:member", "@0:21 +d:member")
    assert "C did not agree to be recorded" in tk("record", "g/1", lines="@0:30 ct\n", code=3)
    assert "D did not agree to be coded" in tk("record", "g/1", lines="@0:30 d!uu\n", code=3)
    assert "C did not agree to be recorded" in tk("record", "g/1", lines="~a=c\n", code=3)
    assert "D did not agree to be coded" in tk("record", "g/1", lines="~a=d\n", code=3)
    record(tk, "g/1", "@0:40 ~a=d")  # nothing was coded since
    shown = tk("session", "show", "g/1", "--json")
    assert {s["seat"]: s["scope"] for s in shown["seats"] if s["scope"] != "full"} == {
        "C": "none",
        "D": "floor_only",
    }


def test_a_withdrawal_says_which_session_goes_on(tk):
    """What is open already keeps to how it began, until somebody writes there what has to be written."""
    tk("group", "new", "g")
    tk("group", "admit", "g", "A")
    tk("group", "consent", "g", "A")
    tk("session", "open", "g/1", "--seats", "T,A", "--clock", "given")
    assert "g/1 goes on" in tk("group", "consent", "g", "A", "--withdrawn")
    record(tk, "g/1", "@0:05 ta", "@0:10 +a:none")
    assert "goes on" not in tk("group", "consent", "g", "A", "--scope", "none")
    assert "did not agree" in tk("record", "g/1", lines="@0:20 at\n", code=3)


def test_who_does_not_agree_is_told_how_to_say_so(tk):
    """There is nothing to withdraw, and who cannot decide does not consent alone."""
    tk("group", "new", "g")
    tk("group", "admit", "g", "A")
    assert "--scope none" in tk("group", "consent", "g", "A", "--withdrawn", code=4)
    assert "guardian" in tk("group", "consent", "g", "A", "--capacity", "none", code=3)
    tk("group", "consent", "g", "A", "--capacity", "none", "--grantor", "guardian")
    tk("group", "consent", "g", "A", "--capacity", "none", "--scope", "none")


def test_a_damaged_log_of_a_group_hides_no_withdrawal(tk, tmp_path):
    """What stands behind the damage may be a withdrawal: nothing is shown or begun as if it were not there."""
    tk("group", "new", "g")
    tk("group", "admit", "g", "A")
    tk("group", "consent", "g", "A")
    tk("session", "open", "g/1", "--seats", "T,A", "--clock", "given")
    tk("group", "set", "g", "method=supportive")
    tk("group", "consent", "g", "A", "--withdrawn")
    log = tmp_path / "ward/groups/g/log/000000.ndjson"
    log.write_bytes(log.read_bytes().replace(b"setting.given", b"setting.givem"))
    assert "damaged at record" in tk("group", "show", "g", code=1)
    assert "damaged at record" in tk("session", "open", "g/2", "--seats", "T,A", "--clock", "given", code=1)
    record(tk, "g/1", "@0:05 ta")  # a recording in progress waits for nobody


def test_a_log_without_its_founding_is_no_group(tk, tmp_path):
    """Who was killed while founding left a folder: nobody is admitted there, and it can be founded after all."""
    (tmp_path / "ward/groups/g/log").mkdir(parents=True)
    assert "there is no group g" in tk("group", "admit", "g", "A", code=3)
    tk("group", "new", "g")
    tk("group", "admit", "g", "A")
    assert [m["seat"] for m in tk("group", "show", "g", "--json")["members"]] == ["A"]


def test_an_admission_that_others_depend_on_stays(tk):
    """What was said of a member is not left to whoever gets the sign next."""
    tk("group", "new", "g")
    tk("group", "admit", "g", "A", "own_population=psychotic")
    tk("group", "check", "g", "calm", "--seat", "A")
    assert "First take back: #3 #2" in tk("group", "undo", "g", "1", code=4)
    for _ in range(3):
        tk("group", "undo", "g")
    tk("group", "admit", "g", "A")
    sheet = tk("group", "show", "g", "--json")
    assert (sheet["settings"], sheet["checks"]) == ([], [])


def test_the_next_meeting_is_the_one_after_the_last(tk):
    """A group that began on paper goes on with its own numbers."""
    tk("session", "open", "g/a", "--seats", "T,A", "--clock", "given", "--number", "5")
    record(tk, "g/a", "@0:05 ta")
    tk("session", "close", "g/a")
    tk("group", "plan", "g", "--held", "2026-12-01T16:00:00+07:00")
    assert tk("group", "show", "g", "--json")["coming"]["number"] == 6
    tk("session", "open", "g/b", "--seats", "T,A", "--clock", "given")
    assert tk("session", "show", "g/b", "--json")["opened"]["number"] == 6


def test_a_member_has_his_role_in_a_session(tk):
    """Who was admitted as a leader leads, unless the session says otherwise; who was discharged is named."""
    tk("group", "new", "g")
    tk("group", "admit", "g", "B", "--role", "therapist")
    tk("group", "admit", "g", "C", "--role", "visitor")
    tk("group", "admit", "g", "D")
    tk("group", "discharge", "g", "D")
    opened = tk("session", "open", "g/1", "--seats", "B,C:member,D", "--clock", "given")
    assert "D was discharged already" in opened
    shown = tk("session", "show", "g/1", "--json")
    assert {s["seat"]: s["role"] for s in shown["seats"]} == {"B": "therapist", "C": "member", "D": "member"}


def test_safety_is_on_the_closing_and_on_the_sheet_until_it_is_reported(tk):
    """Whoever comes on duty reads it where he looks."""
    tk("session", "open", "g/1", "--seats", "T,A", "--clock", "given")
    record(tk, "g/1", "@0:05 ta", "@0:10 a!wa")
    assert "0:10: safety, attack, threat (A)" in tk("session", "close", "g/1")
    assert "g/1  0:10: safety" in tk("group", "show", "g")
    assert [m["author"] for m in tk("group", "show", "g", "--json")["safety"]] == ["A"]
    (reminder,) = [line for line in tk("session", "show", "g/1").splitlines() if "when it is: " in line]
    record(tk, "g/1", reminder.partition("when it is: ")[2])  # typed as it stands there, after the closing
    assert "safety" not in tk("session", "close", "g/1")
    assert tk("group", "show", "g", "--json")["safety"] == []


def test_scores_of_an_instrument_stay_together(tk, monkeypatch):
    """However its name is typed, and on the day it was where they were entered; an item stands once."""
    tk("group", "new", "g")
    tk("group", "admit", "g", "A")
    assert "item 1 stands twice" in tk("group", "score", "g", "A", "BDI", "1=2", "1=3", code=3)
    tk("group", "score", "g", "A", "BDI", "1=2")
    days = set()
    for zone in ("XXX-14", "XXX+12"):  # never the same day
        monkeypatch.setenv("TZ", zone)
        days |= {s["day"] for s in tk("group", "show", "g", "--json")["scores"]}
    assert len(days) == 2
    tk("group", "score", "g", "A", "bdi", "2=1")
    assert [(s["instrument"], s["total"]) for s in tk("group", "show", "g", "--json")["scores"]] == [
        ("BDI", 3)
    ]


def test_what_is_taken_in_is_held_against_the_consents_here(tk, tmp_path):
    """A log keeps its bytes, and it is said of whom it keeps more; lines that bring somebody in keep to the consent."""
    away = ("-w", str(tmp_path / "tablet"))
    tk("init", "--plain", "--language", "en", away[1])
    tk(*away, "session", "open", "g/1", "--seats", "T,A,B", "--clock", "given")
    tk(*away, "record", "g/1", lines="@0:05 ta\n@0:10 at\n")
    tk(*away, "session", "close", "g/1")
    tk(*away, "export", "log", "g/1", "-o", str(tmp_path / "g.tklog"))
    tk("group", "new", "g")
    tk("group", "admit", "g", "A")
    tk("group", "consent", "g", "A", "--scope", "none")
    said = tk("import", "log", str(tmp_path / "g.tklog"))
    assert "A: the consent on record says none, and this log keeps more" in said
    assert "B:" not in said


def test_the_sheet_says_how_long_who_came_late_or_left_early_was_there(tk):
    """Minutes stand beside the sign of whoever was there for a part; whoever stayed needs none."""
    tk("session", "open", "g/1", "--seats", "T,A,B,C", "--absent", "C", "--clock", "given")
    record(tk, "g/1", "@0:00 ta", "@10:00 +c", "@20:00 -b:own_accord", "@21:00 ac")
    tk("session", "close", "g/1", "--at", "30:00")
    shown = tk("group", "show", "g").split()
    assert [word.strip("()") for word in shown if "=" in word] == ["B=20:00", "C=20:00"]
    (meeting,) = tk("group", "show", "g", "--json")["sessions"]
    assert [(a["seat"], a["present"], a["late"], a["left_as"]) for a in meeting["attendance"]] == [
        ("A", 1_800_000, False, None), ("B", 1_200_000, False, "own_accord"), ("C", 1_200_000, True, None),
    ]  # fmt: skip


def test_the_next_appointment_of_the_last_meeting_is_shown_until_it_is_planned(tk):
    """What the closing says of it stands on the sheet; an older meeting's is past, and a plan says more."""
    for number, line in enumerate(["@0:20 !jb", "@0:20 ab", "@0:20 !jb=no"], 1):
        tk("session", "open", f"g/{number}", "--seats", "T,A,B", "--clock", "given")
        record(tk, f"g/{number}", "@0:05 ta", line)
        tk("session", "close", f"g/{number}", "--at", "1:00")
        shown = [row for row in tk("group", "show", "g").splitlines() if "next appointment" in row]
        assert shown == [["next appointment: yes (g/1)"], [], ["next appointment: no (g/3)"]][number - 1]
    assert "Janji bertemu berikutnya: tidak (g/3)" in tk("--lang", "id", "group", "show", "g")
    tk("group", "plan", "g", "--held", "2026-12-01T16:00:00+07:00")
    assert "next appointment" not in tk("group", "show", "g")
