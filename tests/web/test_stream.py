"""What is stored is told to whoever listens: all of it, in order, nothing twice."""

from __future__ import annotations

import asyncio
import json

import pytest

from tkcore.web.stream import TOGETHER, begins, told

SCRIPT = [
    "T>A",
    "!gg",
    "A>T !uu !ui",
    "~",
    "A>T",
    "!rn^2",
    "~3: T!gd",
    "_",
    "&",
    ";",
    "%work",
    "~B=C,C=B",
    "-c:short",
    "+c",
]


def parsed(text: str) -> list[dict]:
    """The messages of a stream, each with its id; beats are none."""
    found = []
    for part in text.split("\n\n"):
        lines = [line for line in part.split("\n") if line and not line.startswith((":", "retry"))]
        if lines:
            fields = dict(line.split(": ", 1) for line in lines)
            assert set(fields) == {"id", "data"}
            data = json.loads(fields["data"])
            assert data["seq"] == int(fields["id"])
            found.append(data)
    return found


def heard(tab, after: int) -> list[dict]:
    """What a listener hears who begins after a record, up to now."""

    async def go() -> str:
        text = ""
        async for chunk in told(tab.room, after, "obs1", beat=0.001):
            if chunk == b": beat\n\n":
                return text
            text += chunk.decode()
        return text

    return parsed(tab.run(go()))


def test_every_record_of_interest_is_told_once_in_order(tab):
    """Ticks, the opening and the recorder's own records are none; everything that was tapped is."""
    answers = tab.tap(*SCRIPT)
    messages = heard(tab, -1)
    wanted = [(a["id"], a["seq"] + n) for a in answers for n in range(a["count"])]
    assert [(m["entry"], m["seq"]) for m in messages] == wanted
    assert {m["observer"] for m in messages} == {"obs1"}
    fields = {"seq", "entry", "id", "ts", "text", "kind", "state", "observer"}
    assert all(set(m) - {"changes"} == fields for m in messages)


def test_a_listener_who_comes_back_misses_nothing_and_hears_nothing_twice(tab):
    """Wherever the link broke: what was heard before and after is the whole."""
    tab.tap(*SCRIPT)
    whole = heard(tab, -1)
    for cut in range(len(whole) + 1):
        last = whole[cut - 1]["seq"] if cut else -1
        assert whole[:cut] + heard(tab, last) == whole


def test_a_listener_hears_what_comes_while_he_listens(tab):
    """Records that are stored after he began reach him at once, without a beat between."""

    async def go() -> list[dict]:
        text, listening = "", told(tab.room, tab.room.head, "obs1", beat=30)
        await anext(listening)
        waiting = asyncio.ensure_future(anext(listening))
        await asyncio.sleep(0)
        assert not waiting.done()
        for line in ("T>A", "!gg"):
            await tab.room.ask(tab.recorder.enter, line)
            text += (await waiting).decode()
            waiting = asyncio.ensure_future(anext(listening))
            await asyncio.sleep(0)
        tab.room.end()
        with pytest.raises(StopAsyncIteration):
            await waiting
        return parsed(text)

    assert [m["text"] for m in tab.run(go())] == ["T>A", "T!gg>A"]


def test_hundreds_at_once_are_told_in_parts(tab):
    """A listener who comes late gets no more than so many in one piece, and all of them."""
    for n in range(2 * TOGETHER + 1):
        tab.recorder.enter("ab" if n % 2 else "ba")
    tab.run(tab.room.ask(tab.recorder.tick))

    async def go() -> list[int]:
        sizes = []
        async for chunk in told(tab.room, -1, "obs1", beat=0.001):
            if chunk == b": beat\n\n":
                return sizes
            sizes.append(len(parsed(chunk.decode())))
        return sizes

    assert tab.run(go()) == [0, TOGETHER, TOGETHER, 1]


def test_where_nothing_comes_there_is_a_beat(tab):
    """The stream begins with a sign of life, and gives one each time nothing has come for so long."""

    async def go() -> list[bytes]:
        listening = told(tab.room, tab.room.head, "obs1", beat=0.001)
        return [await anext(listening) for _ in range(3)]

    assert tab.run(go()) == [b"retry: 1000\n: beat\n\n", b": beat\n\n", b": beat\n\n"]


def test_a_listener_begins_where_he_says(tab):
    """After the last he had, else after the one he names, else at the present; what is no number counts for nothing."""
    tab.tap("T>A", "A>T")
    head = tab.room.head
    said = {
        ("2", None): 2, (None, "2"): 2, ("2", "3"): 2, (None, None): head, ("x", "1"): 1, ("-1", None): -1, ("0", None): 0,
        ("99999", None): head, ("9" * 30, None): head, ("٣", None): head, ("1.5", "-2"): head, ("", None): head,
    }  # fmt: skip
    assert {asked: begins(tab.room, *asked) for asked in said} == said


def test_an_undo_says_what_it_has_changed(tab):
    """The retraction names the records that no longer hold, its own taking back those that hold again."""
    answers = tab.tap("A>T !uu", "~", "~4")
    messages = {m["seq"]: m for m in heard(tab, -1)}
    assert [a["seq"] for a in answers] == [2, 4, 6]
    assert [(m["kind"], m["text"]) for m in messages.values()][2:4] == [
        ("record.retracted", "~2"),
        ("record.retracted", "~3"),
    ]
    assert [(c["seq"], c["state"]) for c in messages[5]["changes"]] == [(3, "retracted")]
    assert {(c["seq"], c["state"]) for c in messages[6]["changes"]} == {(2, "effective"), (4, "retracted")}


def test_a_correction_says_the_new_line(tab):
    """An amended turn and the codes that follow it are told as they are since."""
    tab.tap("A>B", "!uu", "~2: C>B")
    changes = {c["seq"]: (c["text"], c["state"]) for m in heard(tab, 3) for c in m.get("changes", ())}
    assert changes == {2: ("C>B", "amended"), 3: ("C!uu>B", "amended")}


def test_an_exchange_says_every_line_it_has_changed(tab, time):
    """Turns and codes of the stretch are told with the right seats."""
    tab.tap("A>B", "!uu")
    time.go(1)
    tab.tap("~A=C,C=A")
    (message,) = heard(tab, 3)
    assert [c["text"] for c in message["changes"]] == ["C>B", "C!uu>B"]


def test_a_log_that_names_itself_ends(tab):
    """A correction of itself, which no line says, is told and changes nothing."""
    from tkcore import events as e

    seq = tab.recorder.head.seq + 1
    tab.recorder._store([e.RecordRetracted(record_id="e" * 30 + "00", id="e" * 30 + "00", observer="obs1")])
    tab.run(tab.room.ask(tab.recorder.clock))
    assert [(m["seq"], m.get("changes")) for m in heard(tab, seq - 1)] == [(seq, None)]


def test_after_a_restart_the_stream_is_the_same(tab):
    """A new server of the same log tells the same rows under the same numbers, as they hold now."""
    from tkcore.web.room import Room

    tab.tap(*SCRIPT)
    before = {m["seq"]: m for m in heard(tab, -1)}
    room = Room(tab.recorder)
    after = {m["seq"]: m for m in (json.loads(news.data) for news in room.news)}
    room.close()
    assert after.keys() == before.keys()
    for changed in before.values():
        for row in changed.get("changes", ()):
            before[row["seq"]] = {**before[row["seq"]], **row}
    assert [{**m, "changes": None} for m in after.values()] == [
        {**m, "changes": None} for m in before.values()
    ]
