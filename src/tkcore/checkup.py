"""Before the first patient sits down: is this a computer and a folder in which what is recorded will stay?

Each check is a function that returns a finding and changes nothing: what it writes to find out it takes away again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from msgspec import Struct, field

from tkcore.disk import Disk, Locked
from tkcore.errors import NotAllowed, TkError
from tkcore.log import Scan, stub_of, walk
from tkcore.opening import Desk, zone
from tkcore.places import MEMORY, NETWORK, cloud_of, mount_of
from tkcore.plugins import Broken, Found, find, load_all
from tkcore.reading import books
from tkcore.recorder import Clocks
from tkcore.talk import N_
from tkcore.verifying import logs

OK, WARN, BAD = N_("ok"), N_("warn"), N_("bad")
BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows an earlier day than the program's own."""
TRIES = 20
QUICK_US, SLOW_US = 20, 200_000
"""A sync faster than this never went to a disk; one slower makes who records wait."""
LITTLE, TOO_LITTLE = 1_000_000_000, 100_000_000
MB = 1_000_000
APART_MS = 50
"""By how much two clocks may differ over the fifth of a second they are watched."""


class Finding(Struct, frozen=True):
    """What a check came to: ok, warn or bad; `says` and `advice` are templates for `values`."""

    check: str
    state: str
    says: str
    values: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ""


