"""F14: what an open log cannot know of itself, its receipt does."""

from __future__ import annotations

import pytest
from fault_logs import FIRST, LOG, Quick, make

from tkcore.log import hash_of, scan
from tkcore.receipts import Receipt, parse, prove, words_of
from tkcore.writer import vouch


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "s"
    return folder, [one for many in make(folder) for one in many]


def test_f14_a_cut_between_two_records_is_caught_by_the_receipt(log, tried):
    """An open log cut after record i looks clean; every receipt from i+1 on says it is shorter, each earlier one holds."""
    folder, stored = log
    data = (folder / FIRST).read_bytes()
    for kept in range(len(stored) + 1):
        end = stored[kept].line.offset if kept < len(stored) else len(data)
        (folder / FIRST).write_bytes(data[:end])
        assert scan(folder, Quick(), LOG).damage is None
        for one in stored:
            receipt = Receipt(LOG, one.record.seq, hash_of(one.line.data))
            words = parse(" ".join(words_of(receipt)))
            for given in (receipt, words):
                said = prove(folder, LOG, given, Quick())
                assert (said == "") == (one.record.seq < kept)
                assert said == "" or "shorter" in said
                tried("F14")


def test_f14_a_cut_between_two_records_is_caught_by_the_manifest(log, tried):
    """Once closed, no receipt is needed to see the cut."""
    folder, stored = log
    data = (folder / FIRST).read_bytes()
    vouch(folder, scan(folder, Quick(), LOG), [], Quick())
    for one in stored:
        (folder / FIRST).write_bytes(data[: one.line.offset])
        assert scan(folder, Quick(), LOG).damage.kind == "corrupt"
        tried("F14")


def test_f14_another_history_of_the_same_length_is_caught(tmp_path, log, tried):
    """A log whose record i was another from the start fails every receipt from i on, and no earlier one."""
    _, stored = log
    for n in range(14):
        other = tmp_path / f"other-{n}"
        shape = [1, 1, 3, 1, 2, 1, 4, 1, 1, 2, 1, 3, 1, 2]
        shape[n] += 1
        make(other, shape)
        first = sum(shape[:n]) + shape[n] - 1
        for one in stored:
            said = prove(other, LOG, Receipt(LOG, one.record.seq, hash_of(one.line.data)), Quick())
            assert (said == "") == (one.record.seq < first)
            tried("F14")


def test_f14_a_word_copied_wrongly_is_mostly_seen(log, tried):
    """Of all receipts with one word replaced by its neighbour, none proves the log by mistake."""
    from mnemonic import Mnemonic

    known = list(Mnemonic("english").wordlist)
    folder, stored = log
    for one in stored:
        words = list(words_of(Receipt(LOG, one.record.seq, hash_of(one.line.data))))
        for at in range(8):
            wrong = [*words]
            wrong[at] = known[(known.index(words[at]) + 1) % 2048]
            tried("F14")
            try:
                receipt = parse(" ".join(wrong))
            except Exception as error:  # noqa: BLE001 - only our own refusal will do
                assert type(error).__name__ == "BadInput"
                continue
            assert prove(folder, LOG, receipt, Quick()) != ""
