"""Taps: each is on the disk before it is answered, once, in its order, at its time."""

from __future__ import annotations

import contextlib
import os

import pytest

from tkcore import events as e
from tkcore.disk import Disk


def ids(number: int, begin: int = 0) -> list[str]:
    return [f"{begin + n:030x}" for n in range(number)]


def taps(lines, begin: int = 0, at=None) -> list[dict]:
    return [
        {"id": id_, "line": line, "at": at} for id_, line in zip(ids(len(lines), begin), lines, strict=True)
    ]


def test_answers_come_in_order_with_the_records_numbers(tab):
    """Each answer has the first of the entry's records, how many there are, the time and the log's h."""
    answers = tab.send(*taps(["T>A", "!gg", "A>T !uu !ui", "<"]))
    assert [(a["id"], a["seq"], a["count"], a["again"]) for a in answers] == [
        (id_, seq, count, False) for id_, seq, count in zip(ids(4), (2, 3, 4, 7), (1, 1, 3, 1), strict=True)
    ]
    assert answers[-1]["h"] == tab.recorder.head.h
    assert all(a["ts"] == 0 for a in answers)


def test_what_is_sent_again_is_stored_once(tab):
    """The whole batch, and parts of it with new ones between, are answered from what is stored."""
    sent = taps(["T>A", "!gg", "A>T", "~"])
    first = tab.send(*sent)
    stored = tab.stored()
    again = tab.send(*sent)
    assert tab.stored() == stored
    assert [{**a, "again": True} for a in first] == again
    mixed = tab.send(sent[0], *taps(["B>A"], 50), sent[3])
    assert [a["again"] for a in mixed] == [True, False, True]
    assert tab.stored() == stored + 1


