"""F5, F7 and F8 under a simulated operating system: every call fails, in every way, and the power fails at every call.

The stories below are what a log goes through. Each runs once with the power failing before every one of its calls,
in every state that may leave, and again with every call of every kind failing in every way. `Tale` keeps what was
acknowledged; `settled` says what must be true of whatever is left.
"""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from fault_logs import FIRST, LOG, SHAPE, Quick, entry, go_on, is_kept, make, start, typed
from fault_world import Killed, World, lay, leaves, wipe

from tkcore.disk import Disk
from tkcore.errors import TkError
from tkcore.log import scan
from tkcore.recovery import accept_loss, read
from tkcore.writer import vouch

KINDS = ("open", "write", "pwrite", "sync", "syncdir", "ftruncate", "rename", "unlink", "mkdir", "close")
FAULTS = [
    *((kind, "EIO") for kind in KINDS),
    *(pytest.param(kind, fault, marks=pytest.mark.slow) for kind in KINDS for fault in ("ENOSPC", "late")),
    ("write", "short"),
    ("pwrite", "short"),
]
"""`late`: the deed is done and an error reported all the same."""
ADVICE = ("try again", "heck the disk", "opy the folder", "Make room", "tk verify")


class Stopped(Exception):
    """The client has given up: what it wanted is refused every time."""


class Tale:
    """A log that goes through something, its client sending again what was refused."""

    def __init__(self, world: World, folder) -> None:
        self.world, self.folder, self.disk = world, folder, Disk()
        self.refused = 0
        self.next = 0

    def try_(self, act):
        """Do something up to four times; what it raises must be ours, and say what to do."""
        for _ in range(4):
            try:
                return act()
            except TkError as error:
                assert any(word in str(error) for word in ADVICE), str(error)
                self.refused += 1
        raise Stopped

    def open(self):
        writer, ledger = self.try_(lambda: start(self.folder, self.disk))
        had = typed(ledger)
        assert is_kept(had, self.world.acked, self.world.trying)
        # what an unacknowledged entry left counts from now on: the client hears so when it sends it again
        self.world.acked, self.world.trying = had, []
        return writer

    def append(self, writer, size=1, tick=False):
        self.next += 1
        events = entry(self.next, size, tick)
        self.world.trying = typed(events)
        stored = self.try_(lambda: writer.append(events))
        assert typed(one.record for one in stored) == self.world.trying
        self.world.acked += self.world.trying
        self.world.trying = []

    def close(self, writer):
        self.try_(writer.close)

    def seal(self):
        found = scan(self.folder, self.disk, LOG)
        if found.damage is None and found.segments:
            self.try_(lambda: vouch(self.folder, found, [], self.disk))

    def session(self, shape, tick=False):
        writer = self.open()
        try:
            for size in shape:
                self.append(writer, size, tick)
        finally:
            self.close(writer)

    # -- stories --

    def new(self):
        """Create, 20 appends, close, seal, go on, seal again."""
        self.session((1, 3, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 1, 1, 5, 1, 1, 1, 1, 1))
        self.seal()
        self.session((2,), tick=True)
        self.seal()

    def go_on(self):
        """Open what is there, whatever state it is in, and append."""
        self.session((1, 2))

    def decide(self):
        """A person accepts the loss of an altered last line; the log goes on."""
        damage = scan(self.folder, self.disk, LOG).damage
        if damage is not None and damage.kind == "damaged_tail":
            self.try_(lambda: accept_loss(self.folder, LOG, self.disk, now="now", logged=5))
        self.session((1,))


def whole(folder):
    make(folder, SHAPE[:4], Quick())


def torn(folder):
    whole(folder)
    data = (folder / FIRST).read_bytes()
    (folder / FIRST).write_bytes(data + data[-300:-40])


def nuls(folder):
    whole(folder)
    data = (folder / FIRST).read_bytes()
    (folder / FIRST).write_bytes(data + bytes(1024))


