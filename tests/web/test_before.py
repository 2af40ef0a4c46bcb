"""Before a session and at its end: what the page offers, what it opens, what it refuses, what closing leaves behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from functools import partial

import httpx
import pytest
from msgspec.structs import replace

from tkcore import events as e
from tkcore import membership
from tkcore.errors import BadInput, NotAllowed, NotFound, TkError
from tkcore.opening import Settings, append_group, found_group, group_standing, open_ones
from tkcore.reading import in_force, read_session
from tkcore.receipts import parse, prove
from tkcore.web.app import application
from tkcore.web.beginning import proposal, recorder_of
from tkcore.web.choosing import Opener
from tkcore.web.ending import Closer, closing
from tkcore.web.keys import Keys
from tkcore.web.room import Room
from tkcore.web.sealing import seal
from tkcore.web.serving import _tick

PORT = 8733
BASE = f"http://127.0.0.1:{PORT}"


class Door:
    """A server on which nothing is recorded yet, and a browser that has come in."""

    def __init__(self, desk, *, proposed: str = "", session: str | None = None) -> None:
        self.desk, self.children = desk, []
        recorder = None if session is None else recorder_of(desk, session)
        self.room = Room(recorder)
        file = desk.workspace.root / f"serve-{PORT}.json"
        self.keys = Keys(
            self.room.session, PORT, observer=recorder.observer if recorder else "", file=file, disk=desk.disk,
            now=desk.clocks.wall,
        )  # fmt: skip
        self.again = partial(recorder_of, desk)
        self.opener = Opener(desk, self.room, self.keys, self.again, proposed=proposed, language="en")
        self.closer = Closer(self.room, again=self.again, child=self.children.append, language="en")
        self.trouble: list[Exception] = []
        more = [*self.opener.routes(), *self.closer.routes()]
        self.app = application(
            self.room, self.keys, port=PORT, language="en", trouble=self.trouble.append, more=more
        )
        self.cookies: dict[str, str] = {}
        self._runner = asyncio.Runner()
        self.run = self._runner.run

    def enter(self) -> Door:
        answer = self.request("POST", "/api/enter", json={"token": self.keys.token})
        assert answer.status_code == 200
        self.cookies = dict(answer.cookies)
        return self

    def request(self, method: str, path: str, *, without=(), **more) -> httpx.Response:
        sent = {"x-tkcore": "1", "origin": BASE} if method == "POST" else {}
        sent = {name: value for name, value in sent.items() if name not in without}

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies=self.cookies) as client:
                return await client.request(method, path, headers=sent, **more)

        return self.run(go())

    def get(self, path: str = "/api/before") -> dict:
        answer = self.request("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str = "/api/before", status: int = 200, **body) -> dict:
        answer = self.request("POST", path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def wrong(self, **changed) -> dict:
        """What is said to be wrong with a choice, by field; asking first says the same."""
        asked = self.post(dry=True, **chosen(**changed))["fields"]
        assert self.post(status=422, **chosen(**changed))["fields"] == asked
        return asked

    def close(self) -> None:
        self.room.close()
        self.room.rest()
        self._runner.close()


def chosen(**changed) -> dict:
    """What a filled-in form sends."""
    whole = {
        "id": "a" * 30, "founding": False, "group": "g", "session": "s1", "number": 1, "planned": 90,
        "settings": {"setting": "inpatient", "seating": "circle"}, "observer": "obs1", "families": ["explore", "expression"],
        "seats": [{"seat": seat, "role": ""} for seat in "TKAB"], "absent": ["B"], "language": "en",
    }  # fmt: skip
    return {**whole, **changed}


@pytest.fixture
def group(desk):
    """The group g: A agrees, B to the floor only, C withdrew, D was never asked, E was discharged."""
    found_group(desk, "g", Settings(setting="inpatient", population="psychotic"), in_force(desk.workspace))
    append_group(desk, "g", [e.MemberAdmitted(seat=seat, role="member", words=None) for seat in "ABCDE"])
    for seat, scope in (("A", "full"), ("B", "floor_only"), ("C", "full")):
        membership.act(
            desk, "g",
            lambda status, seat=seat, scope=scope: membership.consent(
                status, seat, grantor="self", capacity="full", medium="written", scope=scope
            ),
        )  # fmt: skip
    membership.act(desk, "g", lambda status: membership.withdraw(status, "C"))
    membership.act(desk, "g", lambda status: membership.discharge(status, "E", "finished"))
    return "g"


@pytest.fixture
def door_of(desk):
    made: list[Door] = []

    def make(**given) -> Door:
        made.append(Door(desk, **given).enter())
        return made[-1]

    yield make
    for door in made:
        door.close()


@pytest.fixture
def door(door_of, group) -> Door:
    return door_of()


def opened(desk, full: str) -> e.SessionOpened:
    found = read_session(desk.workspace, full, desk.disk).opened
    assert found is not None
    return found


def test_what_a_group_begins_with(door):
    """Settings as founded, members with what their consent allows, the next number and a free name; no discharged seat."""
    offer = door.get("/api/before?group=g")
    sheet = offer["sheet"]
    assert offer["groups"] == ["g"]
    assert (sheet["there"], sheet["session"], sheet["number"]) == (True, "s1", 1)
    assert (sheet["settings"]["setting"], sheet["settings"]["population"]) == ("inpatient", "psychotic")
    assert [(m["seat"], m["allows"], m["withdrawn"]) for m in sheet["members"]] == [
        ("A", "full", False), ("B", "floor_only", False), ("C", "none", True), ("D", None, False),
    ]  # fmt: skip
    assert [s["seat"] for s in sheet["seats"]] == ["T", "K", "A", "B", "C", "D"]
    assert sheet["gone"] == ["E"]
    assert sheet["families"] is None
    assert [choice["id"] for choice in offer["choices"]] == [
        "setting",
        "format",
        "population",
        "level",
        "seating",
    ]
    assert all(
        value["label"]["id"] and value["label"]["en"] for c in offer["choices"] for value in c["values"]
    )
    assert set(offer["favoured"]["inpatient"]) < {family["id"] for family in offer["families"]}


def test_the_next_meeting_begins_as_the_last_one_did(desk, door_of, group):
    """Seats in their order without visitors, the families and the length of the last meeting; new members join the circle."""
    seats = [
        {"seat": s, "role": r} for s, r in (("B", ""), ("V", "visitor"), ("T", ""), ("A", ""), ("K", ""))
    ]
    first = door_of()
    first.post(**chosen(seats=seats, absent=[], planned=75, families=["conflict"], session="satu"))
    first.post("/api/close")
    first.close()
    sheet = door_of().get()["sheet"]
    assert [s["seat"] for s in sheet["seats"]] == ["B", "T", "A", "K", "C", "D"]
    assert (sheet["session"], sheet["number"], sheet["planned"]) == ("s2", 2, 75)
    assert sheet["families"] == ["floor", "phase", "conflict"]
    assert sheet["taken"] == ["satu"]


def test_what_is_opened_is_what_tk_session_open_opens(desk, door):
    """The first record is equal to the command's, but for its id, the names and the moment."""
    door.post(**chosen(settings={"setting": "outpatient", "level": "evocative", "seating": "circle_table"}))
    door.room.close()
    door.room.rest()
    done = subprocess.run(
        [sys.executable, "-m", "tkcore", "session", "open", "g/s2", "--seats", "T,K,A,B", "--absent", "B", "--planned", "90",
         "--setting", "outpatient", "--level", "evocative", "--set", "seating=circle_table", "--number", "1",
         "--captures", "explore,expression"],
        check=False, capture_output=True, text=True, env={**os.environ, "TK_WORKSPACE": str(desk.workspace.root)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    one, two = opened(desk, "g/s1"), opened(desk, "g/s2")
    same = {"id": "", "held": "", "logged": 0}
    assert replace(one, **same) == replace(two, **same)
    assert [(s.seat, s.scope) for s in one.seats][2:] == [("A", "full"), ("B", "floor_only")]
    assert (one.absent, one.planned, one.captures[0].families) == (("B",), 90 * 60_000, ("floor", "phase", "explore", "expression"))  # fmt: skip
    first, second = (read_session(desk.workspace, full, desk.disk).records[1] for full in ("g/s1", "g/s2"))
    assert (first.ts, type(first)) == (second.ts, type(second)) == (0, e.ClockTicked)


def test_the_same_page_goes_on_in_the_session_it_opened(door):
    """Before: no state; after: the state, taps, the same cookie, also for a server that begins again; and no second set-up."""
    assert door.request("GET", "/api/state").json() == {"error": {"reason": "before"}}
    assert door.request("GET", "/api/state").status_code == 409
    assert door.request("POST", "/api/entries", json={"entries": [], "session": "g/old"}).status_code == 409
    assert door.post(**chosen())["session"] == "g/s1"
    assert door.get("/api/state")["session"] == "g/s1"
    answers = door.post("/api/entries", entries=[{"id": "b" * 30, "line": "ab", "at": None}])["answers"]
    assert answers[0]["count"] == 1
    assert door.request("GET", "/api/before").json() == {"error": {"reason": "begun"}}

    def begun_again(session: str) -> Keys:
        return Keys(session, PORT, observer="obs1", file=door.keys.file, disk=door.desk.disk, now=door.desk.clocks.wall)  # fmt: skip

    cookies = "; ".join(f"{name}={value}" for name, value in door.cookies.items())
    assert begun_again("g/s1").knows(cookies)
    assert begun_again("g/s2").knows(cookies) is None


def test_sent_twice_it_is_one_session(desk, door):
    """The same form again, also at the same moment, answers with the same session; another form is refused."""

    async def both() -> list[httpx.Response]:
        transport = httpx.ASGITransport(door.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies=door.cookies) as client:
            headers = {"x-tkcore": "1", "origin": BASE}
            return await asyncio.gather(
                *(client.post("/api/before", headers=headers, json=chosen()) for _ in range(4))
            )

    assert {answer.json()["session"] for answer in door.run(both())} == {"g/s1"}
    assert door.post(**chosen())["session"] == "g/s1"
    assert "already" in door.post(status=409, **chosen(id="b" * 30, session="s2"))["error"]["reason"]
    assert desk.workspace.session_names() == ["g/s1"]
    assert (
        sum(isinstance(x, e.SessionOpened) for x in read_session(desk.workspace, "g/s1", desk.disk).records)
        == 1
    )


def test_who_asks_while_the_session_is_opened_leads_it(door):
    """A request that came in before there was a session, and is answered after, is the lead's and nobody else's."""

    async def together() -> list[httpx.Response]:
        transport = httpx.ASGITransport(door.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies=door.cookies) as client:
            headers = {"x-tkcore": "1", "origin": BASE}
            taken = asyncio.create_task(client.post("/api/before", headers=headers, json=chosen()))
            asked = [asyncio.create_task(client.get("/api/state")) for _ in range(3)]
            return await asyncio.gather(taken, *asked)

    taken, *asked = door.run(together())
    assert taken.status_code == 200
    assert {answer.json()["observer"] for answer in asked if answer.status_code == 200} == {"obs1"}


def test_the_clock_begins_with_the_opening(door, time):
    """A page that stood open for an hour before opens a session at zero."""
    door.get()
    time.go(3600)
    door.post(**chosen())
    assert door.get("/api/state")["clock"] == {"now": 0, "running": True}
    time.go(2)
    assert door.get("/api/state")["clock"]["now"] == 2000


def test_a_group_is_founded_with_its_first_session(desk, door):
    """A new group has the settings of the form; a name that is there, or is not, is said to be."""
    assert "there already" in door.wrong(founding=True)["group"]
    assert "no group" in door.wrong(group="melati")["group"]
    door.post(**chosen(founding=True, group="Melati", settings={"setting": "outpatient"}))
    status = group_standing(desk, "melati")
    assert status is not None
    assert status.opened()["setting"] == "outpatient"
    assert opened(desk, "melati/s1").setting == "outpatient"


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"group": ""}, {"group"}),
        ({"group": "../x"}, {"group"}),
        ({"session": " "}, {"session"}),
        ({"session": "Ibu Sri"}, {"session"}),
        ({"session": "<b>"}, {"session"}),
        ({"number": 0, "planned": 1441}, {"number", "planned"}),
        ({"settings": {"setting": "moon", "seating": "square"}}, {"setting", "seating"}),
        ({"seats": []}, {"seats"}),
        ({"seats": [{"seat": "A", "role": ""}] * 2}, {"seats"}),
        ({"seats": [{"seat": "Ana", "role": ""}]}, {"seats"}),
        ({"seats": [{"seat": "V", "role": "guest"}]}, {"seats"}),
        ({"seats": [{"seat": "E", "role": ""}]}, {"seats"}),
        ({"absent": list("TKAB")}, {"seats"}),
        ({"absent": ["Z"]}, {""}),
        ({"families": ["weather"]}, {"families"}),
        ({"observer": "Bu Sri"}, {"observer"}),
        ({"observer": ""}, {"observer"}),
    ],
)
def test_what_cannot_be_used_is_said_by_field(desk, door, changed, fields):
    """Each wrong field has a sentence of its own, in both languages, and nothing is stored."""
    english = door.wrong(**changed)
    indonesian = door.wrong(**changed, language="id")
    assert set(english) == set(indonesian) == fields
    assert all(english[field] and english[field] != indonesian[field] for field in fields)
    assert desk.workspace.session_names() == []
    assert door.request("GET", "/api/state").status_code == 409


