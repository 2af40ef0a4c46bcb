"""Is every log whole and unaltered, and every text there that a record names?"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from pathlib import Path

from msgspec import Struct

from tkcore import vault
from tkcore.config import Workspace, locate
from tkcore.config import name as checked
from tkcore.disk import Disk
from tkcore.errors import BadInput, NotFound, TkError
from tkcore.events import ImportMade, MemberAdmitted, NoteWritten, Record, RecordAmended, SettingGiven
from tkcore.log import Damage, Scan, segment_name, stub_of, walk
from tkcore.manifest import Manifest, weigh
from tkcore.records import decode
from tkcore.recovery import read as read_log
from tkcore.talk import N_

WORKSPACE = "workspace"
"""The name of the workspace's own log."""
STEP = 1 << 20
NAMING = frozenset({"note.written", "record.amended", "member.admitted"})
"""The types that may name a text."""
LOST = N_("the text is not in the vault as it was written")


class Verdict(Struct, frozen=True, kw_only=True):
    """What verifying one log came to; `damage` names the bad place, `refused` why it could not be read at all."""

    log: str
    records: int
    seq: int
    h: str
    texts: int = 0
    stayed: int = 0
    """Texts that were never here: the log was taken in without them."""
    damage: tuple[Damage, ...] = ()
    refused: TkError | None = None
    owner: str = ""
    """Whose log it is, where that is not this one's."""

    @property
    def ok(self) -> bool:
        return not self.damage and self.refused is None


def logs(workspace: Workspace, name: str | None) -> list[tuple[str, Path]]:
    """Return the logs of a session, of a group with its sessions, or of everything, by name and folder.

    Raises NotFound.
    """
    if name is not None and "/" not in name and workspace.group(name).is_dir():
        return _group(workspace, checked(name))
    if name is not None:
        full = locate(workspace, name)
        return [(full, workspace.session(full))]
    found = [(WORKSPACE, workspace.log)] if workspace.log.is_dir() else []
    return found + [log for group in workspace.group_names() for log in _group(workspace, group)]


def _group(workspace: Workspace, group: str) -> list[tuple[str, Path]]:
    return [(group, workspace.group_log(group))] + [
        (session, workspace.session(session)) for session in workspace.session_names(group)
    ]


def behind(workspace: Workspace, disk: Disk) -> frozenset[str]:
    """Return the texts that stayed where logs came from, as the workspace's own log says it.

    It is believed as far as it verifies; where it does not, a text that is not here is lost.
    """
    if not workspace.log.is_dir():
        return frozenset()
    try:
        records, _ = read_log(workspace.log, disk, WORKSPACE)
    except (OSError, TkError):
        return frozenset()
    return frozenset(digest for x in records if isinstance(x, ImportMade) for digest in x.behind)


def text_of(record: Record) -> str:
    """Return the digest of the text that a record names, nothing where it names none."""
    match record:
        case NoteWritten(words=words) | MemberAdmitted(words=words) | SettingGiven(words=words):
            return words or ""
        case RecordAmended(replacement={"t": "note.written", "words": str(words)}):
            return words
    return ""


def verify(
    log: str,
    folder: Path,
    vault_folder: Path,
    disk: Disk,
    progress: Callable[[int], object],
    away: Container[str] = (),
) -> Verdict:
    """Walk one log to its end; `progress` is told how many bytes were read since the last time.

    `away` are the texts that need not be here.
    """
    found, texts, stayed, read = Scan(log=log), 0, 0, 0
    wrong: list[Damage] = []
    try:
        for line in walk(folder, disk, found):
            read += len(line.data)
            if read >= STEP:
                progress(read)
                read = 0
            if stub_of(line.data).t in NAMING and (digest := text_of(decode(line.data))):
                texts += 1
                if digest in away and not vault.path_of(vault_folder, digest).exists():
                    stayed += 1
                elif not _kept(vault_folder, digest, disk):
                    wrong.append(Damage("lost_text", segment_name(line.segment), line.offset, line.seq, LOST))
        if not found.segments and found.damage is None:
            found.stop("corrupt", segment_name(0), 0, N_("there is no log in its folder"))
        elif found.damage is None and found.manifest is not None:
            wrong += _derived(folder, found.manifest, disk)
    except (OSError, ValueError) as error:
        refused = BadInput("{log} cannot be read: {error}", log=log, error=error)
        return Verdict(
            log=log, records=found.head.seq + 1, seq=found.head.seq, h=found.head.h, refused=refused
        )
    except TkError as error:
        return Verdict(log=log, records=found.head.seq + 1, seq=found.head.seq, h=found.head.h, refused=error)
    finally:
        progress(read)
    damage = (*wrong, *([found.damage] if found.damage else []))
    return Verdict(
        log=log,
        records=found.head.seq + 1,
        seq=found.head.seq,
        h=found.head.h,
        texts=texts,
        stayed=stayed,
        damage=damage,
        owner=found.owner,
    )


def _kept(vault_folder: Path, digest: str, disk: Disk) -> bool:
    """Whether a text is in the vault as it was written."""
    try:
        vault.get(vault_folder, digest, disk)
    except NotFound:
        return False
    return True


def _derived(folder: Path, manifest: Manifest, disk: Disk) -> Iterator[Damage]:
    """Yield the damage of derived files that are not what closing vouched for."""
    for file in manifest.parquet:
        path = folder / file.name
        if not path.is_file() or weigh(path, disk) != file:
            yield Damage("derived", file.name, 0, manifest.seq + 1, N_("not the file that closing made"))
