"""Closing a session: its last record, the derived Parquet, the manifest, the receipt."""

from __future__ import annotations

from collections.abc import Sequence

from tkcore import codebook as cb
from tkcore.archive import fresh, write_parquet
from tkcore.events import SessionClosed
from tkcore.log import scan
from tkcore.opening import Desk, start
from tkcore.reading import read_session, records_of, rows_of
from tkcore.receipts import Receipt
from tkcore.recovery import refusal, unwritable
from tkcore.relations import encode_records, encode_rows
from tkcore.writer import vouch


def close_session(desk: Desk, full: str, codebooks: Sequence[cb.Codebook], ts: int | None = None) -> Receipt:
    """Close a session, or vouch anew for one that has got corrections since; one that has not stays as it is.

    `ts` is its end on the session clock, now if None. Raises Locked while somebody records, Damaged.
    """
    folder = desk.workspace.session(full)
    before = read_session(desk.workspace, full, desk.disk)
    if any(isinstance(x, SessionClosed) for x in before.records) and fresh(folder, before.scan):
        return Receipt(full, before.scan.head.seq, before.scan.head.h)
    recorder, writer = start(desk, full, codebooks)
    try:
        if recorder.now.closed is None:
            recorder.close_session(ts)
        found = scan(folder, desk.disk, full)
        if found.damage is not None:
            raise refusal(full, found.damage)
        session = read_session(desk.workspace, full, desk.disk)
        parquet = write_parquet(
            folder, encode_rows(rows_of(session, codebooks)), encode_records(records_of(session, codebooks)), desk.disk
        )  # fmt: skip
        vouch(folder, found, parquet, desk.disk)
        for path in folder.glob("*.parquet"):
            if path not in parquet:
                desk.disk.remove(path)  # of an earlier tkcore's rows
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        writer.close()
    return Receipt(full, found.head.seq, found.head.h)