def test_a_name_that_is_taken_is_not_opened_again(desk, door_of, group):
    """The session that is there stays as it is."""
    first = door_of()
    first.post(**chosen())
    first.close()
    assert "there already" in door_of().wrong(id="c" * 30)["session"]


def test_what_is_no_form_is_refused(door, desk):
    """Not JSON, another shape, too many seats, too large, no header, no cookie: the right status, nothing stored."""
    assert door.request("POST", "/api/before", content=b"{").status_code == 415
    many = [{"seat": "A", "role": ""}] * 201
    for body in ({"id": "x"}, {"seats": "TKA"}, {"seats": many}, {"settings": {"setting": 1}}, [1]):
        assert door.request("POST", "/api/before", json=body).status_code == 400
    assert door.request("POST", "/api/before", json={"session": "x" * (1 << 20)}).status_code == 413
    assert door.request("POST", "/api/before", json=chosen(), without=("x-tkcore",)).status_code == 403
    assert door.request("POST", "/api/before", json=chosen(), without=("origin",)).status_code == 403
    door.cookies = {}
    for method, path in (("POST", "/api/before"), ("GET", "/api/before"), ("POST", "/api/close"), ("GET", "/api/receipt")):  # fmt: skip
        assert door.request(method, path, json={}).status_code == 401
    assert desk.workspace.session_names() == []


