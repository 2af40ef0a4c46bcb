"""An operating system in miniature under the real `Disk`: what is on the disk, what is only in its cache.

`World` takes the place of the `os` calls that change files while it is entered. It lets each of them through to the
real folder (that is the cache, what a reader sees) and keeps beside it what a power cut would leave: bytes and names
that were synced, and the operations that were not. It can fail, cut short, delay the failure of, or die at the Nth
call, and lists every state a power cut may leave at any moment: each subset of the unsynced sectors of each file, at
each size, with each subset of the unsynced names.
"""

from __future__ import annotations

import errno
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Self
from unittest import mock

from msgspec import Struct

from tkcore import disk as seam

SECTOR = 512
MOST = 6
"""Up to so many unsynced operations on a file each prefix is tried."""
_REAL = {
    name: getattr(os, name)
    for name in [
        "open",
        "write",
        "pwrite",
        "ftruncate",
        "fdatasync",
        "fsync",
        "close",
        "replace",
        "unlink",
        "mkdir",
    ]
}

Op = tuple[int, bytes] | int
"""Bytes written at an offset, or the size a file was cut to."""
State = dict[str, bytes | None]
"""A folder tree by path; None is a folder."""


class Killed(BaseException):
    """The process is gone: nothing after this reaches the disk."""


class Node(Struct, eq=False):
    """A file: its bytes on the disk, its bytes in the cache, what was done to it since its last sync."""

    durable: bytes = b""
    now: bytes = b""
    dirty: list[Op] = []
    folder: bool = False


class Handle(Struct):
    node: Node
    where: str
    append: bool
    at: int = 0


class Moment(Struct):
    """What a power cut would find at one moment, and what had been acknowledged by then."""

    nodes: list[tuple[Node, bytes, tuple[Op, ...]]]
    names: dict[str, Node]
    pending: tuple[tuple[str, str, Node | None], ...]
    acked: tuple[str, ...]
    trying: tuple[str, ...]


def apply(data: bytes, ops: list[Op] | tuple[Op, ...]) -> bytes:
    for op in ops:
        if isinstance(op, int):
            data = data[:op].ljust(op, b"\0")
        else:
            at, new = op
            data = data[:at].ljust(at, b"\0") + new + data[at + len(new) :]
    return data