def newline(folder):
    whole(folder)
    data = (folder / FIRST).read_bytes()
    (folder / FIRST).write_bytes(data[:-1])


def header(folder):
    whole(folder)
    (folder / FIRST).write_bytes((folder / FIRST).read_bytes()[:50])


def empty(folder):
    whole(folder)
    (folder / FIRST).write_bytes(b"")


def stillborn(folder):
    torn(folder)
    (folder / "000001.ndjson").write_bytes((folder / FIRST).read_bytes()[:30])


def closed(folder):
    whole(folder)
    vouch(folder, scan(folder, Quick(), LOG), [], Quick())


def altered(folder):
    whole(folder)
    data = (folder / FIRST).read_bytes()
    (folder / FIRST).write_bytes(data[:-100] + b"?" + data[-99:])


STORIES = {
    "new": (None, Tale.new), "whole": (whole, Tale.go_on), "torn": (torn, Tale.go_on), "nuls": (nuls, Tale.go_on),
    "newline": (newline, Tale.go_on), "header": (header, Tale.go_on), "empty": (empty, Tale.go_on),
    "stillborn": (stillborn, Tale.go_on), "closed": (closed, Tale.go_on), "altered": (altered, Tale.decide),
}  # fmt: skip


def tell(name, tmp_path, plan=lambda *_: None, *, moments=False, after="kept"):
    """Run a story under a plan of faults and return its world and its folder."""
    before, story = STORIES[name]
    folder = wiped(tmp_path / "disk") / "groups" / "s"
    had = []
    if before is not None:
        before(folder)
        records, _ = read(folder, Quick(), LOG)
        had = typed(records)
        if name == "newline":
            had.append(typed(entry(3, 1))[0])
    world = World(tmp_path / "disk", plan)
    world.acked, world.after_sync_error = had, after
    if moments:
        world.moments = []
    with world:
        tale = Tale(world, folder)
        tale.next = 100
        with suppress(Killed, Stopped):
            story(tale)
        world.check()
    world.drop()
    return world, folder, tale


def wiped(folder):
    wipe(folder)
    return folder


def settled(folder, acked, trying, *, decide=False):
    """Assert what must be true of a log after anything: a reader and the next writer find all that was acknowledged."""
    if not folder.is_dir():
        assert not acked
        return
    records, found = read(folder, Quick(), LOG)
    if decide and found.damage is not None:
        assert found.damage.kind == "damaged_tail"
        assert typed(records) == list(acked)
        return
    assert found.damage is None, found.damage
    seen = typed(records)
    had, _ = go_on(folder)
    if seen != had:
        # a reader leaves a last line without its newline to the writer
        assert seen == had[:-1]
    assert is_kept(had, acked, trying), (had, acked, trying)


def clip(world, folder):
    return str(folder)[len(world.root) + 1 :]


@pytest.mark.parametrize("name", STORIES)
def test_f7_the_power_fails_at_every_call(tmp_path, tried, name):
    """Before each call of a story the power fails: in every state that may leave, nothing acknowledged is lost."""
    world, folder, _ = tell(name, tmp_path, moments=True)
    rng, seen = random.Random(name), set()
    world.moments.append(world.moment())
    for moment in world.moments:
        for state in leaves(moment, rng):
            key = (tuple(sorted(state.items())), moment.acked, moment.trying)
            if key in seen:
                continue
            seen.add(key)
            after = lay(state, world.root, tmp_path / "after")
            settled(after / clip(world, folder), moment.acked, moment.trying, decide=name == "altered")
            tried("F7")
    assert len(world.moments) > 10


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in STORIES if name != "new"])
def test_f7_the_power_fails_in_the_recovery_from_a_power_cut(tmp_path, tried, name):
    """Recovery is cut short at each of its calls, in every state, and so is the recovery from that."""
    world, folder, _ = tell(name, tmp_path, moments=True)
    rng, seen, again = random.Random(name), set(), set()
    where = clip(world, folder)
    for moment in world.moments:
        for state in leaves(moment, rng, 50):
            key = tuple(sorted(state.items()))
            if key in seen:
                continue
            seen.add(key)
            lay(state, world.root, tmp_path / "disk")
            second = World(tmp_path / "disk")
            second.acked, second.trying, second.moments = list(moment.acked), list(moment.trying), []
            with second:
                tale = Tale(second, tmp_path / "disk" / where)
                tale.next = 200
                (tale.decide if name == "altered" else tale.go_on)()
            for later in second.moments:
                for left in leaves(later, rng, 12):
                    twice = (tuple(sorted(left.items())), later.acked)
                    if twice in again:
                        continue
                    again.add(twice)
                    after = lay(left, second.root, tmp_path / "after")
                    settled(after / where, later.acked, later.trying, decide=name == "altered")
                    tried("F7")


