"""The JSON documents of `--json`: one Struct each, from which `schemas/` is made."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from tkcore.analyses import Done, Failed, NotApplicable, WithheldResult
from tkcore.browsing import Explained, Hit
from tkcore.lines import FailedLine, HeardLine, LoweredLine, RaisedLine, ShownLine, WorkerLine
from tkcore.log import Head
from tkcore.rows import Contract, Mark, SessionRow
from tkcore.scheme import Caution, Decision, Label, Setting
from tkcore.status import Checked, Consent, Goal, Planned, Said, Sat, Task


class GroupLine(Struct, frozen=True):
    """`tk group list`: one group."""

    group: str
    sessions: int


class MemberLine(Struct, frozen=True, kw_only=True):
    """A member of a group; times are ms since 1970, `attended` of `expected` meetings."""

    seat: str
    role: str
    since: int
    until: int | None
    reason: str | None
    named: bool
    consent: Consent | None
    attended: int
    expected: int
    late: int


class ScoreLine(Struct, frozen=True, kw_only=True):
    """A member's answers to an instrument that were entered on one day: how many items, and their sum."""

    seat: str
    instrument: str
    day: str
    items: int
    total: int


class NormLine(Struct, frozen=True, kw_only=True):
    """A norm, and the meetings in which it was set."""

    code: str
    sessions: tuple[str, ...]


class OpenItem(Struct, frozen=True, kw_only=True):
    """An item of the group's list that nobody has answered, of the group or of a seat."""

    code: str
    seat: str | None


class GroupSheet(Struct, frozen=True, kw_only=True):
    """`tk group show`: `settings` as given, `usual` what is usual where nothing was given; `held` of `planned_sessions`;
    `safety` what is not reported yet to the staff on duty.
    """

    group: str
    format: str | None
    setting: str | None
    population: str | None
    level: str | None
    settings: tuple[Said, ...]
    usual: dict[str, str | int]
    cautions: tuple[Caution, ...]
    members: tuple[MemberLine, ...]
    sessions: tuple[Sat, ...]
    goals: tuple[Goal, ...]
    norms: tuple[NormLine, ...]
    tasks: tuple[Task, ...]
    checks: tuple[Checked, ...]
    unanswered: tuple[OpenItem, ...]
    scores: tuple[ScoreLine, ...]
    held: int
    planned_sessions: int | None
    coming: Planned | None
    safety: tuple[Mark, ...]


class SessionLine(Struct, frozen=True):
    """`tk session list`: one session; `state` is open, closed or damaged."""

    session: str
    records: int
    state: str
    head: str


class SeatLine(Struct, frozen=True, kw_only=True):
    """A seat of a session; `present` in ms."""

    seat: str
    role: str
    place: int | None
    scope: str
    attended: bool
    present: int | None
    turns: int


class SessionSheet(Struct, frozen=True, kw_only=True):
    """`tk session show`; `rows` counts them by kind."""

    session: str
    head: Head
    opened: SessionRow | None
    seats: tuple[SeatLine, ...]
    rows: dict[str, int]
    open_contracts: tuple[Contract, ...]
    safety: tuple[Mark, ...]


class AnalysisLine(Struct, frozen=True, kw_only=True):
    """`tk analyze --list`: one analysis."""

    analysis: str
    version: int
    params: dict[str, Any]
    doc: str
    plugin: str
    plugin_version: str


class SessionOutcomes(Struct, frozen=True, kw_only=True):
    """`tk analyze SESSION`."""

    session: str
    head: Head
    outcomes: tuple[Done | NotApplicable | WithheldResult | Failed, ...]
    tkcore: str


class GroupOutcomes(Struct, frozen=True, kw_only=True):
    """`tk analyze GROUP`: group analyses in `outcomes`, each session's own in `sessions`."""

    group: str
    heads: tuple[Head, ...]
    outcomes: tuple[Done | NotApplicable | WithheldResult | Failed, ...]
    sessions: tuple[SessionOutcomes, ...]
    tkcore: str


class PluginLine(Struct, frozen=True, kw_only=True):
    """`tk plugins list`: one plugin; `state` is enabled, installed, changed or broken (`stage`, `error`).

    What it adds is known of one that is enabled and runs.
    """

    plugin: str
    distribution: str | None
    version: str | None
    state: str
    stage: str | None = None
    error: str | None = None
    analyses: tuple[str, ...] = ()
    load_ms: int | None = None
    events: tuple[str, ...] = ()
    codebooks: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()
    exporters: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


class PluginFinding(Struct, frozen=True, kw_only=True):
    """`tk plugins doctor`: what is known of a plugin at a stage; `state` is ok, warn or bad.

    Stages are find, import, register, declare, check, then enabled, clash, cost and schema.
    """

    plugin: str
    distribution: str | None
    stage: str
    state: str
    says: str = ""
    advice: str = ""


class CheckLine(Struct, frozen=True, kw_only=True):
    """`tk plugins check`: a contribution and a check of it; `outcome` is passed, failed or skipped, `says` why."""

    item: str
    outcome: str
    says: str = ""