def test_cautions_are_shown_before_and_block_nothing(door):
    """Asked beforehand, the codebook's cautions for such an opening come in both languages; nothing is opened by asking."""
    said = door.post(dry=True, **chosen())
    assert said["session"] == "g/s1"
    assert ["equal" in caution["en"] for caution in said["cautions"]] == [True]
    assert all(caution["id"] for caution in said["cautions"])
    alone = [{"seat": seat, "role": ""} for seat in "TAB"]
    assert door.post(dry=True, **chosen(seats=alone))["cautions"] == []
    assert door.request("GET", "/api/state").status_code == 409


def test_a_damaged_group_is_said(desk, door):
    """A group whose log does not verify opens nothing, and the page says why."""
    log = next(desk.workspace.group_log("g").glob("*.ndjson"))
    data = log.read_bytes()
    log.write_bytes(data.replace(b'"seat":"A"', b'"seat":"X"', 1))
    assert "damaged" in door.get()["sheet"]["problem"]
    assert "damaged" in door.wrong()["group"]


def test_open_sessions_are_gone_on_with(desk, door_of, group, typed):
    """Those that are open and live are listed, newest first; one is chosen; one whose time is given is not there."""
    typed("g/a", clock="live", held="2026-11-01T16:00:00+07:00").stop()
    typed("g/b", clock="live", held="2026-11-08T16:00:00+07:00").stop()
    typed("g/paper", clock="given").stop()
    door = door_of()
    assert [one["session"] for one in door.get()["running"]] == ["g/b", "g/a"]
    assert "tk record" in door.post(status=409, running="g/paper")["error"]["reason"]
    assert "no session" in door.post(status=409, running="g/none")["error"]["reason"]
    assert door.post(running="g/a") == door.post(running="g/a")
    assert door.get("/api/state")["session"] == "g/a"


