"""The one seam to the disk: every write, sync, rename and lock of tkcore goes through a `Disk`.

A test passes a `Disk` that fails, cuts or loses what was not synced. Nothing else calls fsync or imports fcntl.
POSIX is what is tested; where a platform lacks a call, its nearest equal stands in here and nowhere else.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from tkcore.errors import NotAllowed, WriteFailed

try:
    import fcntl
except ImportError:  # Windows: readers work, and so does everything that takes no lock
    fcntl = None  # type: ignore[assignment]

_FULLSYNC = getattr(fcntl, "F_FULLFSYNC", None)
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


DERIVED = 0o400
"""The mode of derived files: nobody writes them, they are replaced."""


class Locked(NotAllowed):
    """Another process writes this log."""


def _shut(fd: int) -> None:
    """Close a file; what mattered in it has been synced, and a close that fails has closed it all the same."""
    with contextlib.suppress(OSError):
        os.close(fd)


class Lock(Struct):
    """A held lock; closing it, or the end of the process however it comes, gives it free."""

    fd: int

    def close(self) -> None:
        if self.fd >= 0:
            _shut(self.fd)
            self.fd = -1


class Disk:
    """The real disk."""

    def open_append(self, path: Path, *, create: bool) -> int:
        flags = os.O_RDWR | os.O_APPEND | _BINARY | (os.O_CREAT | os.O_EXCL if create else 0)
        return os.open(path, flags, 0o600)

    def write(self, fd: int, data: bytes) -> int:
        return os.write(fd, data)

    def write_some(self, fd: int, rest: memoryview) -> int:
        """Write what can be written, at least a byte."""
        done = self.write(fd, bytes(rest))
        if not done:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return done

    def sync(self, fd: int) -> None:
        """Bring a file's bytes, or a folder's names, to the disk itself, not only to its cache."""
        if _FULLSYNC is not None:
            try:
                fcntl.fcntl(fd, _FULLSYNC)
            except OSError as error:
                if error.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY):
                    raise
            else:
                return
        if hasattr(os, "fdatasync"):
            os.fdatasync(fd)
        else:
            os.fsync(fd)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)
        self.sync(fd)

    def close(self, fd: int) -> None:
        _shut(fd)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def open_read(self, path: Path) -> BinaryIO:
        return path.open("rb")

    def settle(self, path: Path, size: int) -> None:
        """Bring the last bytes of a file to the disk again, whatever became of an earlier sync.

        A sync that failed leaves pages that look written and are not: only written again do they count.
        """
        fd = os.open(path, os.O_RDWR | _BINARY)
        try:
            begin = max(0, os.fstat(fd).st_size - size)
            rest = memoryview(os.pread(fd, size, begin))
            while rest:
                done = os.pwrite(fd, rest, begin)
                begin, rest = begin + done, rest[done:]
            self.sync(fd)
        finally:
            _shut(fd)

    def confirm(self, path: Path) -> None:
        """Bring to the disk what another process has written to a file: what was read of it will not vanish."""
        fd = os.open(path, os.O_RDONLY | _BINARY)
        try:
            self.sync(fd)
        finally:
            _shut(fd)

    def extend(self, path: Path, begin: int, parts: Iterable[bytes]) -> None:
        """Let a file, made where it is missing, hold its first `begin` bytes and then these, synced.

        Raises WriteFailed; the file is then as long as it was, or `begin` bytes.
        """
        made = not path.exists()
        try:
            self.make_folder(path.parent)
            fd = self.open_append(path, create=made)
            try:
                if os.fstat(fd).st_size > begin:
                    self.truncate(fd, begin)
                try:
                    for part in parts:
                        rest = memoryview(part)
                        while rest:
                            rest = rest[self.write_some(fd, rest) :]
                    self.sync(fd)
                except BaseException:
                    with contextlib.suppress(OSError):
                        self.truncate(fd, begin)
                    raise
            finally:
                self.close(fd)
            if made:
                self.sync_folder(path.parent)
        except OSError as error:
            raise WriteFailed(
                "{path} could not be written: {error}. Make room or check the disk, then try again",
                path=path,
                error=error.strerror or error,
            ) from error

    def free(self, path: Path) -> int:
        """Return the bytes a user may still write where a folder lies."""
        return shutil.disk_usage(path).free

    def mounts(self) -> str:
        """Return what is mounted where, a line each, as Linux tells it; nothing on other platforms."""
        try:
            return Path("/proc/self/mounts").read_text("utf-8", "surrogateescape")
        except OSError:
            return ""

    def remove(self, path: Path) -> None:
        """Take a name away for good."""
        path.unlink(missing_ok=True)
        self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        """Make a new name in a folder survive a power cut."""
        if os.name == "nt":
            return
        fd = os.open(path, os.O_RDONLY)
        try:
            self.sync(fd)
        finally:
            _shut(fd)

    def make_folder(self, path: Path) -> None:
        """Make a folder and its parents, each name synced."""
        if not path.is_dir():
            self.make_folder(path.parent)
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
            self.sync_folder(path.parent)

    def replace(self, source: Path, target: Path) -> None:
        """Put a synced file in another's place, whole or not at all."""
        source.replace(target)
        self.sync_folder(target.parent)

    def store(self, path: Path, data: bytes, *, mode: int = 0o600) -> None:
        """Write a whole file: under another name, synced, then renamed.

        Raises WriteFailed; the file that was there stays.
        """
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        try:
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, mode)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[self.write_some(fd, rest) :]
                self.sync(fd)
            finally:
                _shut(fd)
            self.replace(draft, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise WriteFailed(
                "{path} could not be written: {error}. Make room or check the disk, then try again",
                path=path,
                error=error.strerror or error,
            ) from error

    def adopt(self, draft: Path, target: Path) -> None:
        """Put a finished file in its place, synced, whole or not at all. Raises WriteFailed."""
        try:
            fd = os.open(draft, os.O_RDWR | _BINARY)
            try:
                self.sync(fd)
            finally:
                _shut(fd)
            draft.chmod(DERIVED)
            self.replace(draft, target)
        except OSError as error:
            raise WriteFailed(
                "{path} could not be written: {error}. Make room or check the disk, then try again",
                path=target,
                error=error.strerror or error,
            ) from error

    def lock(self, path: Path, holder: str, *, wait: float = 0.0) -> Lock:
        """Take the lock for good, with a line that says who holds it; try for `wait` seconds.

        Raises Locked with the holder's line, WriteFailed where nothing can be written, NotAllowed where the file system
        has no locks.
        """
        if fcntl is None:
            raise NotAllowed(
                "{path}: this platform has no lock that tkcore trusts yet; reading works", path=path
            )
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o600)
        except OSError as error:
            raise WriteFailed(
                "{path} cannot be written ({error}): nothing was changed, and reading goes on. See who owns the folder, "
                "whether its disk is full or mounted read-only, and what tk doctor says",
                path=path.parent,
                error=error.strerror or error,
            ) from error
        until = time.monotonic() + wait
        while True:
            try:
                self.flock(fd)
                break
            except OSError as error:
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES) and time.monotonic() < until:
                    time.sleep(0.02)
                    continue
                raise self._refused(fd, path, error) from None
        # who holds it is for the message only: the lock itself is the kernel's, and dies with the process
        with contextlib.suppress(OSError):
            os.ftruncate(fd, 0)
            os.pwrite(fd, holder.encode(), 0)
        return Lock(fd)

    def flock(self, fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _refused(self, fd: int, path: Path, error: OSError) -> NotAllowed:
        other = os.pread(fd, 200, 0).decode("utf-8", "replace").strip()
        _shut(fd)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return Locked(
                "{path} is being written by {holder}. Wait until it ends, or end it there",
                path=path.parent,
                holder=other or "?",
            )
        return NotAllowed(
            "{path}: this file system has no locks ({error}). Move the workspace to a local disk",
            path=path.parent,
            error=error.strerror,
        )
