"""Row 6: a question about an open session of 3,000 records, in a process that is running already.

The unguarded side lets DuckDB read the log as it lies there: explicit columns, one GROUP BY. It fails on a torn line,
believes a changed one and knows no correction. tkcore verifies the log, decodes it, makes the rows (of `record`: what
has become of each record; of `event`: the projection), encodes them, loads them and answers, on a connection that is
there. The last line is what a plugin's `session.sql` does: rows in memory, a connection of its own, locked.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb
from data import plan, record, workspace
from measure import Table, at_most, interleave, paired

from tkcore.reading import books, read_session, records_of, rows_of
from tkcore.relations import Sources, encode_records, encode_rows, literal, load, sql_over

RECORDS = 3000
UNGUARDED, RECORD, EVENT = "unguarded read_json", "tkcore, relation record", "tkcore, relation event"
BY_TYPE = "select t, count(*) from {} group by t"
BY_KIND = "select kind, count(*) from event group by kind"
BY_SENDER = "select sender, count(*), sum(dur) from turn group by sender"
ENVELOPE = "{t: 'VARCHAR', v: 'BIGINT', seq: 'BIGINT', id: 'VARCHAR', ts: 'BIGINT', logged: 'BIGINT', observer: 'VARCHAR'}"


def query(rounds: int, folder: Path) -> Table:
    with TemporaryDirectory(dir=folder) as fresh, duckdb.connect(":memory:", config={"threads": 2}) as con:
        desk = workspace(Path(fresh, "workspace"))
        name, codebooks = "g/s", books(desk.workspace)
        count = len(record(desk, name, plan(2, minutes=240)).records)
        log = next(desk.workspace.session(name).glob("*.ndjson"))
        rows = Path(fresh, "rows.ndjson")

        def unguarded() -> float:
            start = perf_counter()
            con.execute(
                BY_TYPE.format(
                    f"read_json({literal(str(log))}, format = 'newline_delimited', columns = {ENVELOPE})"
                )
            ).fetchall()
            return perf_counter() - start

        def guarded(sql: str, relation: str) -> Callable[[], float]:
            def once() -> float:
                start = perf_counter()
                session = read_session(desk.workspace, name, desk.disk)
                if relation == "record":
                    rows.write_bytes(encode_records(records_of(session, codebooks)))
                    load(con, Sources(record=(str(rows),)), sql)
                else:
                    rows.write_bytes(encode_rows(rows_of(session, codebooks)))
                    load(con, Sources(event=(str(rows),)), sql)
                con.execute(sql).fetchall()
                cost = perf_counter() - start
                for kind, thing in con.execute(THINGS).fetchall():
                    con.execute(f"drop {kind} if exists {thing} cascade")
                return cost

            return once

        kept = rows_of(read_session(desk.workspace, name, desk.disk), codebooks)

        def own_connection() -> float:
            start = perf_counter()
            sql_over(kept)(BY_KIND)
            return perf_counter() - start

        sides = {
            UNGUARDED: unguarded,
            RECORD: guarded(BY_TYPE.format("record"), "record"),
            EVENT: guarded(BY_KIND, "event"),
            EVENT + ", view turn": guarded(BY_SENDER, "event"),
            "rows in memory, own locked connection": own_connection,
        }
        for side in sides.values():
            side()
        costs = interleave(sides, rounds, lambda: None)
    bare = costs[UNGUARDED]
    return Table(
        "A question about an open session",
        f"{rounds} rounds, {count:,} records, {len(kept):,} rows, hot.",
        ("side", "ms", "x unguarded"),
        [(side, f"{1000 * median(cost):.1f}", str(paired(cost, bare))) for side, cost in costs.items()],
        (
            at_most(6, "guarded query of record / unguarded read_json", 2.5, paired(costs[RECORD], bare)),
            at_most(6, "guarded query of event / unguarded read_json", 8, paired(costs[EVENT], bare)),
        ),
    )


THINGS = (
    "select 'view', view_name from duckdb_views() where not internal "
    "union all select 'table', table_name from duckdb_tables()"
)
