"""The doctor: each check finds what it is for, and says nothing where nothing is wrong."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tkcore import checkup
from tkcore.cli import run
from tkcore.configuring import change
from tkcore.diagnosis import foreign_types
from tkcore.disk import Disk, Lock
from tkcore.errors import NotAllowed
from tkcore.places import cloud_of, mount_of, refuse_cloud, refuse_network
from tkcore.plugins import find, fingerprint
from tkcore.recorder import Clocks

MOUNTS = (
    "/dev/sda1 / ext4 rw,relatime 0 0\nserver:/x /mnt/nas nfs4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n"
    "me@host:/ /home/u/far\\040away fuse.sshfs rw 0 0\n/dev/sdb1 /media/old vfat ro,nosuid 0 0\n"
    "/dev/sdc1 /srv ext4 rw 0 0\n//nas/share /srv cifs rw 0 0\nbucket /cloud fuse.odd rw 0 0\n"
)


@pytest.mark.parametrize(
    ("folder", "kind", "state"),
    [
        ("/home/u/ws", "ext4", "ok"),
        ("/mnt/nas/ws", "nfs4", "bad"),
        ("/mnt/nasty/ws", "ext4", "ok"),
        ("/home/u/far away/ws", "fuse.sshfs", "bad"),
        ("/srv/ws", "cifs", "bad"),
        ("/run/ws", "tmpfs", "bad"),
        ("/media/old/ws", "vfat", "bad"),
        ("/cloud/ws", "fuse.odd", "warn"),
    ],
)
def test_file_systems(folder, kind, state):
    """The deepest and last mount decides: network, memory and read-only are bad, what is unknown is said to be."""
    assert mount_of(Path(folder), MOUNTS).type == kind
    assert checkup.file_system(Path(folder), MOUNTS).state == state
    network = kind in ("nfs4", "fuse.sshfs", "cifs")
    if network:
        with pytest.raises(NotAllowed, match="Choose a folder on a disk of this computer"):
            refuse_network(Path(folder), MOUNTS)
    else:
        refuse_network(Path(folder), MOUNTS)


def test_a_system_that_says_nothing_of_mounts():
    """Where there is no list of mounts nothing is refused, and the doctor says that it does not know."""
    refuse_network(Path("/x"), "")
    assert checkup.file_system(Path("/x"), "").state == "warn"


@pytest.mark.parametrize(
    ("folder", "service"),
    [
        ("/home/u/Dropbox/ws", "Dropbox"),
        ("/home/u/Dropbox (Clinic)/a/ws", "Dropbox"),
        ("/home/u/OneDrive - RSJ/ws", "OneDrive"),
        ("/home/u/Google Drive/ws", "Google Drive"),
        ("/Users/u/Library/CloudStorage/GoogleDrive-a@b.c/My Drive/ws", "Google Drive"),
        ("/Users/u/Library/Mobile Documents/com~apple~CloudDocs/ws", "iCloud"),
        ("/home/u/Nextcloud/ws", "Nextcloud"),
        ("/home/u/ownCloud/ws", "ownCloud"),
        ("/home/u/pCloudDrive/ws", "pCloud"),
        ("/home/u/MEGA/ws", "MEGA"),
        ("/home/u/Yandex.Disk/ws", "Yandex.Disk"),
        ("/home/u/megaphone/ws", ""),
        ("/home/u/drop/box/ws", ""),
        ("/home/u/ws", ""),
    ],
)
def test_cloud_folders_by_name(folder, service):
    """A folder under a cloud's is known by the names above it, and refused unless a person says otherwise."""
    assert cloud_of(Path(folder)) == service
    refuse_cloud(Path(folder), anyway=True)
    if service:
        with pytest.raises(NotAllowed, match=f"{service}.*--synced-anyway"):
            refuse_cloud(Path(folder), anyway=False)
        assert checkup.cloud(Path(folder)).state == "bad"


@pytest.mark.parametrize(
    ("mark", "service"),
    [(".stfolder/", "Syncthing"), (".dropbox", "Dropbox"), (".sync_0a1b.db", "Nextcloud"), (".dropbox/", "")],
)
def test_cloud_folders_by_their_marks(tmp_path, mark, service):
    """A client's mark in a parent tells; Dropbox's own folder in a home does not."""
    (tmp_path / mark).mkdir() if mark.endswith("/") else (tmp_path / mark).touch()
    assert cloud_of(tmp_path / "a" / "ws") == service


class Lying(Disk):
    """Answers a sync without one."""

    def sync(self, fd: int) -> None:
        pass


