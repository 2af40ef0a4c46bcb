"""Parquet of a closed session: derived, stamped with the head it was made from, rebuilt whenever it is not fresh."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tkcore.disk import Disk
from tkcore.log import Head
from tkcore.relations import columns

FORMAT = "1"
_ORDER = {"event": "kind, session, seq, n", "record": "session, seq"}


def write_parquet(folder: Path, events: bytes, records: bytes, head: Head, disk: Disk) -> tuple[Path, Path]:
    """Write a session's two relations as Parquet, synced and in place, and return their paths."""
    import duckdb

    made = []
    with tempfile.TemporaryDirectory(prefix="tkcore-") as place:
        for relation, data in (("event", events), ("record", records)):
            source, draft = Path(place) / f"{relation}.ndjson", Path(place) / f"{relation}.parquet"
            source.write_bytes(data)
            names = columns(relation)
            shape = ", ".join(f"{name}: '{kind}'" for name, kind in names.items())
            with duckdb.connect(":memory:") as con:
                con.execute("set threads = 1")
                con.execute(
                    f"copy (select {', '.join(names)} from read_json('{source}', format = 'newline_delimited', "
                    f"columns = {{{shape}}}, maximum_object_size = 2097152) order by {_ORDER[relation]}) to '{draft}' "
                    f"(format parquet, compression zstd, kv_metadata {{tkcore_format: '{FORMAT}', "
                    f"tkcore_seq: '{head.seq}', tkcore_h: '{head.h}'}})"
                )
            target = folder / f"{relation}.parquet"
            disk.store(target, draft.read_bytes())
            made.append(target)
    return made[0], made[1]


def fresh(folder: Path, head: Head) -> tuple[Path, Path] | None:
    """Return the Parquet of a session if it is whole and made from exactly this head."""
    paths = folder / "event.parquet", folder / "record.parquet"
    if not all(path.is_file() for path in paths):
        return None
    import duckdb

    wanted = {
        b"tkcore_format": FORMAT.encode(),
        b"tkcore_seq": str(head.seq).encode(),
        b"tkcore_h": head.h.encode(),
    }
    with duckdb.connect(":memory:") as con:
        for path in paths:
            try:
                stamped = dict(
                    con.execute("select key, value from parquet_kv_metadata(?)", [str(path)]).fetchall()
                )
                con.execute("select count(*) from read_parquet(?)", [str(path)]).fetchall()
            except duckdb.Error:
                return None
            if {name: stamped.get(name) for name in wanted} != wanted:
                return None
    return paths
