"""Parquet of a closed session: derived, vouched for with the head it was made at, rebuilt whenever it is not fresh."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tkcore.disk import DERIVED, Disk
from tkcore.log import Head, Scan
from tkcore.manifest import weigh
from tkcore.relations import RELATIONS, columns, literal

if TYPE_CHECKING:
    import duckdb

FOLD = 1
"""Raised whenever the projection says something else of the same log."""
FORMAT = f"{FOLD}-{sha256(repr([columns(r) for r in RELATIONS]).encode()).hexdigest()[:8]}"
"""What the derived rows are like: files of another one are made anew."""
_ORDER = {"event": "kind, session, seq, n", "record": "session, seq"}


def parquet_name(relation: str) -> str:
    return f"{relation}-{FORMAT}.parquet"


def write_parquet(folder: Path, events: bytes, records: bytes, disk: Disk) -> tuple[Path, Path]:
    """Write a session's two relations as Parquet, synced and in place, and return their paths."""
    made = []
    with tempfile.TemporaryDirectory(prefix="tkcore-") as place, connected(Path(place)) as con:
        for relation, data in (("event", events), ("record", records)):
            source, draft = Path(place) / f"{relation}.ndjson", Path(place) / f"{relation}.parquet"
            source.write_bytes(data)
            copy_sorted(con, relation, [], source, draft)
            made.append(folder / parquet_name(relation))
            disk.store(made[-1], draft.read_bytes(), mode=DERIVED)
    return made[0], made[1]


def connected(place: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection that sorts more than its memory holds, with files in `place`."""
    import duckdb

    con = duckdb.connect(":memory:")
    con.execute("set threads = 2")
    con.execute("set memory_limit = '1GB'")
    con.execute(f"set temp_directory = {literal(str(place / 'spill'))}")
    return con


def copy_sorted(
    con: duckdb.DuckDBPyConnection, relation: str, parquet: Sequence[Path], ndjson: Path, draft: Path
) -> None:
    """Write rows of one relation, from Parquet files and from NDJSON, to one Parquet file in the archive's order."""
    names = columns(relation)
    chosen = ", ".join(names)
    shape = ", ".join(f"{name}: '{kind}'" for name, kind in names.items())
    rows = (
        f"select {chosen} from read_json({literal(str(ndjson))}, format = 'newline_delimited', "
        f"columns = {{{shape}}}, maximum_object_size = 2097152)"
    )
    if parquet:
        files = ", ".join(literal(str(path)) for path in parquet)
        rows += f" union all select {chosen} from read_parquet([{files}])"
    con.execute(
        f"copy ({rows} order by {_ORDER[relation]}) to {literal(str(draft))} (format parquet, compression zstd)"
    )


def fresh(folder: Path, found: Scan) -> tuple[Path, Path] | None:
    """Return the Parquet of a session if it is byte for byte what closing vouched for at exactly this head."""
    manifest = found.manifest
    if manifest is None or Head(manifest.seq, manifest.h) != found.head:
        return None
    vouched = {file.name: file for file in manifest.parquet}
    paths = []
    for relation in RELATIONS:
        path = folder / parquet_name(relation)
        file = vouched.get(path.name)
        if (
            file is None
            or not path.is_file()
            or path.stat().st_size != file.size
            or weigh(path, Disk()) != file
        ):
            return None
        paths.append(path)
    return paths[0], paths[1]