class Broken(Disk):
    """Cannot sync, has no locks, is full."""

    def sync(self, fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def flock(self, fd: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    def free(self, path: Path) -> int:
        return 99_000_000


class Timer:
    """Goes on by so many µs at each look."""

    def __init__(self, *steps: int) -> None:
        self.now, self.steps, self.at = 0, steps, 0

    def __call__(self) -> int:
        self.now += self.steps[(self.at // (2 * checkup.TRIES)) % len(self.steps)] * 1000
        self.at += 1
        return self.now


@pytest.mark.parametrize(
    ("plain", "synced", "state"), [(2, 19, "warn"), (2, 20, "ok"), (5, 9000, "ok"), (5, 300_000, "warn")]
)
def test_the_numbers_of_a_sync_are_judged(tmp_path, plain, synced, state):
    """Quicker than any disk, or slow enough to be felt: the numbers are shown either way."""
    found = checkup.syncing(tmp_path, Disk(), Timer(plain, synced))
    assert (found.state, found.values["plain"], found.values["synced"]) == (state, plain, synced)
    assert list(tmp_path.iterdir()) == []


def test_a_sync_that_does_nothing_is_suspected(tmp_path):
    """The real clock and a sync that is none."""
    assert checkup.syncing(tmp_path, Lying()).state == "warn"


def test_a_disk_that_fails(tmp_path):
    """A failing sync, missing locks and no room are bad, with what to do, and nothing is left behind."""
    assert checkup.syncing(tmp_path, Broken()).state == "bad"
    assert checkup.locking(tmp_path, Broken()).state == "bad"
    assert checkup.room(tmp_path, Broken()).state == "bad"
    assert checkup.writable("x", tmp_path, Broken()).state == "bad"
    assert [p for p in tmp_path.iterdir() if "sync" not in p.name and "lock" not in p.name] == []


@pytest.mark.parametrize(
    ("free", "state"), [(99_999_999, "bad"), (100_000_000, "warn"), (999_999_999, "warn"), (10**9, "ok")]
)
def test_room(tmp_path, free, state):
    """Under 100 MB is bad, under 1 GB a warning."""
    disk = Disk()
    disk.free = lambda path: free
    assert checkup.room(tmp_path, disk).state == state


def test_a_lock_that_everybody_gets(tmp_path):
    """A file system that gives a lock twice is bad; this one's holds."""

    class Generous(Disk):
        def lock(self, path: Path, holder: str, *, wait: float = 0.0) -> Lock:
            return Lock(os.open(path, os.O_RDWR | os.O_CREAT))

    assert checkup.locking(tmp_path, Generous()).state == "bad"
    assert checkup.locking(tmp_path, Disk()).state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_the_date(desk, typed, time):
    """Before the program was made, or before the last record, is bad."""
    time.wall_ms = 1_790_000_000_000
    typed("g/s").say("@0:00 ab")
    finding, newest = checkup.whole(desk)
    assert (finding.state, newest) == ("ok", 1_790_000_000_000)
    assert checkup.date(desk.clocks, newest).state == "ok"
    time.wall_ms -= 1
    assert "before the last record" in checkup.date(desk.clocks, newest).says
    time.wall_ms = 1_700_000_000_000
    assert "before this program" in checkup.date(desk.clocks, 0).says


def test_clocks_that_part(time):
    """Wall and boot clock go together, or the time of day is being set."""
    assert checkup.steady(time.clocks(), time.go).state == "ok"
    assert checkup.steady(time.clocks(), lambda s: None).state == "bad"

    def set_back(seconds: float) -> None:
        time.go(seconds)
        time.wall_ms -= 3_600_000

    assert checkup.steady(time.clocks(), set_back).state == "bad"
    assert checkup.steady(Clocks(), __import__("time").sleep).state == "ok"


@pytest.mark.parametrize(("zone", "state"), [("Asia/Jakarta", "ok"), ("UTC", "ok"), ("Nowhere/Land", "warn")])
def test_the_time_zone(zone, state, monkeypatch):
    """A zone that is known by its name."""
    monkeypatch.setattr(checkup, "zone", lambda environ: zone)
    assert checkup.time_zone({"TZ": zone}).state == state
    assert checkup.time_zone({}).state == ("warn" if zone == "UTC" else state)


def test_a_damaged_log_is_named(desk, typed):
    """The log and no other."""
    for name in ("g/a", "g/b"):
        sitting = typed(name)
        sitting.say("@0:00 ab")
        sitting.stop()
    path = desk.workspace.session("g/b") / "000000.ndjson"
    data = bytearray(path.read_bytes())
    data[300] ^= 1
    path.write_bytes(bytes(data))
    finding, _ = checkup.whole(desk)
    assert (finding.state, finding.values["names"]) == ("bad", "g/b")


def test_plugins_that_are_not_whole():
    """Changed and missing ones are named, the whole ones listed."""
    found = find()
    assert checkup.plugins(found, {}).state == "ok"
    enabled = {one.name: fingerprint(one) for one in found}
    assert checkup.plugins(found, enabled).state == "ok"
    changed = checkup.plugins(found, {**enabled, found[0].name: "0" * 64})
    assert (changed.state, found[0].name in changed.values["names"]) == ("bad", True)
    gone = checkup.plugins(found, {**enabled, "gone": "0" * 64})
    assert (gone.state, gone.values["names"]) == (
        "bad", "gone (find: enabled but not installed: pip install tkcore-gone, or tk plugins disable gone)",
    )  # fmt: skip


PLUGIN = """
from msgspec import Struct
from tkcore import event_type, hookimpl
class Shifted(Struct, frozen=True):
    "Somebody looks elsewhere."
    seat: str
@hookimpl
def register_events(): return [event_type("gaze.shifted", version=1, body=Shifted, family="activity")]
"""


def test_types_that_no_plugin_offers(desk, typed, laid, tmp_path, monkeypatch, capsys):
    """A misspelt type is found and counted, an offered one is not; taken back it is gone. A broken log hides no other."""
    sitting = typed("g/s")
    sitting.say(
        "@0:00 ab", "@0:01 gaze.shifted seat=A", "@0:02 gaze.shiftet seat=A", "@0:03 gaze.shiftet seat=B"
    )
    torn = typed("g/a")
    torn.say("@0:00 ab", "@0:02 gaze.torn seat=A")
    torn.stop()
    path = desk.workspace.session("g/a") / "000000.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"setting"', b'"SETTING"'))
    assert foreign_types(desk) == {"gaze.shifted": 1, "gaze.shiftet": 2}

    laid(tmp_path / "site", "gaze", PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    (one,) = [f for f in find() if f.name == "gaze"]
    change(desk, lambda config: replace(config, plugins={"gaze": fingerprint(one)}))

    def types() -> dict:
        capsys.readouterr()
        run(["doctor", "--json"])
        return json.loads(capsys.readouterr().out)[-1]

    said = types()
    assert (said["check"], said["state"], said["numbers"]) == ("types", "warn", {"types": 1, "records": 2})
    assert said["says"] == "no plugin that is enabled offers: gaze.shiftet (2)"
    seqs = [x.seq for x in sitting.recorder.ledger if getattr(x, "t", "") == "gaze.shiftet"]
    sitting.say(*[f"~{seq}" for seq in seqs])
    said = types()
    assert (said["state"], said["says"]) == ("ok", "every record's type is known")


def test_a_codebook_that_cannot_be_read(desk):
    """It is named before a recording needs it."""
    assert checkup.vocabulary(desk).state == "ok"
    (desk.workspace.codebooks / "handbook.toml").write_text("[")
    assert checkup.vocabulary(desk).state == "bad"


def tk(*argv: str, where: Path):
    env = {**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8", "TZ": "Asia/Jakarta"}
    found = subprocess.run([sys.executable, "-m", "tkcore", *argv], check=False, capture_output=True, text=True, timeout=60, env=env)  # fmt: skip
    assert "Traceback" not in found.stderr + found.stdout
    return found


def test_the_command(tmp_path):
    """A workspace that is well: 0, every check once, nothing left behind. A damaged log: 1, named, with advice."""
    ws = tmp_path / "ws"
    assert tk("init", "--plain", "--language", "en", str(ws), where=ws).returncode == 0
    before = sorted(p for p in ws.rglob("*") if p.name != "LOCK")
    done = tk("doctor", "--json", where=ws)
    lines = json.loads(done.stdout)
    assert done.returncode == (1 if any(line["state"] == "bad" for line in lines) else 0)
    checks = [line["check"] for line in lines]
    assert checks == ["workspace", "vault", "file system", "cloud", "space", "locks", "sync", "logs", "date", "clock", "time zone", "codebooks", "database", "plugins", "types"]  # fmt: skip
    assert sorted(p for p in ws.rglob("*") if p.name != "LOCK") == before
    log = ws / "log/000000.ndjson"
    log.write_bytes(log.read_bytes().replace(b'"setup"', b'"SETUP"'))
    done = tk("doctor", where=ws)
    assert (done.returncode, "damaged: workspace. tk verify says" in " ".join(done.stdout.split())) == (1, True)  # fmt: skip


def test_init_refuses_what_the_doctor_would_call_bad(tmp_path, monkeypatch, capsys):
    """Under a cloud: exit 4 unless --synced-anyway. On a network file system: exit 4. Nothing is left there."""
    cloud = tmp_path / "Dropbox" / "ws"
    done = tk("init", "--plain", str(cloud), where=cloud)
    assert (done.returncode, "Dropbox" in done.stderr, cloud.exists()) == (4, True, False)
    assert tk("init", "--plain", "--synced-anyway", str(cloud), where=cloud).returncode == 0
    monkeypatch.setattr(
        Disk, "mounts", lambda self: f"/dev/sda1 / ext4 rw 0 0\nnas:/ {tmp_path} nfs4 rw 0 0\n"
    )
    assert run(["init", "--plain", str(tmp_path / "ws")]) == 4
    assert "network file system (nfs4)" in capsys.readouterr().err
    assert not (tmp_path / "ws").exists()


def test_a_memory_disk_is_bad():
    """On Linux /dev/shm is memory."""
    if shutil.which("findmnt") is None or not Path("/dev/shm").is_dir() or not Disk().mounts():
        pytest.skip("no /dev/shm here")
    assert checkup.file_system(Path("/dev/shm/x"), Disk().mounts()).state == "bad"
