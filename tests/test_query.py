"""`tk query`: what is answered, how it is printed, and that no statement reaches the archive."""

from __future__ import annotations

import hashlib
import json
import re
import signal
from pathlib import Path

import pytest

from tkcore.archive import write_parquet
from tkcore.cli import run
from tkcore.cli.printing import table
from tkcore.cli.query import distinct
from tkcore.closing import close_session
from tkcore.errors import BadInput
from tkcore.opening import start
from tkcore.reading import books
from tkcore.relations import Sources, columns
from tkcore.sandbox import Job, _answer, _apart, _how, _taken, ask


@pytest.fixture
def place(typed, desk, monkeypatch):
    """A workspace with one closed session of two turns."""
    one = typed("g/s")
    one.say("@0:00 ab", "@0:05 ba !uu")
    one.stop()
    close_session(desk, "g/s", books(desk.workspace), 9000)
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    return desk.workspace.root


def archive(place):
    return {
        str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(place.rglob("*")) if p.is_file()
    }


def parquet(place, relation):
    return next((place / "groups/g/sessions/s").glob(f"{relation}*.parquet"))


def sources(place):
    return Sources(
        event_parquet=(str(parquet(place, "event")),), record_parquet=(str(parquet(place, "record")),)
    )


WRITES = (
    "copy (select * from event_folded) to '{p}' (format parquet, use_tmp_file false)", "attach '{p}.db'",
    "export database '{d}'", "import database '{d}'", "create table q as select 1", "create view q as select 1",
    "drop view event", "drop view if exists turn", "set memory_limit = '1TB'", "reset memory_limit", "pragma database_list",
    "install httpfs", "load httpfs", "insert into event_folded select * from event", "delete from event_folded",
    "update event_folded set ts = 0", "truncate event_folded", "alter table event_folded add column q int",
    "vacuum", "checkpoint", "call pragma_version()", "begin", "prepare q as select 1", "use main", "detach memory",
    "pivot event on kind using count(*)", "comment on view event is 'x'",
)  # fmt: skip
SELECTS = (
    "with x as (copy event_folded to '{p}' (format parquet, use_tmp_file false)) select * from x",
    "with x as /* ( */ (\n-- (\nCOPY event_folded to '{p}' (format parquet, use_tmp_file false)) select * from x",
    "select * from query('with x as (copy event_folded to ''{p}'' (format parquet, use_tmp_file false)) select * from x')",
    "with x as (insert into event_folded(kind) values ('x') returning kind) select * from x",
    "with x as (delete from event_folded returning kind) select * from x",
    "from read_csv('/etc/passwd')", "from read_text('/etc/hostname')", "from glob('/etc/*')", "from '/etc/passwd'",
    "from read_blob('{d}/tk.toml')", "from read_json_auto('{d}/groups/g/sessions/s/000000.ndjson')", "from read_parquet('{p}')",
    "from read_duckdb('{d}/x.db')", "from enable_logging(storage_path = '{d}/log')", "select getenv('HOME')", "from sniff_csv('/etc/passwd')",
    "select * from sources", "select * from job", "select * from sys",
)  # fmt: skip


def hostile():
    yield from (
        *WRITES,
        *SELECTS,
        "select 1; select 2",
        "select 1; drop view event",
        "",
        ";",
        "explain",
        "\0",
        "select 1\0",
    )
    for write in WRITES:
        for form in ("explain {}", "explain analyze {}", "EXPLAIN (analyze) {}", "explain (analyze, format json) {}", "/* é */ explain -- é\n analyze {}"):  # fmt: skip
            if form.startswith(("explain analyze", "/*")) or write.startswith(("copy", "create", "insert")):
                yield form.replace("{}", write)
    yield from (f"explain analyze {x}" for x in SELECTS[:5])


@pytest.mark.slow
def test_no_statement_reaches_the_archive(place):
    """Statements that write, leave the archive's files as they are and are refused in a sentence."""
    path = parquet(place, "event")
    before = archive(place)
    answered = []
    for statement in hostile():
        try:
            ask(statement.replace("{p}", str(path)).replace("{d}", str(place)), sources(place))
        except BadInput as error:
            assert str(error)
        else:
            answered.append(statement)
        assert archive(place) == before, statement
    assert answered == []


def test_what_may_be_read_is_a_copy(place, tmp_path, monkeypatch):
    """Should a statement that writes come through the check, it reaches a copy, not the archive."""
    monkeypatch.setattr("tkcore.sandbox._copies", lambda _: False)
    before = archive(place)
    sql = "with x as (copy (select 1 as q) to '{}' (format parquet, use_tmp_file false)) select * from x"
    apart = _apart(sql, sources(place), tmp_path)
    copy = apart.event_parquet[0]
    with pytest.raises(BadInput, match="disabled"):
        _answer(Job(sql=sql.format(parquet(place, "event")), sources=apart))
    size = Path(copy).stat().st_size
    _answer(Job(sql=sql.format(copy), sources=apart))
    assert Path(copy).stat().st_size != size
    assert archive(place) == before


