"""The two relations and their views in DuckDB: rows as NDJSON with explicit columns, Parquet where it is fresh.

Opened in this order, because allowed paths cannot be set after the lock: connect without extensions, load, allow
exactly the Parquet files, limit, lock. What is allowed can still be written, even by a SELECT (`with x as (copy ...)`):
`sandbox.py` therefore allows copies, never the archive's own files.
"""

from __future__ import annotations

import re
import tempfile
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, json

from tkcore.rows import KINDS, RecordRow, Row
from tkcore.views import PluginView, asked, select

if TYPE_CHECKING:
    import duckdb

_TYPES: dict[Any, str] = {
    str: "VARCHAR",
    int: "BIGINT",
    bool: "BOOLEAN",
    tuple[str, ...]: "VARCHAR[]",
    dict[str, str]: "MAP(VARCHAR, VARCHAR)",
}
RELATIONS = ("event", "record")


def columns_of(kind: type[Struct]) -> dict[str, str]:
    """Return a row type's columns and their DuckDB types."""
    found = {}
    for name, hint in typing.get_type_hints(kind).items():
        if not name.startswith("_") and name in kind.__struct_fields__:
            if isinstance(hint, UnionType):
                hint = next(part for part in typing.get_args(hint) if part is not type(None))  # noqa: PLW2901
            found[name] = _TYPES[hint]
    return {name: found[name] for name in kind.__struct_fields__}


def event_columns() -> dict[str, str]:
    """Return the columns of the wide relation `event`: `kind`, then every field of every kind."""
    wide = {"kind": "VARCHAR"}
    for kind in KINDS.values():
        for name, sql in columns_of(kind).items():
            assert wide.setdefault(name, sql) == sql, f"{name} has two types"
    return wide


def columns(relation: str) -> dict[str, str]:
    return event_columns() if relation == "event" else columns_of(RecordRow)


def view(kind: str) -> str:
    """Return the SELECT of a view: the kind's own columns, counted rows only."""
    return f"select {', '.join(KINDS[kind].__struct_fields__)} from event where kind = '{kind}' and counted"


def encode_rows(rows: Iterable[Row]) -> bytes:
    return b"".join(json.encode(row, order="deterministic") + b"\n" for row in rows)


def encode_records(rows: Iterable[RecordRow]) -> bytes:
    return b"".join(json.encode(row) + b"\n" for row in rows)


class PartFile(Struct, frozen=True):
    """A Parquet file of the archive, and the sessions it answers for; None: all it holds."""

    path: str
    sessions: tuple[str, ...] | None = None


class Sources(Struct, frozen=True, kw_only=True):
    """Where the relations come from: NDJSON that was just folded, Parquet of closed sessions, parts of the archive."""

    event: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    event_parquet: tuple[str, ...] = ()
    record_parquet: tuple[str, ...] = ()
    event_parts: tuple[PartFile, ...] = ()
    record_parts: tuple[PartFile, ...] = ()
    views: tuple[PluginView, ...] = ()
    """Of plugins' types, over `record`."""

    @property
    def files(self) -> tuple[str, ...]:
        """All Parquet files."""
        parts = (part.path for part in (*self.event_parts, *self.record_parts))
        return (*self.event_parquet, *self.record_parquet, *parts)


def words_of(sql: str) -> set[str]:
    return set(re.findall(r"[a-z_]+", sql.lower()))


def wants_record(sql: str, views: Iterable[PluginView] = ()) -> bool:
    """Whether a statement asks for relation `record`, by its name or through a plugin's view."""
    return "record" in words_of(sql) or bool(asked(sql, views))


def literal(text: str) -> str:
    """Return a text as SQL has it, whatever quotation marks are in it."""
    return "'" + text.replace("'", "''") + "'"


def _quoted(paths: Sequence[str]) -> str:
    return "[" + ", ".join(map(literal, paths)) + "]"


def load(con: duckdb.DuckDBPyConnection, sources: Sources, sql: str) -> None:
    """Make the relations, and of the views those whose names occur in the statement."""
    wanted = words_of(sql)
    if sources.files:
        con.execute(f"set allowed_paths = {_quoted(sources.files)}")
    for relation, folded, parquet, parts in (
        ("event", sources.event, sources.event_parquet, sources.event_parts),
        ("record", sources.record, sources.record_parquet, sources.record_parts),
    ):
        if relation == "record" and not wants_record(sql, sources.views):
            continue
        names = columns(relation)
        shape = ", ".join(f"{name} {kind}" for name, kind in names.items())
        con.execute(f"create table {relation}_folded ({shape})")
        if folded:
            read = ", ".join(f"{name}: '{kind}'" for name, kind in names.items())
            con.execute(
                f"insert into {relation}_folded by name select * from read_json({_quoted(folded)}, "
                f"format = 'newline_delimited', columns = {{{read}}}, maximum_object_size = 2097152)"
            )
        chosen = ", ".join(names)
        selects = [f"select {chosen} from {relation}_folded"]
        whole = [*parquet, *(part.path for part in parts if part.sessions is None)]
        if whole:
            selects.append(f"select {chosen} from read_parquet({_quoted(whole)})")
        for part in parts:
            if part.sessions is not None:
                some = ", ".join(map(literal, part.sessions))
                selects.append(
                    f"select {chosen} from read_parquet({literal(part.path)}) where session in ({some})"
                )
        con.execute(f"create view {relation} as {' union all '.join(selects)}")
    for kind in KINDS:
        if kind in wanted:
            con.execute(f"create view {kind} as {view(kind)}")
    for own in asked(sql, sources.views):
        con.execute(f"create view {own.view} as {select(own)}")


def connect(
    sources: Sources, sql: str, *, memory: str = "1GB", threads: int = 2
) -> duckdb.DuckDBPyConnection:
    """Return a locked connection that has what a statement may ask for."""
    import duckdb

    con = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",  # a name that is no relation is no variable of ours either
        },
    )
    load(con, sources, sql)
    con.execute(f"set memory_limit = '{memory}'")
    con.execute(f"set threads = {threads}")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def sql_over(
    rows: Iterable[Row],
    records: Callable[[], Iterable[RecordRow]] = tuple,
    views: tuple[PluginView, ...] = (),
) -> Callable[[str], list[tuple[Any, ...]]]:
    """Return a function that asks DuckDB about rows in memory; DuckDB loads with the first question.

    `records` gives the rows of relation `record`, made only for a question that needs them.
    """
    kept = list(rows)

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with tempfile.TemporaryDirectory(prefix="tkcore-") as folder:
            path = Path(folder) / "event.ndjson"
            path.write_bytes(encode_rows(kept))
            logged = Path(folder) / "record.ndjson"
            if wants_record(sql, views):
                logged.write_bytes(encode_records(records()))
            there = (str(logged),) if logged.exists() else ()
            con = connect(Sources(event=(str(path),), record=there, views=views), sql)
        try:
            return con.execute(sql).fetchall()
        finally:
            con.close()

    return ask
