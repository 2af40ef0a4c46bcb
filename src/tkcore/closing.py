"""Closing a session: its last record, the derived Parquet, the manifest, the receipt."""

from __future__ import annotations

from collections.abc import Sequence

from tkcore import codebook as cb
from tkcore.archive import fresh, write_parquet
from tkcore.events import SessionClosed
from tkcore.log import Receipt, scan, vouch
from tkcore.opening import Desk, start
from tkcore.reading import Read, records_of, rows_of
from tkcore.recovery import refusal
from tkcore.relations import encode_records, encode_rows


def close_session(desk: Desk, full: str, codebooks: Sequence[cb.Codebook], ts: int | None = None) -> Receipt:
    """Close a session, or vouch anew for one that has got corrections since.

    `ts` is its end on the session clock, now if None. Raises Locked while somebody records, Damaged.
    """
    folder = desk.workspace.session(full)
    recorder, writer = start(desk, full, codebooks)
    try:
        if not any(isinstance(x, SessionClosed) for x in recorder.effective.records):
            recorder.close_session(ts)
        found = scan(folder, desk.disk)
        if found.damage is not None:
            raise refusal(full, found.damage)
        if (
            found.manifest is None
            or found.manifest.seq != found.head.seq
            or fresh(folder, found.head) is None
        ):
            session = Read(full, found, found.records())
            parquet = write_parquet(
                folder,
                encode_rows(rows_of(session, codebooks)),
                encode_records(records_of(session)),
                found.head,
                desk.disk,
            )
            vouch(folder, found, parquet, desk.disk)
    finally:
        writer.close()
    return Receipt(full, found.head.seq, found.head.h)