@pytest.mark.parametrize(("kind", "fault"), FAULTS)
@pytest.mark.parametrize(
    "lasting", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["once", "lasting"]
)
def test_f7_every_call_fails(tmp_path, tried, kind, fault, lasting):
    """The Nth call of a kind fails, N = 1, 2, ... until none is met: refused or retried, never acknowledged and lost."""
    met_any = False
    for name in STORIES:
        n = 0
        while True:
            n += 1
            world, folder, _ = tell(
                name,
                tmp_path,
                lambda k, at, _, n=n: fault if k == kind and (at == n or (lasting and at > n)) else None,
            )
            if not world.met:
                break
            met_any = True
            tried("F7")
            # the process ends and the next one finds the cache, then the same after a power cut
            states = [{w: None if node.folder else node.now for w, node in world.names.items()}]
            states += list(leaves(world.moment(), random.Random(n), 6))
            for state in states:
                after = lay(state, world.root, tmp_path / "after")
                settled(after / clip(world, folder), world.acked, world.trying, decide=name == "altered")
                tried("F7")
    assert met_any or kind == "unlink"


@pytest.mark.parametrize("after", ["kept", "zeros", "dropped"])
@pytest.mark.parametrize("then", ["goes on", "ends", "power"])
@pytest.mark.parametrize("lasting", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3))])
def test_f8_a_failed_sync_is_never_forgotten(tmp_path, tried, after, then, lasting):
    """At each of 20 commits the sync fails, the pages kept or dropped: no acknowledgement, a new segment, nothing lost."""
    for n in range(20):
        folder = wiped(tmp_path / "disk") / "s"
        make(folder, (1,))
        world = World(tmp_path / "disk")
        world.acked, world.after_sync_error = [entry(0)[0].id], after
        failing = []

        def plan(kind, *_, failing=failing):
            return "EIO" if kind == "sync" and failing and failing.pop() else None

        world.plan = plan
        with world:
            tale = Tale(world, folder)
            tale.next = 10
            writer = tale.open()
            for at in range(20):
                if at == n:
                    failing.extend([True] * lasting)
                    segments = sorted(folder.glob("*.ndjson"))
                    with pytest.raises(TkError, match=r"not (stored|confirm)"):
                        writer.append(entry(700 + at))
                    world.trying = typed(entry(700 + at))
                    assert not [x for x in world.acked if x in world.trying]
                    if then == "ends":
                        writer.close()
                        failing.clear()
                        writer = tale.open()
                    elif then == "power":
                        break
                    else:
                        tale.append(writer)
                        assert not failing
                        assert len(list(folder.glob("*.ndjson"))) == len(segments) + 1
                else:
                    tale.append(writer)
            writer.close()
            world.check()
        for state in leaves(world.moment(), random.Random(n)):
            left = lay(state, world.root, tmp_path / "after")
            settled(left / "s", world.acked, world.trying)
            tried("F8")
        if then == "goes on":
            assert [x for x in world.acked if x.startswith(f"{700 + n:030x}")] == []