class World:
    """The disk under a folder. `plan(kind, n)` says what becomes of the nth call of a kind, or of all (`any`)."""

    def __init__(self, root: Path, plan: Callable[[str, int, int], str | None] = lambda *_: None) -> None:
        self.root, self.plan = str(root), plan
        self.nodes: list[Node] = []
        self.names: dict[str, Node] = {}
        self.durable: dict[str, Node] = {}
        self.pending: list[tuple[str, str, Node | None]] = []
        self.fds: dict[int, Handle] = {}
        self.calls: Counter[str] = Counter()
        self.met = 0
        self.dead = False
        self.after_sync_error = "kept"
        self.moments: list[Moment] | None = None
        self.acked: list[str] = []
        self.trying: list[str] = []
        for path in [root, *sorted(root.rglob("*"))]:
            if path.name != "LOCK":
                folder = path.is_dir()
                data = b"" if folder else path.read_bytes()
                self.names[str(path)] = self._node(Node(data, data, [], folder))
        self.durable = dict(self.names)

    def _node(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def __enter__(self) -> Self:
        fakes = {
            "open": self._open, "write": self._write, "pwrite": self._pwrite, "ftruncate": self._ftruncate,
            "fdatasync": self._sync, "fsync": self._sync, "close": self._close, "replace": self._replace,
            "unlink": self._unlink, "mkdir": self._mkdir,
        }  # fmt: skip
        self._patches = [mock.patch.object(os, name, fake) for name, fake in fakes.items()]
        self._patches.append(mock.patch.object(seam, "_FULLSYNC", None))
        for patch in self._patches:
            patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        for patch in self._patches:
            patch.stop()
        if self.dead:
            self.drop()

    def drop(self) -> None:
        """Close what a dead process held open."""
        for fd in list(self.fds):
            _REAL["close"](fd)
        self.fds.clear()

    # -- the calls --

    def _inside(self, path: object) -> str | None:
        where = os.fspath(path)
        if not isinstance(where, str) or where.endswith("/LOCK"):
            return None
        return where if where == self.root or where.startswith(self.root + "/") else None

    def _step(self, kind: str) -> str | None:
        """Note the moment, then say what becomes of this call."""
        if self.dead:
            raise Killed
        if self.moments is not None:
            self.moments.append(self.moment())
        self.calls[kind] += 1
        self.calls["any"] += 1
        act = self.plan(kind, self.calls[kind], self.calls["any"])
        if act is not None:
            self.met += 1
        if act == "kill":
            self.dead = True
            raise Killed
        if act in ("EIO", "ENOSPC"):
            raise OSError(getattr(errno, act), os.strerror(getattr(errno, act)))
        return act

    def _late(self, act: str | None) -> None:
        """Fail after the deed was done."""
        if act == "late":
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def _open(self, path, flags, mode=0o777, *, dir_fd=None):
        where = self._inside(path)
        if where is None:
            return _REAL["open"](path, flags, mode, dir_fd=dir_fd)
        act = self._step("open")
        there = where in self.names
        fd = _REAL["open"](path, flags, mode)
        if not there:
            self.names[where] = self._node(Node())
            self.pending.append(("link", where, self.names[where]))
        elif flags & os.O_TRUNC:
            self._do(self.names[where], 0)
        self.fds[fd] = Handle(self.names[where], where, bool(flags & os.O_APPEND))
        if act == "late":
            self.fds.pop(fd)
            _REAL["close"](fd)
        self._late(act)
        return fd

    def _do(self, node: Node, op: Op) -> None:
        node.dirty = [*node.dirty, op]
        node.now = apply(node.now, [op])

    def _write(self, fd, data):
        handle = self.fds.get(fd)
        if handle is None:
            return _REAL["write"](fd, data)
        act = self._step("write")
        data = bytes(data)[: len(data) // 2 or len(data)] if act == "short" else bytes(data)
        at = len(handle.node.now) if handle.append else handle.at
        self._do(handle.node, (at, data))
        handle.at = at + len(data)
        done = _REAL["write"](fd, data)
        self._late(act)
        return done

    def _pwrite(self, fd, data, at):
        handle = self.fds.get(fd)
        if handle is None:
            return _REAL["pwrite"](fd, data, at)
        act = self._step("pwrite")
        data = bytes(data)[: len(data) // 2 or len(data)] if act == "short" else bytes(data)
        self._do(handle.node, (at, data))
        done = _REAL["pwrite"](fd, data, at)
        self._late(act)
        return done

    def _ftruncate(self, fd, size):
        handle = self.fds.get(fd)
        if handle is None:
            return _REAL["ftruncate"](fd, size)
        act = self._step("ftruncate")
        self._do(handle.node, size)
        _REAL["ftruncate"](fd, size)
        return self._late(act)

    def _sync(self, fd):
        """Sync without waiting for any real disk; a failed one leaves pages that look clean and are not there."""
        handle = self.fds.get(fd)
        if handle is None:
            return
        node, where = handle.node, handle.where
        try:
            act = self._step("syncdir" if node.folder else "sync")
        except OSError:
            if not node.folder:
                self._lose(node, where)
            raise
        if node.folder:
            self._settle_names(where)
        else:
            node.durable, node.dirty = apply(node.durable, node.dirty), []
        self._late(act)

    def _lose(self, node: Node, where: str) -> None:
        """What the kernel does after a failed sync: the pages count as clean and are kept, or are dropped."""
        node.dirty = []
        if self.after_sync_error == "kept":
            return
        size = len(node.now) if self.after_sync_error == "zeros" else len(node.durable)
        node.now = node.durable[:size].ljust(size, b"\0")
        fd = _REAL["open"](where, os.O_WRONLY | os.O_TRUNC)
        _REAL["write"](fd, node.now)
        _REAL["close"](fd)

    def _settle_names(self, folder: str) -> None:
        rest = []
        for op in self.pending:
            if os.path.dirname(op[1]) == folder:  # noqa: PTH120 - plain strings, and hot
                _rename(self.durable, op)
            else:
                rest.append(op)
        self.pending = rest

    def _close(self, fd):
        handle = self.fds.pop(fd, None)
        _REAL["close"](fd)
        if handle is not None and not self.dead and not handle.node.folder:
            self._late("late" if self._step("close") else None)

    def _replace(self, source, target):
        old, new = self._inside(source), self._inside(target)
        assert old is not None, f"a rename of {source} to {target}: not modelled"
        assert new is not None, f"a rename of {source} to {target}: not modelled"
        act = self._step("rename")
        node = self.names.pop(old)
        self.names[new] = node
        # one operation: with the old name goes whatever had the new one
        self.pending = [op for op in self.pending if op != ("link", old, node)]
        was = any(o[1] == old for o in self.pending) or old in self.durable
        self.pending.append((f"rename {old}" if was else "link", new, node))
        _REAL["replace"](source, target)
        self._late(act)

    def _unlink(self, path, *, dir_fd=None):
        where = self._inside(path)
        if where is None:
            return _REAL["unlink"](path, dir_fd=dir_fd)
        act = self._step("unlink")
        _REAL["unlink"](path)
        self.names.pop(where)
        self.pending.append(("unlink", where, None))
        return self._late(act)

    def _mkdir(self, path, mode=0o777, *, dir_fd=None):
        where = self._inside(path)
        if where is None:
            return _REAL["mkdir"](path, mode, dir_fd=dir_fd)
        act = self._step("mkdir")
        _REAL["mkdir"](path, mode)
        self.names[where] = self._node(Node(folder=True))
        self.pending.append(("link", where, self.names[where]))
        return self._late(act)

    # -- what a power cut leaves --

    def moment(self) -> Moment:
        return Moment(
            [(node, node.durable, tuple(node.dirty)) for node in self.nodes],
            dict(self.durable), tuple(self.pending), tuple(self.acked), tuple(self.trying),
        )  # fmt: skip

    def check(self) -> None:
        """Assert that the model and the real folder agree: nothing changed files behind the seam's back."""
        real: State = {
            str(p): None if p.is_dir() else p.read_bytes()
            for p in [Path(self.root), *Path(self.root).rglob("*")]
            if p.name != "LOCK"
        }
        assert real == {where: None if n.folder else n.now for where, n in self.names.items()}


def _rename(names: dict[str, Node], op: tuple[str, str, Node | None]) -> None:
    what, where, node = op
    if what == "unlink":
        names.pop(where, None)
        return
    if what.startswith("rename "):
        names.pop(what[7:], None)
    assert node is not None
    names[where] = node


def contents(durable: bytes, dirty: tuple[Op, ...], rng: random.Random, most: int = 64) -> list[bytes]:
    """Return every content an unsynced file may have after a power cut; of very many, some."""
    found = {durable: None}
    whole = len(dirty)
    for upto in range(1, whole + 1) if whole <= MOST else (1, whole // 2, whole - 1, whole):
        final = apply(durable, dirty[:upto])
        edges = range(-(-len(durable) // SECTOR) * SECTOR, len(final), SECTOR)
        for size in {len(durable), *edges, len(final)}:
            old = durable[:size].ljust(size, b"\0")
            new = final[:size].ljust(size, b"\0")
            starts = [at for at in range(0, size, SECTOR) if old[at : at + SECTOR] != new[at : at + SECTOR]]
            for chosen in subsets(len(starts), rng, most):
                data = bytearray(old)
                for at, take in zip(starts, chosen, strict=True):
                    if take:
                        data[at : at + SECTOR] = new[at : at + SECTOR]
                found[bytes(data)] = None
    return list(found)


def subsets(n: int, rng: random.Random, most: int = 64) -> Iterator[tuple[bool, ...]]:
    """Yield every choice of n things, or so many of them: none, all, and drawn ones."""
    if 1 << min(n, 30) <= most:
        yield from product((False, True), repeat=n)
        return
    yield (False,) * n
    yield (True,) * n
    for _ in range(most - 2):
        yield tuple(rng.random() < 0.5 for _ in range(n))


def leaves(moment: Moment, rng: random.Random, most: int = 400) -> Iterator[State]:
    """Yield every state a power cut may leave at a moment; of more than `most`, about so many drawn at random."""
    by_node = {id(node): (durable, dirty) for node, durable, dirty in moment.nodes}
    ways = list(subsets(len(moment.pending), rng, min(most, 64)))
    share = -(-most // len(ways))
    for chosen in ways:
        names = dict(moment.names)
        for op, take in zip(moment.pending, chosen, strict=True):
            if take:
                _rename(names, op)
        names = {w: n for w, n in names.items() if all(a in names for a in _above(w, names, moment))}
        files = [(where, node) for where, node in sorted(names.items()) if not node.folder]
        choices = [contents(*by_node[id(node)], rng, min(most, 64)) for _, node in files]
        total = 1
        for choice in choices:
            total *= len(choice)
        drawn = (tuple(map(rng.choice, choices)) for _ in range(share))
        combos = product(*choices) if total <= share else drawn
        for combo in combos:
            state: State = {where: None for where, node in names.items() if node.folder}
            state |= {where: data for (where, _), data in zip(files, combo, strict=True)}
            yield state


def _above(where: str, names: dict[str, Node], moment: Moment) -> list[str]:
    """The folders of a path that are the world's own, and must be there for it to be there."""
    own = {op[1] for op in moment.pending if op[2] is not None and op[2].folder}
    return [
        str(p) for p in Path(where).parents if str(p) in own or (str(p) in names and names[str(p)].folder)
    ]


def lay(state: State, root: str, target: Path) -> Path:
    """Make a state real in another folder, which is emptied first, and return that folder."""
    wipe(target)
    for where, data in sorted(state.items()):
        path = target / where[len(root) + 1 :]
        if data is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return target


def wipe(folder: Path) -> None:
    if folder.is_dir():
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
