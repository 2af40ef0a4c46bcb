"""Sessions in the archive: each answers exactly once, at whatever moment, and corrections are seen at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tkcore import events as e
from tkcore.closing import close_session
from tkcore.disk import Disk
from tkcore.errors import WriteFailed
from tkcore.gathering import gather
from tkcore.parts import INDEX, compact, index_of, settled
from tkcore.reading import books
from tkcore.receipts import parse, prove, words_of
from tkcore.relations import connect


@pytest.fixture
def three(typed, desk):
    """Three closed sessions of two turns each."""
    made = []
    for n in (1, 2, 3):
        s = typed(f"g/s{n}", seats="T,A,B")
        s.say(f"@0:0{n} ab !uu", "@0:20 ba")
        s.stop()
        close_session(desk, s.name, books(desk.workspace), 30_000)
        made.append(s)
    return made


def turns(desk, tmp_path, names=None) -> dict[str, int]:
    """What a question over these sessions says: turns by session; and what was said beside it."""
    said: list[str] = []
    folder = Path(tmp_path) / "ask"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    sql = "select session, count(*) from turn group by all order by all"
    sources, left = gather(
        desk.workspace, names or desk.workspace.session_names(), books(desk.workspace), desk.disk, folder,
        lambda text, **_: said.append(text), lambda _: None,
    )  # fmt: skip
    assert left == []
    with connect(sources, sql) as con:
        found = dict(con.execute(sql).fetchall())
        assert con.execute("select count(distinct session) from event").fetchone() == (len(found),)
    turns.said = said
    turns.sources = sources
    return found


def archive(desk, **more):
    return compact(desk.workspace, books(desk.workspace), desk.disk, lambda _: None, **more)


def test_archived_sessions_answer_as_before(three, desk, tmp_path):
    """Compacting changes no answer, takes each closed session once, and does nothing the second time."""
    before = turns(desk, tmp_path)
    done = archive(desk)
    assert (done.sessions, done.written, done.parts) == (3, 3, 1)
    assert turns(desk, tmp_path) == before == {"g/s1": 2, "g/s2": 2, "g/s3": 2}
    assert (len(turns.sources.event_parts), turns.sources.event_parquet) == (1, ())
    assert archive(desk).written == 0


def test_a_part_is_ordered_and_of_whole_sessions(three, desk):
    """Rows come by kind, session and number; each session is in one part only."""
    done = archive(desk, part=12)
    index = index_of(desk.workspace, desk.disk)
    assert done.parts == len(index.parts) > 1
    assert sorted(n for p in index.parts for n in p.sessions) == ["g/s1", "g/s2", "g/s3"]
    for part in index.parts:
        path = desk.workspace.archive / part.files[0].name
        with duckdb.connect() as con:
            rows = con.execute(f"select kind, session, seq, n from read_parquet('{path}')").fetchall()
        assert rows == sorted(rows)


def test_open_closed_and_archived_are_one(three, typed, desk, tmp_path):
    """A question over an open session, closed ones and archived ones meets each once."""
    archive(desk)
    late = typed("g/s4", seats="T,A,B")
    late.say("@0:01 ta")
    later = typed("g/s5", seats="T,A,B")
    later.say("@0:01 ta", "@0:02 at", "@0:03 tb")
    later.stop()
    close_session(desk, "g/s5", books(desk.workspace), 10_000)
    assert turns(desk, tmp_path) == {"g/s1": 2, "g/s2": 2, "g/s3": 2, "g/s4": 1, "g/s5": 3}
    assert turns(desk, tmp_path, ["g/s2", "g/s4"]) == {"g/s2": 2, "g/s4": 1}


def test_yesterdays_session_is_corrected(three, desk, tmp_path):
    """A correction after archiving is seen once before and after the next archive; yesterday's words still prove."""
    archive(desk)
    s = three[1]
    receipt = close_session(desk, s.name, books(desk.workspace))
    s.start()
    s.say("@0:25 ta")
    s.stop()
    expected = {"g/s1": 2, "g/s2": 3, "g/s3": 2}
    assert turns(desk, tmp_path) == expected
    assert any("changed since it was closed" in text for text in turns.said)
    close_session(desk, s.name, books(desk.workspace))
    assert turns(desk, tmp_path) == expected
    assert archive(desk).written >= 1
    assert turns(desk, tmp_path) == expected
    assert turns.sources.event_parquet == ()
    words = parse(" ".join(words_of(receipt)))
    assert prove(desk.workspace.session(s.name), s.name, words, desk.disk) == ""


class Stopping(Disk):
    """A disk that stops at the nth step of putting things in place."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def _step(self):
        self.left -= 1
        if self.left < 0:
            raise OSError(28, "No space left on device")

    def replace(self, source, target):
        self._step()
        super().replace(source, target)

    def remove(self, path):
        self._step()
        super().remove(path)


@pytest.mark.parametrize("steps", range(8))
def test_an_interrupted_compaction_changes_nothing(three, desk, tmp_path, steps):
    """Wherever it stops, every question has its answer, and the next compaction succeeds."""
    archive(desk, part=12)
    s = three[0]
    s.start()
    s.say("@0:25 ta")
    s.stop()
    close_session(desk, s.name, books(desk.workspace))
    expected = {"g/s1": 3, "g/s2": 2, "g/s3": 2}
    try:
        compact(desk.workspace, books(desk.workspace), Stopping(steps), lambda _: None, part=12)
    except (OSError, WriteFailed):
        assert steps < 6
    assert turns(desk, tmp_path) == expected
    archive(desk)
    assert turns(desk, tmp_path) == expected
    archive(desk)
    named = {f.name for p in index_of(desk.workspace, desk.disk).parts for f in p.files}
    assert named <= {p.name for p in desk.workspace.archive.glob("*.parquet")}


def test_a_reader_that_began_before_goes_on(three, desk, tmp_path):
    """What an index named is still there after the next compaction."""
    archive(desk)
    turns(desk, tmp_path)
    before = turns.sources
    s = three[0]
    s.start()
    s.say("@0:25 ta")
    s.stop()
    close_session(desk, s.name, books(desk.workspace))
    archive(desk)
    with connect(before, "select session from turn") as con:
        assert len(con.execute("select session from turn").fetchall()) == 6


@pytest.mark.parametrize("what", ["flip", "delete", "index"])
def test_a_damaged_archive_is_left_aside(three, desk, tmp_path, what):
    """A damaged part or index gives no wrong answer: the sessions' own files answer, and the archive is made anew."""
    archive(desk)
    path = next(desk.workspace.archive.glob("event-*.parquet"))
    if what == "index":
        (desk.workspace.archive / INDEX).write_text("{")
    elif what == "delete":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(bytes(data))
    assert turns(desk, tmp_path) == {"g/s1": 2, "g/s2": 2, "g/s3": 2}
    assert turns.sources.event_parts == ()
    assert archive(desk).written == 3
    assert turns(desk, tmp_path) == {"g/s1": 2, "g/s2": 2, "g/s3": 2}
    assert len(turns.sources.event_parts) == 1


def test_only_what_closing_left_is_settled(three, desk):
    """A record more, a segment more or a missing manifest, and a session is read from its log."""
    folder = desk.workspace.session("g/s1")
    assert settled(folder, desk.disk) is not None
    s = three[0]
    s.start()
    assert settled(folder, desk.disk) is not None
    s.recorder.put(e.NoteWritten(about=(), words="0" * 64))
    s.stop()
    assert settled(folder, desk.disk) is None
    (desk.workspace.session("g/s2") / "MANIFEST").unlink()
    assert settled(desk.workspace.session("g/s2"), desk.disk) is None