def test_a_session_somebody_records_is_not_taken(desk, door_of, group, typed):
    """It is locked: the reason is said, and the page stays where it was."""
    typed("g/a", clock="live")
    door = door_of()
    reason = door.post(status=409, running="g/a")["error"]["reason"]
    assert f"process {os.getpid()}" in reason
    assert door.get()["running"][0]["session"] == "g/a"


def test_which_session_is_recorded_at_once(desk, typed):
    """The only one that is open, or the one named; with none, several, a new name or --new it is chosen on the page."""
    assert proposal(desk, None, new=False) is None
    typed("g/a", clock="live").stop()
    assert proposal(desk, None, new=False) == "g/a"
    assert proposal(desk, None, new=True) is None
    assert proposal(desk, "a", new=False) == "g/a"
    assert proposal(desk, "g/new", new=False) is None
    typed("g/b", clock="live").stop()
    assert open_ones(desk) == ["g/a", "g/b"]
    assert proposal(desk, None, new=False) is None
    with pytest.raises(NotFound):
        proposal(desk, "nowhere", new=False)
    with pytest.raises(NotAllowed):
        proposal(desk, "g/a", new=True)
    with pytest.raises(TkError):
        proposal(desk, "a", new=True)


def test_the_session_named_at_the_start_is_proposed(door_of, group):
    """`tk serve g/kedua` fills in the group and the session, of a group that is there or is to be founded."""
    sheet = door_of(proposed="g/kedua").get()["sheet"]
    assert (sheet["group"], sheet["session"], sheet["there"]) == ("g", "kedua", True)
    sheet = door_of(proposed="baru/satu").get()["sheet"]
    assert (sheet["group"], sheet["session"], sheet["there"], sheet["seats"][0]["seat"]) == ("baru", "satu", False, "T")  # fmt: skip