@pytest.mark.parametrize(
    "sql",
    [
        "explain select 1", "explain analyze select * from turn", "explain (format json) select 1", "explain (select 1)",
        "EXPLAIN /* é ( */ ANALYZE -- é\n (format json) SELECT 'copy'", "describe turn", "select (1), '(copy'", "from turn",
        "select sum(seq) from record", "pivot event on kind in ('turn') using count(*)", "summarize turn",
    ],
)  # fmt: skip
def test_what_only_reads_is_answered(place, sql):
    """SELECT in all its forms, and the EXPLAIN of one."""
    assert ask(sql, sources(place)).columns


def test_values_json_has_not():
    """Numbers too large, not-a-number and dates have a form in JSON."""
    sql = "select 170141183460469231731687303715884105727::hugeint, 'nan'::double, date '2026-01-01', interval 1 day, '\\x41'::blob, true, 9223372036854775807"
    assert ask(sql, Sources()).rows == [
        ["170141183460469231731687303715884105727", None, "2026-01-01", "1 day, 0:00:00", "41", True, (1 << 63) - 1]
    ]  # fmt: skip


def test_a_parquet_without_its_columns(place, tmp_path):
    """A Parquet of another shape is named as what it is, not as want of memory."""
    import duckdb

    path = tmp_path / "event.parquet"
    duckdb.connect().execute(f"copy (select 'turn' as kind) to '{path}'")
    with pytest.raises(BadInput, match=r"not what this tkcore reads .* Remove the"):
        ask("select count(*) from turn", Sources(event_parquet=(str(path),)))


@pytest.mark.parametrize("code", [-signal.SIGKILL, -signal.SIGSEGV, -40, 1])
def test_a_child_that_dies(code):
    """Whatever ends the child, also a signal without a name, is said in a sentence."""
    with pytest.raises(BadInput, match="ended without an answer"):
        _taken(b"", int(code), 2 << 30)
    assert _how(-40) == "signal 40"


@pytest.mark.parametrize("deadline", ["nan", "-1", "0", "inf"])
def test_a_deadline_that_is_none(place, deadline):
    """Neither nan nor a number below zero is a deadline, and neither is a fault of ours."""
    assert run(["query", "select 1", f"--deadline={deadline}"]) in (2, 3)
    with pytest.raises(BadInput, match="deadline"):
        ask("select 1", Sources(), deadline=float(deadline))


def test_a_statement_that_is_no_text(place):
    """Bytes that are no UTF-8 are refused in a sentence."""
    assert run(["query", "select '\udcff'"]) == 3


@pytest.mark.parametrize("both", [("--session", "s", "--group", "g"), ("--json", "--csv")])
def test_options_that_contradict(place, both, capsys):
    """Two options that say two things are refused."""
    assert run(["query", "select 1", *both]) == 3
    assert "choose one" in capsys.readouterr().err


def test_columns_of_one_name(place, capsys):
    """No column hides another: repeated names get a number."""
    assert run(["query", "select sender, sender, sender from turn order by ts limit 1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"sender": "A", "sender_1": "A", "sender_2": "A"}]
    assert distinct(["a", "a_1", "a", "a"]) == ("a", "a_1", "a_2", "a_3")


def test_csv_has_json_where_there_is_no_text(place, capsys):
    """Lists, structs and booleans stand as JSON has them; what is missing is empty."""
    sql = (
        "select receivers, {'a': 1, 'b': [true]} as s, counted, phase, 'x' as t from turn order by ts limit 1"
    )
    assert run(["query", sql, "--csv"]) == 0
    assert (
        capsys.readouterr().out == 'receivers,s,counted,phase,t\n"[""B""]","{""a"":1,""b"":[true]}",true,,x\n'
    )


def test_a_table_too_wide_is_a_block_a_row(place, capsys):
    """Where words would be torn, each row is lines of column and value; what fits stays a table."""
    assert run(["query", "select * from turn order by ts"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^session +g/s$", out, re.MULTILINE)
    assert re.search(r"^receivers +B$", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 80
    table(["name", "text"], [["a", "many words " * 20]])
    assert "name" in capsys.readouterr().out.splitlines()[1]


def test_why_a_closed_session_is_read_from_its_log(place, desk, capsys):
    """A Parquet that is missing or altered is told apart from a log that went on."""
    parquet(place, "record").write_bytes(b"junk")
    assert run(["query", "select count(*) from turn", "--csv"]) == 0
    told = capsys.readouterr()
    assert "the Parquet of g/s is missing or damaged" in told.err
    assert told.out.endswith("\n2\n")
    one, writer = start(desk, "g/s", books(desk.workspace))
    one.enter("@0:02 !uu")
    writer.close()
    assert run(["query", "select count(*) from turn", "--csv"]) == 0
    assert "g/s has changed since it was closed" in capsys.readouterr().err


def test_paths_with_quotation_marks(desk, tmp_path, monkeypatch):
    """A temporary folder with a quotation mark in its name is as good as any."""
    odd = tmp_path / "o'b [1]"
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    made = write_parquet(odd, b"", b"", desk.disk)
    found = ask(
        "select * from record", Sources(event_parquet=(str(made[0]),), record_parquet=(str(made[1]),))
    )
    assert found.columns == tuple(columns("record"))


def test_a_misspelt_view_is_answered_with_the_views(place, capsys):
    """Views are made when they are named: what there is comes from us, not from the database's own tables."""
    assert run(["query", "select count(*) from tur"]) == 3
    said = capsys.readouterr().err
    assert ("There are: event, record, turn" in said, "pg_" in said) == (True, False)
