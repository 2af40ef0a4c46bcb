"""Two observers record one session: one log, each under his own name, and apart from each other where that is asked."""

from __future__ import annotations

import copy
import json

import pytest

from tests.web.test_stream import parsed
from tkcore import events as e
from tkcore import rows as r
from tkcore.errors import BadInput
from tkcore.web.keys import Joining
from tkcore.web.observers import joining
from tkcore.web.stream import told


def come(tab, token: str):
    """A further device that comes in by a token."""
    other = copy.copy(tab)
    other.cookies = {}
    answer = other.request("POST", "/api/enter", json={"token": token})
    assert answer.status_code == 200, answer.text
    other.cookies = dict(answer.cookies)
    return other


def invited(tab, observer: str, **more) -> str:
    answer = tab.request("POST", "/api/invite", json={"observer": observer, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["url"].partition("#")[2]


@pytest.fixture
def second(tab):
    """The second observer's device."""
    return come(tab, invited(tab, "obs2"))


def heard(tab, observer: str) -> list[dict]:
    async def go() -> str:
        text = ""
        async for chunk in told(tab.room, -1, observer, beat=0.001):
            if chunk == b": beat\n\n":
                break
            text += chunk.decode()
        return text

    return parsed(tab.run(go()))


def marks(tab) -> list[tuple[str, str]]:
    """What holds in the log: whose, and what kind."""
    frame = (e.ClockTicked, e.SessionOpened, e.RecordRetracted)
    return [(x.observer, e.name_of(x)) for x in tab.recorder.held() if not isinstance(x, frame)]


def test_who_comes_in_by_an_invitation_joins_once(tab):
    """The first device puts the observer on record with role and families, the second adds a device and no record."""
    first = come(tab, invited(tab, "obs2", role="co_therapist"))
    come(first, invited(tab, "obs2"))
    joined = [x for x in tab.recorder.ledger if isinstance(x, e.ObserverJoined)]
    assert [(x.observer, x.role, "floor" in x.families) for x in joined] == [("obs2", "co_therapist", True)]
    roster = [{"observer": "obs1", "role": "co_therapist"}, {"observer": "obs2", "role": "co_therapist"}]
    assert tab.get("/api/state")["observers"] == roster
    assert (first.get("/api/state")["observer"], first.get("/api/state")["lead"]) == ("obs2", "obs1")


def test_each_entry_is_stored_under_its_own_observer(tab, second):
    """Two devices in turn: one log, and each record is the one's who tapped it."""
    tab.tap("T>A")
    second.tap("T>B")
    tab.tap("A>T")
    second.tap("!gg")
    found = [(x.observer, x.sender) for x in tab.recorder.held() if isinstance(x, e.TurnTaken)]
    assert found == [("obs1", "T"), ("obs2", "T"), ("obs1", "A")]
    code = next(x for x in tab.recorder.held() if isinstance(x, e.InterventionMade))
    assert (code.observer, code.targets) == ("obs2", ("B",))


def test_reply_quick_turn_and_plus_time_go_by_the_own_floor(tab, second, time):
    """`<`, a bare seat and `@+5` refer to what the same observer recorded last."""
    tab.tap("T>A")
    time.go(10)
    second.tap("C>B")
    time.go(10)
    tab.tap("<")
    second.tap("<")
    time.go(10)
    tab.tap("@+2 C")
    second.tap("@+3 T")
    found = [
        (x.observer, x.ts, x.sender, x.receivers) for x in tab.recorder.ledger if isinstance(x, e.TurnTaken)
    ]
    assert found == [
        ("obs1", 0, "T", ("A",)),
        ("obs2", 10_000, "C", ("B",)),
        ("obs1", 20_000, "A", ("T",)),
        ("obs2", 20_000, "B", ("C",)),
        ("obs1", 22_000, "C", ("A",)),
        ("obs2", 23_000, "T", ("B",)),
    ]


def test_undo_takes_back_the_own_last_entry_and_no_other(tab, second):
    """`~` and `~n` reach what the same observer recorded; another's record is refused with whose it is."""
    (mine,) = tab.tap("T>A")
    (theirs,) = second.tap("T>B")
    assert "error" not in tab.tap("~")[0]
    assert marks(tab)[-1] == ("obs2", "turn.taken")
    assert tab.tap("~")[0]["error"]["reason"] == "there is nothing to take back"
    assert "is obs2's" in tab.tap(f"~{theirs['seq']}")[0]["error"]["reason"]
    assert "is obs2's" in tab.tap(f"~{theirs['seq']}: T>C")[0]["error"]["reason"]
    assert tab.recorder.state(theirs["seq"]) == "effective"
    assert tab.recorder.state(mine["seq"]) == "retracted"


def test_a_pause_is_the_observers_own(tab, second, time):
    """One who pauses is resumed by his own next turn, also where the other's record is later; the other goes on."""
    second.tap("||break")
    time.go(20)
    tab.tap("T>A", at=19_000)
    assert second.get("/api/state")["paused"]
    assert not tab.get("/api/state")["paused"]
    second.tap("T>A", at=18_000)
    assert not second.get("/api/state")["paused"]
    kinds = [(x.observer, type(x)) for x in tab.recorder.held() if isinstance(x, e.CaptureResumed)]
    assert kinds == [("obs2", e.CaptureResumed)]


def test_the_floor_of_the_state_is_the_observers_own(tab, second):
    """Last turn and silence of a page come from the turns of its own observer."""
    tab.tap("T>A")
    assert second.get("/api/state")["floor"] is None
    second.tap("C>B", "_")
    assert (second.get("/api/state")["floor"]["sender"], tab.get("/api/state")["floor"]["sender"]) == (
        "C",
        "T",
    )
    assert (second.get("/api/state")["floor"]["open"], tab.get("/api/state")["floor"]["open"]) == (
        False,
        True,
    )


def test_a_busy_second_observer_crowds_out_no_own_entry(tab, second, time):
    """A page that begins anew has its observer's last thirty records, and of the other's as many."""
    tab.tap(*["T>A"] * 35)
    second.tap(*["T>B"] * 40)
    time.go(121)
    found = [row["observer"] for row in tab.get("/api/state")["entries"]]
    assert (found.count("obs1"), found.count("obs2")) == (30, 30)


def test_phases_are_the_leads(tab, second):
    """A phase by another observer is refused with who leads; nothing of the line is stored."""
    before = tab.stored()
    answer = second.tap("%work")[0]
    assert answer["error"]["reason"] == "only obs1, the lead observer, says which phase it is"
    assert tab.stored() == before
    assert "error" not in tab.tap("%work")[0]
    assert second.get("/api/state")["phase"] == "work"


def test_the_lead_passes(tab, second, time):
    """After the hand-over the other has the phases; what the first tapped before it and sends later still goes in."""
    assert "only obs1" in second.tap("!hg=obs2")[0]["error"]["reason"]
    time.go(60)
    tab.tap("!hg=obs2")
    time.go(60)
    assert [p.get("/api/state")["lead"] for p in (tab, second)] == ["obs2", "obs2"]
    assert "only obs2" in tab.tap("%work")[0]["error"]["reason"]
    assert "only obs2" in tab.tap("!hg=obs1")[0]["error"]["reason"]
    assert "error" not in second.tap("%work")[0]
    late = tab.tap("T>A", "%transition", at=50_000)
    assert not [one for one in late if "error" in one]
    phases = [(x.observer, x.phase) for x in tab.recorder.held() if isinstance(x, e.PhaseEntered)]
    assert phases == [("obs1", "transition"), ("obs2", "work")]


def test_only_the_lead_lets_a_further_observer_in(tab, second):
    """Another may ask for a link for his own further device, and for nobody else's."""
    assert second.request("POST", "/api/invite", json={"observer": "obs3"}).status_code == 403
    assert come(second, invited(second, "obs2")).get("/api/state")["observer"] == "obs2"
    own = second.request("POST", "/api/invite", json={}).json()["url"].partition("#")[2]
    assert come(second, own).get("/api/state")["observer"] == "obs2"


@pytest.mark.parametrize(
    "body",
    [{"observer": ""}, {"observer": "recorder"}, {"observer": "Ibu Sri"}, {"observer": "a:b"}, {"observer": "x" * 33},
     {"observer": "obs2", "role": "boss"}, {"observer": 2}, []],
)  # fmt: skip
def test_who_cannot_be_an_observer_gets_no_link(tab, body):
    """Neither a person's name nor what a record could not hold, nor a role that there is not."""
    assert tab.request("POST", "/api/invite", json=body).status_code == 400


def test_an_observer_on_the_command_line():
    """`NAME[:ROLE[:FAMILY,...]]` with what is left out as the lead has it; anything else is refused by name."""
    assert joining("obs2", ()) == Joining("obs2", "observer", None)
    assert joining("k2:co_therapist", ()) == Joining("k2", "co_therapist", None)
    assert joining("obs2:observer:floor", ()) == Joining("obs2", "observer", ("floor", "phase"))
    for wrong in ("", "obs 2", "recorder", "obs2:boss", "obs2:observer:nothing"):
        with pytest.raises(BadInput):
            joining(wrong, ())


def test_a_queue_of_another_observer_does_not_go_in(tab, second):
    """A browser that came in as somebody else keeps what was tapped before: nothing is stored under a wrong name."""
    before = tab.stored()
    second.send({"id": "5" * 30, "line": "T>A", "at": None}, observer="obs1", status=409)
    assert tab.stored() == before
    assert "error" not in second.send({"id": "5" * 30, "line": "T>A", "at": None}, observer="obs2")[0]


def test_an_entry_sent_again_is_stored_once(tab, second):
    """From either device of the observer a resent id is answered from what is stored."""
    sent = {"id": "7" * 30, "line": "T>A", "at": 0}
    (first,) = second.send(sent)
    again = come(second, invited(second, "obs2")).send(sent)[0]
    assert again == {**first, "again": True}
    assert marks(tab) == [("obs2", "observer.joined"), ("obs2", "turn.taken")]


def test_both_cookies_are_good_after_a_restart(tab, second):
    """A server that was killed and begun again knows each device's observer, and an unknown cookie not."""
    keys = tab.fresh()
    for page, observer in ((tab, "obs1"), (second, "obs2")):
        assert keys.knows(f"tkcore-8733={page.cookies['tkcore-8733']}") == observer
    assert keys.knows("tkcore-8733=none") is None


def test_a_disk_that_refuses_spends_no_token(tab, monkeypatch):
    """Where joining cannot be stored the link is good for another try."""
    from tkcore.errors import WriteFailed

    token = invited(tab, "obs2")

    def refuse(*_):
        raise WriteFailed("full")

    with monkeypatch.context() as patched:
        patched.setattr(tab.recorder.writer, "append", refuse)
        assert tab.request("POST", "/api/enter", json={"token": token}).status_code == 503
    assert come(tab, token).get("/api/state")["observer"] == "obs2"


def test_views_show_the_observer_of_record(tab, second):
    """Both observers' records are in the log; the turns that analyses see are the lead's."""
    tab.tap("T>A", "A>T")
    second.tap("T>B", "B>C", "C>B")
    turns = [x for x in tab.recorder.ledger if isinstance(x, e.TurnTaken)]
    assert [x.observer for x in turns] == ["obs1"] * 2 + ["obs2"] * 3
    seen = [x for x in tab.sitting.rows() if isinstance(x, r.Turn)]
    assert [(x.sender, x.observer) for x in seen if x.counted] == [("T", "obs1"), ("A", "obs1")]


# -- apart -------------------------------------------------------------------------------------------------------------

PRIVATE = [
    "T>A",
    "!gg^2",
    "A>T !uu !ui",
    "B!bm>C",
    "&",
    "_",
    ";",
    "#b: rahasia",
    "!sf=3",
    "~",
    "A>C",
    "~B=C,C=B",
]
ROOM = ["%work", "-c:short", "+c", "||break", "||"]


@pytest.fixture
def blind(tab, second):
    """Two devices that are not shown each other's marks."""
    tab.recorder.apart = True
    return tab, second


def test_blind_the_other_has_nothing_of_ones_marks(blind):
    """State and stream of the other have no turn, code, note or correction; the room's events come to both."""
    tab, second = blind
    stored = [a for a in tab.tap(*PRIVATE, *ROOM) if "error" not in a]
    own = {row["seq"] for row in heard(tab, "obs1")}
    assert len(own) == sum(a["count"] for a in stored) + 1
    other = heard(second, "obs2")
    kinds = [
        "observer.joined",
        "phase.entered",
        "seat.left",
        "seat.arrived",
        "capture.paused",
        "capture.resumed",
    ]
    assert [row["kind"] for row in other] == kinds
    assert not [row for row in other if row.get("changes")]
    state = second.get("/api/state")
    assert [row["kind"] for row in state["entries"]] == kinds
    assert (state["blind"], state["floor"], state["phase"]) == (True, None, "work")


def test_blind_a_taken_back_mark_is_not_told_either(blind):
    """Undo, redo and amendment of a mark are its observer's; the taking back of a phase is everybody's."""
    tab, second = blind
    (turn,) = tab.tap("T>A")
    (undone,) = tab.tap(f"~{turn['seq']}")
    tab.tap(f"~{undone['seq']}", f"~{turn['seq']}: T>B")
    (phase,) = tab.tap("%work")
    tab.tap(f"~{phase['seq']}")
    found = [(row["kind"], [c["kind"] for c in row.get("changes", [])]) for row in heard(second, "obs2")]
    assert found == [("observer.joined", []), ("phase.entered", []), ("record.retracted", ["phase.entered"])]


def test_blind_no_line_is_judged_by_the_others_floor(blind):
    """Reply, quick turn and code of one who has no turn yet do not lean on the lead's, which would show it."""
    tab, second = blind
    tab.tap("T>A")
    assert "nobody has spoken yet" in second.tap("<")[0]["error"]["reason"]
    second.tap("!gg")
    code = next(x for x in tab.recorder.held() if isinstance(x, e.InterventionMade))
    assert (code.author, code.turn_id, code.targets) == (None, None, ())
    second.tap("B")
    quick = [x for x in tab.recorder.held() if isinstance(x, e.TurnTaken)][-1]
    assert (quick.observer, quick.audience, quick.receivers) == ("obs2", "unknown", ())


def test_blind_no_refusal_says_what_the_other_recorded(blind):
    """A number of the other's record is none for a reference, and its correction is refused without its content."""
    tab, second = blind
    (turn,) = tab.tap("T>A !gg")
    answer = second.tap(f"C!bm~{turn['seq'] + 1}")[0]
    assert answer["error"]["reason"] == f"there is no record {turn['seq'] + 1}"
    said = json.dumps([second.tap(f"~{turn['seq']}"), second.tap(f"~{turn['seq']}: C>B")])
    assert "turn" not in said
    assert "intervention" not in said


def test_not_blind_both_are_told_everything(tab, second):
    """Each record says whose it is."""
    tab.tap("T>A")
    second.tap("T>B")
    for page, observer in ((tab, "obs1"), (second, "obs2")):
        turns = [
            (row["observer"], row["text"]) for row in heard(page, observer) if row["kind"] == "turn.taken"
        ]
        assert turns == [("obs1", "T>A"), ("obs2", "T>B")]
        assert [row["observer"] for row in page.get("/api/state")["entries"][-2:]] == ["obs1", "obs2"]


def test_blind_the_review_asks_for_own_marks_only(blind):
    """A safety mark of the lead that nobody reported is the lead's to settle; to the other it is not shown."""
    tab, second = blind
    (mark,) = tab.tap("B!wm")
    assert "error" not in mark
    kinds = [[x["item"]["kind"] for x in one.get("/api/review")["items"]] for one in (tab, second)]
    assert "safety" in kinds[0]
    assert "safety" not in kinds[1]
