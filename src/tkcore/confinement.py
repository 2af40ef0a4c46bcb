"""What a process that runs a plugin may do and have; none of it is certain on every machine, all of it is tried.

A worker is two processes. The keeper runs nothing of a plugin's: it makes the other one, waits for it, and ends
whatever that one has left behind. The other has its own folder, the only one it may write in, no environment to
speak of, no network, little memory, and nobody reads what it prints.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tkcore import landlock

KEPT = ("PATH", "PYTHONPATH", "PYTHONHASHSEED", "TZ", "SYSTEMROOT", "LANG", "LANGUAGE")
"""What stays of the environment, beside LC_*."""
_PDEATHSIG, _SUBREAPER = 1, 36
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000


def confined(
    work: Callable[[], None], channel: socket.socket, place: str, memory: int, *, aside: bool, debug: bool
) -> NoReturn:
    """Run `work` in a process of its own, keep it, and end as it ended; `channel` is all that it has open."""
    _only(channel.fileno(), debug=debug)
    _environment(place)
    if not hasattr(os, "fork"):  # Windows: the deadline and the kill are the fence
        work()
        os._exit(0)
    _leave_session(stay=aside)
    _apart()
    _prctl(_SUBREAPER, 1)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until each of the two knows what to do then
    inner = os.fork()
    if inner == 0:
        code = 70
        try:
            _leave_session(stay=aside)
            _prctl(_PDEATHSIG, signal.SIGKILL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            _limits(memory, aside=aside)
            landlock.only_in(place)
            work()
            code = 0
        finally:
            os._exit(code)  # what a plugin has registered for the end of its process is not waited for
    channel.close()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(inner, signal.SIGKILL)

    signal.signal(signal.SIGTERM, stop)
    _prctl(_PDEATHSIG, signal.SIGTERM)  # after the namespaces: a change of rights takes it back
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    _, status = os.waitpid(inner, 0)
    _sweep(inner)
    remove(place)  # whoever began this may be gone
    if os.WIFSIGNALED(status):
        which = os.WTERMSIG(status)
        with suppress(OSError):  # SIGKILL takes no handler
            signal.signal(which, signal.SIG_DFL)
        os.kill(os.getpid(), which)
    os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 70)


def _leave_session(*, stay: bool) -> None:
    """Have nothing to do with the terminal; be a session of one's own, or `stay` in the one it came from.

    Linux shares the processor out among sessions first: only within the recorder's does a process that asks for the
    lowest share make room the moment the recorder has something to do.
    """
    if not stay:
        os.setsid()
        return
    os.setpgid(0, 0)
    with suppress(OSError, ImportError):
        import termios

        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        try:
            ctypes.CDLL(None).ioctl(terminal, ctypes.c_ulong(termios.TIOCNOTTY))
        finally:
            os.close(terminal)


def remove(place: str) -> None:
    """Remove a worker's folder and what a plugin has left in it, following no link of the plugin's.

    A folder in a folder is first brought up to `place`: no path grows, however deep they were laid.
    """
    number, inside = 0, [place]
    while inside:
        folder = inside.pop()
        with suppress(OSError):
            os.chmod(folder, 0o700)  # noqa: PTH101 - names that are no text too, and many
            with os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(OSError):
                        if not entry.is_dir(follow_symlinks=False):
                            os.unlink(entry.path)  # noqa: PTH108
                            continue
                        above = entry.path
                        if folder != place:
                            while os.path.lexists(above := f"{place}/{number}"):
                                number += 1
                            os.chmod(entry.path, 0o700)  # noqa: PTH101
                            os.rename(entry.path, above)  # noqa: PTH104
                        inside.append(above)
            if folder != place:
                os.rmdir(folder)  # noqa: PTH106
    with suppress(OSError):
        os.rmdir(place)  # noqa: PTH106


def _only(channel: int, *, debug: bool) -> None:
    """Close every file but the channel; what is printed goes nowhere."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1) if debug else (0, 1, 2):
        os.dup2(nothing, fd)
    os.closerange(3, channel)
    os.closerange(channel + 1, _most_files())
    # the standard library would write into files it no longer has
    from multiprocessing import resource_tracker

    resource_tracker._resource_tracker._fd = None  # type: ignore[attr-defined]  # noqa: SLF001


def _most_files() -> int:
    try:
        return max(map(int, os.listdir("/proc/self/fd"))) + 1  # noqa: PTH208 - numbers, no paths
    except OSError:
        return 1024


def _environment(place: str) -> None:
    kept = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith("LC_")}
    os.environ.clear()
    os.environ.update(kept)
    for name in ("HOME", "TMPDIR", "TMP", "TEMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        os.environ[name] = place
    tempfile.tempdir = None
    os.chdir(place)
    sys.argv = ["tk-worker"]


def _apart() -> None:
    """Leave the network, and on Linux be a tree of processes that ends with its first one; rights are needed for it."""
    if not sys.platform.startswith("linux"):
        return
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    alone = 0 if user == 0 else _NEWUSER
    if libc.unshare(alone | _NEWNET | _NEWPID) != 0:
        libc.unshare(alone | _NEWNET)
    if alone:
        with suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, int(value), 0, 0, 0)


def _limits(memory: int, *, aside: bool) -> None:
    with suppress(OSError):
        os.nice(5)  # recording goes first
        if aside and hasattr(os, "SCHED_IDLE"):
            # what becomes ready to run anywhere else does not even wait for the end of this one's slice
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (memory, memory))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _sweep(group: int) -> None:
    """End what a plugin's process has left: children of its own that live on come to their nearest living keeper."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    while True:
        with suppress(OSError, ValueError):
            for child in listed.read_text().split():
                with suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
