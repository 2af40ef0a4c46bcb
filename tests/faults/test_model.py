"""F16: a state machine of appends, faults, crashes, power cuts, seals and reads against a list in memory."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

import pytest
from fault_logs import LOG, Quick, entry, is_kept, start, typed
from fault_world import World, lay, leaves
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tkcore.disk import Disk
from tkcore.errors import TkError
from tkcore.log import hash_of, scan
from tkcore.receipts import Receipt, prove
from tkcore.recovery import read
from tkcore.writer import vouch

FAULTS = st.sampled_from([("write", "EIO"), ("write", "ENOSPC"), ("write", "short"), ("write", "late"),
                          ("sync", "EIO"), ("rename", "EIO"), ("ftruncate", "EIO"), ("syncdir", "EIO"), ("open", "EIO")])  # fmt: skip


class Log(RuleBasedStateMachine):
    """The model is two lists: the ids acknowledged, and the entries tried since."""

    place: Path

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(dir=self.place))
        self.folder = self.home / "0" / "s"
        self.folder.parent.mkdir()
        self.cuts = self.n = 0
        self.acked: list[str] = []
        self.tried: list[list[str]] = []
        self.receipts: list[Receipt] = []
        self.writer = None
        self.world = World(self.folder.parent)
        self.due: list[tuple[str, str]] = []
        self.world.plan = self._plan

    def _plan(self, kind, *_):
        return self.due.pop()[1] if self.due and self.due[-1][0] == kind else None

    def teardown(self) -> None:
        if self.writer is not None:
            with self.world:
                self.due.clear()
                self.writer.close()
        shutil.rmtree(self.home)

    @rule(size=st.integers(1, 5), tick=st.booleans())
    def append(self, size, tick):
        """An entry is stored whole and acknowledged, or refused; refused, it counts for nothing once another is stored."""
        if self.writer is None:
            return
        self.n += 1
        events = entry(self.n, size, tick)
        with self.world:
            try:
                stored = self.writer.append(events)
            except TkError:
                self.tried.append(typed(events))
                return
        self.acked += typed(events)
        self.tried = []
        self.receipts.append(Receipt(LOG, stored[-1].record.seq, hash_of(stored[-1].line.data)))

    @rule(fault=FAULTS)
    def fail_next(self, fault):
        self.due = [fault]

    @precondition(lambda self: self.writer is None)
    @rule()
    def reopen(self):
        with self.world:
            try:
                self.writer, ledger = start(self.folder, Disk())
            except TkError:
                assert self.world.met, "refused without a fault"
                return
        had = typed(ledger)
        assert self.kept(had), had
        self.acked, self.tried = had, []

    @precondition(lambda self: self.writer is not None)
    @rule()
    def end(self):
        """The process ends, in order or not: the cache stays."""
        with self.world:
            self.due.clear()
            self.writer.close()
        self.writer = None

    @rule(seed=st.integers(0, 1 << 16))
    def power_cut(self, seed):
        """The power fails: of what was not synced some is there and some is not."""
        moment = self.world.moment()
        if self.writer is not None:
            with self.world:
                self.due.clear()
                self.writer.close()
            self.writer = None
        rng = random.Random(seed)
        state = rng.choice(list(leaves(moment, rng, 16)))
        self.cuts += 1
        root = lay(state, self.world.root, self.home / str(self.cuts))
        self.folder = root / "s"
        self.world = World(root, self._plan)

    @precondition(lambda self: self.writer is None)
    @rule()
    def seal(self):
        found = scan(self.folder, Quick(), LOG)
        if found.damage is None and found.segments and not self.tried:
            with self.world:
                self.due.clear()
                vouch(self.folder, found, [], Disk())

    def kept(self, ids) -> bool:
        """What a failed sync left, of one entry, stands until the next that is stored says that it does not count."""
        return any(is_kept(ids, self.acked, one) for one in ([], *self.tried))

    @invariant()
    def a_reader_finds_it(self):
        if not self.folder.is_dir():
            assert not self.acked
            return
        records, found = read(self.folder, Quick(), LOG)
        assert found.damage is None, found.damage
        ids = typed(records)
        assert self.kept(ids), ids
        assert [x.seq for x in records] == list(range(len(records)))

    @invariant()
    def receipts_hold(self):
        for receipt in self.receipts[-2:]:
            assert prove(self.folder, LOG, receipt, Quick()) == ""


def run(examples, tried, folder):
    count = 0

    class Counted(Log):
        place = folder

        def __init__(self) -> None:
            nonlocal count
            count += 1
            super().__init__()

    run_state_machine_as_test(
        Counted,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
        ),
    )  # fmt: skip
    tried("F16", count)


def test_f16_the_log_is_the_list(tried, tmp_path):
    """60 random histories agree with the model."""
    run(60, tried, tmp_path)


@pytest.mark.slow
def test_f16_the_log_is_the_list_500_times(tried, tmp_path):
    """500 random histories agree with the model."""
    run(500, tried, tmp_path)