# -- the end -----------------------------------------------------------------------------------------------------


def test_the_page_ends_the_session(desk, door):
    """One `session.closed`, however often it is pressed; the receipt proves the log up to there, also after late taps."""
    door.post(**chosen())
    assert door.request("GET", "/api/receipt").status_code == 404
    first = door.post("/api/close")
    late = {"id": "b" * 30, "line": "ab", "at": 0}
    assert door.post("/api/entries", entries=[late])["answers"][0]["seq"] == first["seq"] + 1
    assert door.post("/api/close") == first == door.get("/api/receipt")
    records = read_session(desk.workspace, "g/s1", desk.disk).records
    assert [x.seq for x in records if isinstance(x, e.SessionClosed)] == [first["seq"]]
    assert len(first["words"]) == 8
    assert prove(desk.workspace.session("g/s1"), "g/s1", parse(" ".join(first["words"])), desk.disk) == ""
    state = door.get("/api/state")
    assert (state["closed"], state["clock"]["running"]) == (True, False)


def test_only_who_leads_ends_it(desk, door):
    """After the lead was handed over the page that had it is refused, and the session goes on."""
    door.post(**chosen())
    door.room.recorder.put(e.LeadPassed(lead="obs2"))
    assert "obs2" in door.post("/api/close", status=403)["error"]["reason"]
    assert door.get("/api/state")["closed"] is False