def examine(desk: Desk, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the findings about a workspace and the computer it is on, the quick ones first."""
    workspace, disk = desk.workspace, desk.disk
    written = writable(N_("workspace"), workspace.root, disk)
    yield written
    yield writable(N_("vault"), workspace.vault, disk)
    yield file_system(workspace.root, disk.mounts())
    yield cloud(workspace.root)
    yield room(workspace.root, disk)
    if written.state == OK:
        yield locking(workspace.root, disk)
        yield syncing(workspace.root, disk)
    found = whole(desk)
    yield found[0]
    yield date(desk.clocks, found[1])
    yield steady(desk.clocks, time.sleep)
    yield time_zone(environ)
    yield vocabulary(desk)
    yield database()
    yield plugins(find(), workspace.config().plugins)


def writable(check: str, folder: Path, disk: Disk) -> Finding:
    """Whether a file can be made in a folder, and taken away."""
    probe = folder / f".doctor.{os.getpid()}"
    try:
        disk.make_folder(folder)
        disk.store(probe, b"tk doctor\n")
        disk.remove(probe)
    except (OSError, TkError) as error:
        cause = (
            error.__cause__ if isinstance(error, TkError) and isinstance(error.__cause__, OSError) else error
        )
        return Finding(
            check, BAD, N_("{folder} cannot be written: {error}"),
            {"folder": folder, "error": getattr(cause, "strerror", None) or cause},
            N_("Reading and verifying work, recording does not. Make room, see who owns the folder (chown, chmod) and whether its disk is mounted read-only, or take a copy elsewhere: tk backup, then tk restore"),
        )  # fmt: skip
    return Finding(check, OK, N_("{folder} can be written"), {"folder": folder})


def file_system(folder: Path, mounts: str) -> Finding:
    """Whether the folder is on a disk of this computer."""
    check = N_("file system")
    mount = mount_of(folder, mounts)
    if mount is None:
        return Finding(check, WARN, N_("this system does not say what the folder lies on"), advice=N_("See to it that it is a disk of this computer, not of the network"))  # fmt: skip
    values = {"type": mount.type, "point": mount.point}
    if NETWORK.fullmatch(mount.type):
        return Finding(check, BAD, N_("a network file system ({type} at {point}): locks and syncs cannot be trusted"), values, N_("Move the workspace to a disk of this computer: tk backup to another folder, then tk restore"))  # fmt: skip
    if mount.type in MEMORY:
        return Finding(check, BAD, N_("memory, not a disk ({type} at {point}): nothing survives switching off"), values, N_("Move the workspace to a disk: tk backup to another folder, then tk restore"))  # fmt: skip
    if mount.read_only:
        return Finding(check, BAD, N_("{point} ({type}) is mounted read-only: nothing can be recorded"), values, N_("A disk that turned read-only by itself is failing: take a backup now. Else mount it for writing"))  # fmt: skip
    if mount.type.startswith("fuse.") or mount.type == "overlay":
        return Finding(check, WARN, N_("{type} at {point}: what a sync does there is not known"), values, N_("A disk of this computer itself (ext4, xfs, btrfs, apfs, ntfs) is better known"))  # fmt: skip
    return Finding(check, OK, N_("a disk of this computer ({type} at {point})"), values)


def cloud(folder: Path) -> Finding:
    """Whether a cloud's client copies the folder."""
    service = cloud_of(folder)
    if service:
        return Finding(
            N_("cloud"), BAD, N_("{folder} is copied to the internet by {service}"),
            {"folder": folder, "service": service},
            N_("Patients' data leave the house, and files change while they are written. Move the workspace out: tk backup to a folder outside, then tk restore"),
        )  # fmt: skip
    return Finding(N_("cloud"), OK, N_("no cloud is seen that copies the folder"))


def room(folder: Path, disk: Disk) -> Finding:
    """Whether there is space for what comes."""
    try:
        free = disk.free(folder)
    except OSError as error:
        return Finding(
            N_("space"), WARN, N_("could not be tried: {error}"), {"error": error.strerror or error}
        )
    state = BAD if free < TOO_LITTLE else WARN if free < LITTLE else OK
    advice = "" if state == OK else N_("Make room before the session: a full disk refuses every entry")
    return Finding(N_("space"), state, N_("{free} MB free"), {"free": free // MB}, advice)


def locking(folder: Path, disk: Disk) -> Finding:
    """Whether a lock keeps a second writer out."""
    check, path = N_("locks"), folder / f".doctor-lock.{os.getpid()}"
    advice = N_("Two processes could write one log here. Move the workspace to a disk of this computer")
    try:
        first = disk.lock(path, "tk doctor")
    except (OSError, NotAllowed) as error:
        return Finding(check, BAD, N_("could not be tried: {error}"), {"error": error}, advice)
    try:
        disk.lock(path, "tk doctor").close()
    except Locked:
        return Finding(check, OK, N_("a lock keeps a second writer out"))
    except (OSError, NotAllowed) as error:
        return Finding(check, BAD, N_("could not be tried: {error}"), {"error": error}, advice)
    else:
        return Finding(check, BAD, N_("a lock was given to two at once"), {}, advice)
    finally:
        first.close()
        with suppress(OSError):
            disk.remove(path)


def syncing(folder: Path, disk: Disk, timer: Callable[[], int] = time.perf_counter_ns) -> Finding:
    """Whether a sync takes as long as one that reaches a disk must."""
    check, path = N_("sync"), folder / f".doctor-sync.{os.getpid()}"
    try:
        fd = disk.open_append(path, create=True)
        try:
            plain = median(_timed(disk, fd, timer, sync=False) for _ in range(TRIES)) // 1000
            synced = median(_timed(disk, fd, timer, sync=True) for _ in range(TRIES)) // 1000
        finally:
            disk.close(fd)
            disk.remove(path)
    except OSError as error:
        return Finding(check, BAD, N_("a sync failed: {error}"), {"error": error.strerror or error}, N_("The disk cannot keep what it is given: take a backup now, and use another disk"))  # fmt: skip
    values = {"synced": int(synced), "plain": int(plain), "tries": TRIES}
    if synced < QUICK_US:
        return Finding(
            check, WARN, N_("a write with its sync takes {synced} µs, without {plain} µs (median of {tries}): no disk is that quick, the sync seems to be answered without one"),
            values, N_("A power cut may take what was acknowledged. It cannot be proven from inside: see the disk's write cache, the virtual machine's cache mode, libraries such as eatmydata"),
        )  # fmt: skip
    if synced > SLOW_US:
        return Finding(
            check, WARN, N_("a write with its sync takes {synced} µs, without {plain} µs (median of {tries}): slow enough to be felt"),
            values, N_("Each entry waits for it. See what else writes to this disk, or use another"),
        )  # fmt: skip
    return Finding(check, OK, N_("a write with its sync takes {synced} µs, without {plain} µs (median of {tries}), as a disk does; that it truly arrives cannot be proven from inside"), values)  # fmt: skip


def _timed(disk: Disk, fd: int, timer: Callable[[], int], *, sync: bool) -> int:
    began = timer()
    disk.write(fd, b"x" * 255 + b"\n")
    if sync:
        disk.sync(fd)
    return timer() - began


def whole(desk: Desk) -> tuple[Finding, int]:
    """Whether every log can be read to its head; with the time its youngest record was stored."""
    damaged, newest, count = [], 0, 0
    for log, folder in logs(desk.workspace, None):
        found, last = Scan(log=log), b""
        count += 1
        try:
            for line in walk(folder, desk.disk, found, trust=True):
                last = line.data
        except (OSError, TkError):
            damaged.append(log)
        if last:
            newest = max(newest, stub_of(last).logged)
        if found.damage is not None and found.damage.kind not in ("torn", "missing_newline"):
            damaged.append(log)
    if damaged:
        return Finding(
            N_("logs"), BAD, N_("damaged: {names}"), {"names": ", ".join(dict.fromkeys(damaged))},
            N_("tk verify says where and what to do. The other logs are not touched by it"),
        ), newest  # fmt: skip
    return Finding(N_("logs"), OK, N_("{count} logs, whole to their heads"), {"count": count}), newest


def date(clocks: Clocks, newest: int) -> Finding:
    """Whether the time of day can be right: after everything that was recorded, after the program was made."""
    now = clocks.wall()
    values = {"now": _day(now), "newest": _day(newest)}
    advice = N_("Set the clock (timedatectl set-ntp true). Until then the times of records are wrong")
    if now < BUILT.timestamp() * 1000:
        return Finding(
            N_("date"), BAD, N_("the clock shows {now} UTC, before this program was made"), values, advice
        )
    if now < newest:
        return Finding(N_("date"), BAD, N_("the clock shows {now} UTC, before the last record ({newest})"), values, advice)  # fmt: skip
    return Finding(N_("date"), OK, N_("the clock shows {now} UTC, after the last record"), values)


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def steady(clocks: Clocks, sleep: Callable[[float], object]) -> Finding:
    """Whether the time of day and the time since switching on go on together."""
    wall, boot = clocks.wall(), clocks.boot()
    sleep(0.2)
    went, passed = clocks.wall() - wall, clocks.boot() - boot
    values = {"wall": went, "boot": passed}
    if passed <= 0 or abs(went - passed) > APART_MS:
        return Finding(
            N_("clock"), BAD, N_("in a fifth of a second the time of day went {wall} ms and the clock {boot} ms"), values,
            N_("Something sets the clock just now, or the virtual machine's is broken. Wait for the time service, then try again"),
        )  # fmt: skip
    return Finding(N_("clock"), OK, N_("the time of day and the clock go together ({wall} ms and {boot} ms)"), values)  # fmt: skip


def time_zone(environ: Mapping[str, str]) -> Finding:
    """Whether the local time zone is known by its name."""
    from zoneinfo import ZoneInfo

    name = zone(environ)
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return Finding(N_("time zone"), WARN, N_("the time zone {zone} is not known here"), {"zone": name}, N_("Set it by its name, such as Asia/Jakarta: timedatectl set-timezone, or TZ"))  # fmt: skip
    if name == "UTC" and environ.get("TZ", "").lstrip(":") not in ("UTC", "Etc/UTC"):
        return Finding(N_("time zone"), WARN, N_("the system does not say its time zone: sessions are taken to be held in UTC"), {"zone": name}, N_("Set it by its name, such as Asia/Jakarta: timedatectl set-timezone, or TZ"))  # fmt: skip
    return Finding(N_("time zone"), OK, N_("{zone}"), {"zone": name})


def vocabulary(desk: Desk) -> Finding:
    """Whether the codebooks in force can be read."""
    try:
        names = ", ".join(book.name for book in books(desk.workspace))
    except TkError as error:
        return Finding(
            N_("codebooks"), BAD, N_("{error}"), {"error": error}, N_("Fetch the file from the last backup")
        )
    return Finding(N_("codebooks"), OK, N_("{names}"), {"names": names})


def database() -> Finding:
    """Whether DuckDB loads and answers."""
    try:
        import duckdb

        with duckdb.connect(":memory:") as con:
            con.execute("select 1").fetchall()
    except Exception as error:  # noqa: BLE001 - whatever a broken installation raises
        return Finding(
            N_("database"), BAD, N_("DuckDB does not work: {error}"), {"error": f"{type(error).__name__}: {error}"},
            N_("Recording goes on without it; questions and analyses do not. Install tkcore anew"),
        )  # fmt: skip
    if int(duckdb.__version__.partition(".")[0]) < 2:
        return Finding(N_("database"), BAD, N_("DuckDB {version} is too old"), {"version": duckdb.__version__}, N_("Install tkcore anew, with duckdb 2.0 or newer"))  # fmt: skip
    return Finding(N_("database"), OK, N_("DuckDB {version}"), {"version": duckdb.__version__})


def plugins(found: list[Found], enabled: Mapping[str, str]) -> Finding:
    """Whether every enabled plugin is there, is what was enabled, and loads."""
    loaded = load_all(found, enabled)
    broken = [f"{p.found.name} ({p.stage}: {p.error})" for p in loaded if isinstance(p, Broken)]
    if broken:
        return Finding(
            N_("plugins"), BAD, N_("not whole: {names}"), {"names": "; ".join(broken)},
            N_("tk plugins list shows each: install it anew, enable it again if the change is meant, or disable it"),
        )  # fmt: skip
    names = ", ".join(p.found.name for p in loaded) or "–"
    return Finding(N_("plugins"), OK, N_("whole: {names}"), {"names": names})
