"""Row 13: closing a session: both relations as Parquet, synced and renamed into place, and the manifest.

Beside it the cheapest thing one can do with the same rows: have DuckDB read them from NDJSON into tables, on a
connection that is there, synced nowhere. The rows are encoded before the clock starts; what closing costs with
verifying, folding and encoding stands in a line of its own.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb
from data import plan, record, workspace
from measure import Table, at_most, interleave, paired

from tkcore.archive import write_parquet
from tkcore.disk import Disk
from tkcore.log import scan
from tkcore.reading import books, read_session, records_of, rows_of
from tkcore.relations import columns, encode_records, encode_rows, literal
from tkcore.writer import vouch

READ, CLOSE = "read_json into tables, hot", "tkcore: Parquet, manifest, fsync, rename"
WHOLE, CONNECT = "the same with verify, fold, encode", "two DuckDB connections, opened and closed"


def closing(rounds: int, folder: Path) -> Table:
    with TemporaryDirectory(dir=folder) as fresh, duckdb.connect(":memory:", config={"threads": 2}) as con:
        desk = workspace(Path(fresh, "workspace"))
        name, disk, codebooks = "g/s", Disk(), books(desk.workspace)
        session = record(desk, name, plan(2, minutes=81))
        where = desk.workspace.session(name)
        found = scan(where, disk, name)
        encoded = {
            "event": encode_rows(rows_of(session, codebooks)),
            "record": encode_records(records_of(session, codebooks)),
        }
        count, statements = encoded["event"].count(b"\n"), []
        for relation, data in encoded.items():
            path = Path(fresh, f"{relation}.ndjson")
            path.write_bytes(data)
            shape = ", ".join(f"{column}: '{kind}'" for column, kind in columns(relation).items())
            statements.append(
                f"create or replace temp table {relation} as select * from read_json({literal(str(path))}, "
                f"format = 'newline_delimited', columns = {{{shape}}})"
            )

        def read() -> float:
            start = perf_counter()
            for statement in statements:
                con.execute(statement)
            return perf_counter() - start

        def close() -> float:
            start = perf_counter()
            vouch(where, found, write_parquet(where, encoded["event"], encoded["record"], disk), disk)
            return perf_counter() - start

        def whole() -> float:
            start = perf_counter()
            session = read_session(desk.workspace, name, disk)
            events, records = (
                encode_rows(rows_of(session, codebooks)),
                encode_records(records_of(session, codebooks)),
            )
            vouch(where, found, write_parquet(where, events, records, disk), disk)
            return perf_counter() - start

        def connect() -> float:
            start = perf_counter()
            for _ in encoded:
                duckdb.connect(":memory:").close()
            return perf_counter() - start

        def anew() -> None:
            for path in (*where.glob("*.parquet"), *where.glob("MANIFEST*")):
                path.unlink()

        sides = {READ: read, CLOSE: close, WHOLE: whole, CONNECT: connect}
        for side in sides.values():
            side()
        costs = interleave(sides, rounds, anew)
    return Table(
        "Closing a session",
        f"{rounds} rounds, {len(session.records):,} records, {count:,} rows of event.",
        ("side", "ms", "x read_json"),
        [
            (side, f"{1000 * median(cost):.1f}", str(paired(cost, costs[READ])))
            for side, cost in costs.items()
        ],
        (at_most(13, "closing / read_json of the same rows", 3, paired(costs[CLOSE], costs[READ])),),
    )