def ticks(door: Door, count: int) -> None:
    """Let the server's clock go round."""

    async def go() -> None:
        ticking = asyncio.ensure_future(_tick(door.room, door.trouble.append, door.closer, pause=0))
        for _ in range(count):
            await door.room.ask(lambda: None)
            await asyncio.sleep(0)
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)

    door.run(go())


def test_a_child_vouches_for_the_log_and_late_taps_still_come(desk, door):
    """After the end the lock is let go of once, a child packs the session, and the room takes what comes afterwards."""
    door.closer.child = closing(desk.workspace.root)
    door.post(**chosen())
    before = door.post("/api/entries", entries=[{"id": "b" * 30, "line": "ab", "at": None}])["answers"][0]
    door.post("/api/close")
    ticks(door, 20)
    folder = desk.workspace.session("g/s1")
    assert (folder / "MANIFEST").is_file()
    assert list(folder.glob("event-*.parquet"))
    assert door.trouble == []
    assert not door.closer.due()
    again = door.post("/api/entries", entries=[{"id": "b" * 30, "line": "ab", "at": None}])["answers"][0]
    assert (again["seq"], again["again"]) == (before["seq"], True)
    late = door.post("/api/entries", entries=[{"id": "c" * 30, "line": "ba", "at": 0}])["answers"][0]
    assert late["count"] == 1
    assert door.closer.due()
    news = [one.seq for one in door.room.news]
    assert news == sorted(set(news))


def test_while_the_log_is_let_go_of_nothing_is_lost(desk, door, typed):
    """Somebody else has the log: taps are told to wait (503), the trouble is told once, and then they are stored."""
    door.post(**chosen())
    door.post("/api/close")
    held = []

    def child(session: str) -> None:
        held.append(recorder_of(desk, session))  # it never lets go by itself

    door.closer.child = child
    ticks(door, 10)
    assert len(door.trouble) == 1
    tap = {"entries": [{"id": "b" * 30, "line": "ab", "at": 0}]}
    assert door.request("POST", "/api/entries", json=tap).status_code == 503
    assert door.request("GET", "/api/state").status_code == 503
    held[0].writer.close()
    ticks(door, 10)
    assert door.post("/api/entries", **tap)["answers"][0]["count"] == 1


def test_a_child_that_fails_is_told_and_the_session_stays_closed(desk, door):
    """What the child said is handed on; the log is whole and goes on taking late taps."""
    door.post(**chosen())
    door.post("/api/close")

    def child(session: str) -> None:
        raise NotAllowed("{session} is closed, but not packed: {error}", session=session, error="no room")

    door.closer.child = child
    ticks(door, 10)
    assert [str(error) for error in door.trouble] == ["g/s1 is closed, but not packed: no room"]
    assert door.closer.due(), "it is tried once more as the server ends"
    assert (
        door.post("/api/entries", entries=[{"id": "b" * 30, "line": "ab", "at": 0}])["answers"][0]["count"]
        == 1
    )


def test_a_session_that_cannot_be_sealed_is_not_begun(desk, door):
    """The first press meets a damaged key: nothing is recorded, the log is let go of; mended, the same press goes on."""
    made = []

    def sealing(session: str):
        made.append(session)
        if len(made) == 1:
            raise BadInput("no key")
        return seal(desk.workspace.root, session, desk.disk)

    door.room.sealing = sealing
    door.post(status=409, **chosen())
    assert not door.room.session
    door.post(**chosen())
    assert door.get("/api/state")["queue"]
    door.post(**chosen())
    assert made == ["g/s1"] * 2


def test_a_session_closed_and_never_packed_is_packed_when_it_is_served_again(desk, door_of, group):
    """The server was killed between the last record and the manifest: the next one sees to it."""
    first = door_of()
    first.post(**chosen())
    first.post("/api/close")
    first.close()
    second = door_of(session="g/s1")
    assert second.closer.due()
    ticks(second, 10)
    assert second.children == ["g/s1"]