def test_a_refused_line_is_an_answer(tab):
    """Lines the grammar or the room refuses are answered with column and reason; the others are stored."""
    answers = tab.send(*taps(["T>A", "zz>>", "T>Z", "!q1", "A>T"]))
    assert [("seq" in a) for a in answers] == [True, False, False, False, True]
    assert [a["error"]["column"] for a in answers[1:4]] == [1, 1, 1]
    assert "no seat Z" in answers[2]["error"]["reason"]
    assert answers[2]["error"]["near"] == ["A", "B", "C", "D", "E"]
    assert set(answers[1]["error"]) == {"column", "reason", "near"}


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({}, None),
        (1, None),
        (None, None),
        ([[]], None),
        ({"id": "x", "line": "ab"}, "x"),
        ({"id": "A" * 30, "line": "ab"}, "A" * 30),
        ({"id": "0" * 31, "line": "ab"}, "0" * 31),
        ({"id": "x" * 65, "line": "ab"}, None),
        ({"id": "f" * 30}, "f" * 30),
        ({"id": "f" * 30, "line": 5}, "f" * 30),
        ({"id": "f" * 30, "line": "#" + "x" * 4096}, "f" * 30),
        ({"id": "f" * 30, "line": "ab", "at": "1"}, "f" * 30),
        ({"id": "f" * 30, "line": "ab", "at": True}, "f" * 30),
    ],
)
def test_an_entry_of_another_shape_does_not_keep_the_others_back(tab, bad, named):
    """What is no tap is answered under its id, if it has one, and what stands beside it is stored."""
    answers = tab.send(*taps(["T>A"]), bad, *taps(["A>T"], 1))
    assert [("error" in a) for a in answers] == [False, True, False]
    assert answers[1]["id"] == named


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"entries": 1}', 400),
        (b'{"entries": [}', 400),
        (b"[" * 100_000, 400),
        (b'{"entries": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", (200, 400)),
        (b"\xff\xfe", 400),
        (b'{"entries": []}' + b" " * (1 << 20), 413),
        (b'{"entries": [' + b",".join([b"{}"] * 501) + b"]}", 413),
        (b'{"entries": [], "session": "g/other"}', 409),
    ],
)
def test_a_request_of_another_shape_stores_nothing(tab, body, status):
    """What is no batch, too large or for another session is refused whole."""
    before = tab.stored()
    answer = tab.request("POST", "/api/entries", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (status if isinstance(status, tuple) else (status,))
    assert tab.stored() == before


def test_the_session_may_be_named(tab):
    """A batch for this session is taken."""
    assert "seq" in tab.send(*taps(["T>A"]), session="g/s")[0]


# -- time --------------------------------------------------------------------------------------------------------------


def test_a_tap_is_stored_at_its_time(tab, time):
    """A tap that comes late lies where it was made, whatever was recorded since."""
    time.go(60)
    tab.send(*taps(["T>A"], at=50_000))
    tab.send(*taps(["A>T"], 1, at=20_000.4))
    turns = [x for x in tab.recorder.held() if isinstance(x, e.TurnTaken)]
    assert [(x.ts, x.sender) for x in turns] == [(20_000, "A"), (50_000, "T")]


@pytest.mark.parametrize(("at", "ts"), [(99_000, 60_000), (1e300, 60_000), (-5, 0), (None, 60_000)])
def test_a_clock_that_is_wrong_loses_no_tap(tab, time, at, ts):
    """A time ahead of the session's is now, one before it is its beginning."""
    time.go(60)
    (answer,) = tab.send(*taps(["T>A"], at=at))
    assert answer["ts"] == ts


def test_a_tap_is_judged_by_its_own_time(tab, time):
    """What waited offline gives the same records as what came at once."""
    script = [(1, "T>A"), (3, "!gg"), (4, "A>T"), (5, "!uu"), (9, "<"), (12, "~"), (14, "&"), (20, "B>*"), (21, "_"),
              (25, "||break"), (31, "||"), (40, "%work"), (41, ";")]  # fmt: skip
    time.go(60)
    tab.send(*[{"id": f"{n:030x}", "line": line, "at": 1000 * at} for n, (at, line) in enumerate(script)])
    late = happened(tab.recorder)

    sitting = tab.sitting
    sitting.stop()
    other = type(sitting)(sitting.desk, "g/t", clock="live")
    gone = 0
    for at, line in script:
        time.go(at - gone)
        gone = at
        other.recorder.enter(line)
    time.go(60 - gone)
    at_once = happened(other.recorder)
    other.stop()
    assert late == at_once
    assert len(late) == 11


def happened(recorder):
    """What holds of what was tapped, without what storing it has added; turns by their place among the turns."""
    held = [
        x
        for x in recorder.held()
        if x.observer == "obs1" and not isinstance(x, (e.SessionOpened, e.RecordRetracted))
    ]
    turns = [x.id for x in held if isinstance(x, e.TurnTaken)]
    found = []
    for x in held:
        own = {name: getattr(x, name) for name in x.__struct_fields__ if name not in ("seq", "id", "logged")}
        if own.get("turn_id"):
            own["turn_id"] = turns.index(own["turn_id"])
        found.append((e.name_of(x), own))
    return found


def test_a_code_that_waited_sits_on_the_turn_it_was_tapped_in(tab, time):
    """With a turn recorded since, a code of before belongs to the turn of before."""
    time.go(10)
    tab.send(*taps(["A>B"], at=1000), *taps(["B>A"], 1, at=8000))
    tab.send(*taps(["!uu"], 2, at=5000))
    turn = next(x for x in tab.recorder.held() if isinstance(x, e.TurnTaken))
    code = next(x for x in tab.recorder.held() if isinstance(x, e.MarkMade))
    assert (code.turn_id, code.author, code.ts) == (turn.id, "A", turn.ts)


def test_a_time_in_the_line_counts_from_the_tap(tab, time):
    """`@-20` is twenty seconds before the tap, not before its arrival; a correction keeps its record's time."""
    time.go(100)
    answers = tab.send(*taps(["@-20 A>B"], at=60_000), *taps(["~3: A>C"], 1, at=70_000))
    assert answers[0]["ts"] == 40_000
    turn = next(x for x in tab.recorder.held() if isinstance(x, e.TurnTaken))
    assert (turn.receivers, turn.ts) == (("C",), 40_000)


def test_taps_that_waited_come_after_the_end(tab, time):
    """A closed session takes what was tapped before its end, and nothing that happens now."""
    time.go(60)
    tab.recorder.close_session()
    time.go(60)
    first, second = tab.send(*taps(["T>A"], at=50_000), *taps(["A>T"], 1))
    assert first["ts"] == 50_000
    assert "closed" in second["error"]["reason"]


# -- the disk ----------------------------------------------------------------------------------------------------------


class Watched(Disk):
    """A disk that says what was synced, and refuses when told to."""

    def __init__(self) -> None:
        self.synced = b""
        self.refuses = 0

    def sync(self, fd: int) -> None:
        if self.refuses:
            self.refuses -= 1
            raise OSError(28, "No space left on device")
        super().sync(fd)
        with contextlib.suppress(OSError):  # a file that is only written is not the log
            self.synced = os.pread(fd, 1 << 20, 0)


def test_an_answer_comes_after_the_sync(tab):
    """At the moment an entry is answered its record is among what was synced."""
    disk = tab.recorder.writer.disk = Watched()
    entered = tab.room._enter
    seen = []

    def watching(raw, t, observer):
        answer = entered(raw, t, observer)
        seen.append(answer.h.encode() in disk.synced)
        return answer

    tab.room._enter = watching
    tab.send(*taps(["T>A", "!gg", "A>T"]))
    assert seen == [True] * 3


def test_a_full_disk_keeps_the_order(tab):
    """Where the disk refuses a tap, none behind it is stored; all are taken when they are sent again."""
    disk = tab.recorder.writer.disk = Watched()
    tab.tap("T>A")
    disk.refuses = 1
    sent = taps(["A>T", "!uu", "~"])
    answer = tab.request("POST", "/api/entries", json={"entries": sent})
    assert answer.status_code == 503
    assert answer.json()["answers"] == []
    assert "not stored" in answer.json()["error"]["reason"]
    assert [a["again"] for a in tab.send(*sent)] == [False] * 3
    assert sum(isinstance(x, e.TurnTaken) for x in tab.recorder.held()) == 2
    assert not any(isinstance(x, e.MarkMade) for x in tab.recorder.held())


def test_a_fault_of_ours_is_an_answer(tab, monkeypatch):
    """A line that meets a bug is refused, and the next one is stored."""
    real = tab.recorder.enter

    def enter(text, *more):
        if text == "T>B":
            raise RuntimeError("no")
        return real(text, *more)

    monkeypatch.setattr(tab.recorder, "enter", enter)
    answers = tab.send(*taps(["T>A", "T>B", "A>T"]))
    assert [("error" in a) for a in answers] == [False, True, False]
    assert "RuntimeError: no" in answers[1]["error"]["reason"]


def test_a_fault_beside_the_lines_is_told(tab, monkeypatch):
    """A document that cannot be made is 500, whoever runs the server hears why, and taps go on."""

    def roles():
        raise KeyError("bug")

    monkeypatch.setattr(tab.recorder, "held", roles)
    assert tab.request("GET", "/api/state").status_code == 500
    assert [type(error) for error in tab.trouble] == [KeyError]
    assert "seq" in tab.tap("T>A")[0]


def test_when_the_server_ends_taps_are_kept_by_the_page(tab):
    """From then on a batch is 503 and stores nothing."""
    before = tab.stored()
    tab.room.end()
    tab.send(*taps(["T>A"]), status=503)
    assert tab.stored() == before


# -- words -------------------------------------------------------------------------------------------------------------


def test_a_caution_comes_with_the_answer(page_of):
    """In both languages, and the tap is stored all the same."""
    tab = page_of(setting="inpatient").enter()
    _, answer = tab.tap("T>A", "!po")
    assert answer["count"] == 1
    (caution,) = answer["cautions"]
    assert caution["seq"] == answer["seq"]
    assert caution["text"]["id"] != caution["text"]["en"]


def test_a_reason_is_in_the_language_that_is_asked_for(tab):
    """The page's own language, else the server's; an unknown one is the server's."""
    reasons = {
        language: tab.send(*taps(["T>Z"]), language=language)[0]["error"]["reason"]
        for language in ("en", "id", "xx", None)
    }
    assert reasons["en"] == reasons["xx"] == reasons[None] != reasons["id"]


def test_a_note_is_in_the_vault_and_not_in_what_is_told(tab, root):
    """The words of a note come back by no way of the API."""
    tab.tap("A>B", "#B: xyzzy sekali")
    assert "xyzzy" not in str(tab.get("/api/state"))
    assert not any(b"xyzzy" in news.data for news in tab.room.news)
    assert tab.get("/api/state")["entries"][-1]["text"] == "#B: …"
    assert any(b"xyzzy" in path.read_bytes() for path in (root / "vault").rglob("*") if path.is_file())