class Place(Struct, frozen=True, kw_only=True):
    """A bad place: torn, missing_newline, damaged_tail, corrupt, lost_text, receipt or refused, before record `seq`."""

    file: str
    byte: int
    seq: int
    damage: str
    detail: str
    advice: str


class VerifyLine(Struct, frozen=True, kw_only=True):
    """`tk verify`: one log; `seq` and `h` of the last sound record, `texts` those that were looked for.

    `stayed` are the texts among them that were never here: the log was taken in without them.
    """

    log: str
    ok: bool
    records: int
    seq: int
    h: str
    texts: int
    stayed: int = 0
    places: tuple[Place, ...] = ()


class ReceiptSheet(Struct, frozen=True, kw_only=True):
    """`tk session close`; `words` is empty for a log of more than a million records."""

    session: str
    seq: int
    h: str
    words: tuple[str, ...]


class ArchiveSheet(Struct, frozen=True, kw_only=True):
    """`tk archive`: closed sessions, those written now, parts; `left` could not be read."""

    sessions: int
    written: int
    parts: int
    left: tuple[str, ...]


class FaultLine(Struct, frozen=True):
    """What is not as it should be in a workspace; everything else is in the backup."""

    file: str
    detail: str


class BackupSheet(Struct, frozen=True, kw_only=True):
    """`tk backup`; `sha256` is that of the BACKUP file, `copied` the bytes this run added."""

    folder: str
    made: str
    sha256: str
    logs: int
    records: int
    files: int
    copied: int
    faults: tuple[FaultLine, ...]


class RestoreSheet(Struct, frozen=True, kw_only=True):
    """`tk restore`; with --check no workspace is made."""

    folder: str
    workspace: str | None
    made: str
    sha256: str
    logs: int
    records: int
    files: int
    faults: tuple[FaultLine, ...]


class DoctorLine(Struct, frozen=True, kw_only=True):
    """`tk doctor`: one check; `state` is ok, warn or bad, `numbers` are those in `says`."""

    check: str
    state: str
    says: str
    advice: str
    numbers: dict[str, int]


class LogSheet(Struct, frozen=True, kw_only=True):
    """`tk export log` and `tk import log`; `notes` are those whose texts do not come along, `sha256` is the file's."""

    session: str
    file: str
    records: int
    seq: int
    h: str
    segments: int
    closed: bool
    notes: int
    sha256: str


class FileSheet(Struct, frozen=True, kw_only=True):
    """`tk export NAME` in a format of a plugin's; `size` in bytes, `seq` and `h` the session's head."""

    session: str
    format: str
    file: str
    size: int
    seq: int
    h: str
    sha256: str


class CodebookLine(Struct, frozen=True, kw_only=True):
    """`tk codebook list`, `check`, `add`, `remove`: a codebook of the workspace, or one an enabled plugin offers (`plugin`).

    `retired`: it was removed, and only sessions opened before have it.
    """

    codebook: str
    version: int | None
    families: tuple[str, ...]
    codes: int | None
    sha256: str | None
    plugin: str | None = None
    retired: bool = False


class FamilyLine(Struct, frozen=True, kw_only=True):
    """`tk codebook show`: a family, and how many codes of it can be typed."""

    codebook: str
    family: str
    key: str
    label: Label
    author: str
    codes: int


class CodeLine(Struct, frozen=True, kw_only=True):
    """`tk codebook show FAMILY`, `show checklist`: a code; `of` says whose log it is recorded in."""

    codebook: str
    code: str
    key: str | None
    family: str | None
    of: str
    label: Label


DOCUMENTS: dict[str, tuple[Any, ...]] = {
    "group-list": (list[GroupLine],),
    "group-show": (GroupSheet,),
    "session-list": (list[SessionLine],),
    "session-show": (SessionSheet,),
    "analyze": (SessionOutcomes, GroupOutcomes),
    "analyze-list": (list[AnalysisLine],),
    "plugins-list": (list[PluginLine],),
    "plugins-doctor": (list[PluginFinding],),
    "plugins-check": (list[CheckLine],),
    "session-close": (ReceiptSheet,),
    "archive": (ArchiveSheet,),
    "verify": (list[VerifyLine],),
    "backup": (BackupSheet,),
    "restore": (RestoreSheet,),
    "doctor": (list[DoctorLine],),
    "live": (RaisedLine, LoweredLine, ShownLine, FailedLine, WorkerLine, HeardLine),
    "export": (FileSheet,),
    "export-log": (LogSheet,),
    "import-log": (LogSheet,),
    "codebook-list": (list[CodebookLine],),
    "codebook-check": (CodebookLine,),
    "codebook-add": (CodebookLine,),
    "codebook-remove": (CodebookLine,),
    "codebook-show": (
        list[FamilyLine],
        list[CodeLine],
        Explained,
        list[Setting],
        list[Caution],
        list[Decision],
    ),
    "codebook-search": (list[Hit],),
}
"""What each command's `--json` prints; one of the types."""
