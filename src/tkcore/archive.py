"""Parquet of a closed session: derived, stamped with the head it was made from, rebuilt whenever it is not fresh."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tkcore.disk import Disk
from tkcore.log import Head, Scan, weigh
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


def fresh(folder: Path, found: Scan) -> tuple[Path, Path] | None:
    """Return the Parquet of a session if it is byte for byte what closing vouched for at exactly this head."""
    manifest = found.manifest
    if manifest is None or Head(manifest.seq, manifest.h) != found.head:
        return None
    disk = Disk()
    for file in manifest.parquet:
        path = folder / file.name
        if not path.is_file() or path.stat().st_size != file.size or weigh(path, disk) != file:
            return None
    names = {file.name for file in manifest.parquet}
    paths = folder / "event.parquet", folder / "record.parquet"
    return paths if names == {path.name for path in paths} else None
