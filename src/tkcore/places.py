"""Where a folder lies: on a disk of this computer, on the network, in memory, under a folder that a cloud copies.

A log needs a lock that holds and a sync that means it; a network file system promises neither, and a cloud's client
moves, locks and doubles files behind a writer's back, and takes patients' data out of the house.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from tkcore.errors import NotAllowed

NETWORK = re.compile(
    r"nfs[34]?|cifs|smb[23]?|smbfs|9p|afs|ncpfs|coda|ceph|glusterfs|lustre|gpfs|beegfs|orangefs|pvfs2|davfs|webdav|drvfs|"
    r"vboxsf|prl_fs|vmhgfs|virtiofs|fuse\.(?:sshfs|rclone|davfs2?|glusterfs|ceph|s3fs|gcsfuse|curlftpfs|gvfsd-fuse|"
    r"vmhgfs-fuse|smbnetfs|goofys)"
)
"""File systems whose bytes are another machine's, by the kernel's name for them."""
MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})
NAMES = {
    "Dropbox": r"dropbox([ (-].*)?",
    "OneDrive": r"onedrive([ (-].*)?",
    "Google Drive": r"google ?drive([ (-].*)?|my drive|drivefs",
    "iCloud": r"mobile documents|icloud ?drive|com~apple~clouddocs",
    "Nextcloud": r"nextcloud.*",
    "ownCloud": r"owncloud.*",
    "pCloud": r"pcloud ?(drive|sync)?([ (-].*)?",
    "MEGA": r"mega(sync)?( ?(drive|uploads|downloads))?",
    "Yandex.Disk": r"yandex[. ]?disk([ (-].*)?",
    "Syncthing": r"syncthing",
    "a cloud": r"cloudstorage",
}
"""What the folders of cloud clients are called, in lower case."""
MARKS = {
    ".dropbox": "Dropbox",
    ".dropbox.cache": "Dropbox",
    ".stfolder": "Syncthing",
    ".owncloudsync.log": "ownCloud",
    ".nextcloudsync.log": "Nextcloud",
    ".sync_*.db": "Nextcloud",
    "._sync_*.db": "Nextcloud",
    ".megaignore": "MEGA",
    ".tmp.drivedownload": "Google Drive",
    ".tmp.driveupload": "Google Drive",
    ".849C9593-D756-4E56-8D6E-42412F2A707B": "OneDrive",
}
"""What cloud clients leave in the folder they copy."""


class Mount(Struct, frozen=True):
    """A mounted file system: where, of which type, whether it is read-only."""

    point: Path
    type: str
    read_only: bool


def mount_of(folder: Path, mounts: str) -> Mount | None:
    """Return the mount a folder lies on, None where the system does not say; `mounts` is /proc/self/mounts."""
    folder = folder.resolve()
    best: Mount | None = None
    for line in mounts.splitlines():
        words = line.split(" ")
        if len(words) < 4:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), words[1]))
        deeper = best is None or len(point.parts) >= len(best.point.parts)  # the later of two hides the other
        if deeper and folder.is_relative_to(point):
            best = Mount(point, words[2], "ro" in words[3].split(","))
    return best


def cloud_of(folder: Path) -> str:
    """Return the cloud service that copies a folder, nothing if none is seen, by names and marks of it and its parents."""
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        for service, pattern in NAMES.items():
            if re.fullmatch(pattern, place.name.lower()):
                return service
        for mark, service in MARKS.items():
            # ~/.dropbox is a folder of the client's own; the mark in the copied folder is a file
            if any(mark != ".dropbox" or found.is_file() for found in place.glob(mark)):
                return service
    return ""


def refuse_network(folder: Path, mounts: str) -> None:
    """Raise NotAllowed for a workspace's folder on a network file system."""
    mount = mount_of(folder, mounts)
    if mount is not None and NETWORK.fullmatch(mount.type):
        raise NotAllowed(
            "{folder} lies on a network file system ({type}): locks and syncs cannot be trusted there. "
            "Choose a folder on a disk of this computer, and bring copies to the network with tk backup",
            folder=folder, type=mount.type,
        )  # fmt: skip


def refuse_cloud(folder: Path, *, anyway: bool) -> None:
    """Raise NotAllowed for a folder that a cloud copies, unless a person has decided so."""
    service = "" if anyway else cloud_of(folder)
    if service:
        raise NotAllowed(
            "{folder} is copied to the internet by {service}: patients' data would leave the house, and its client "
            "may change files while they are written. Choose a folder outside of it, or say --synced-anyway",
            folder=folder, service=service,
        )  # fmt: skip
