"""From a workspace to what it holds: a session's records, its rows, and the codebooks that give codes a family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import rows as r
from tkcore.config import Workspace
from tkcore.disk import Disk
from tkcore.errors import NotFound
from tkcore.log import Scan
from tkcore.projection import FamilyOf, fold, record_rows
from tkcore.records import is_newer
from tkcore.recovery import read, refusal
from tkcore.resolve import STAR
from tkcore.views import Declared


class Read(Struct):
    """A session as its log says it; `scan.head` is what every derived thing is stamped with."""

    name: str
    scan: Scan
    records: list[e.Record]

    @property
    def partial(self) -> bool:
        """Whether a newer tkcore has written things this one cannot read."""
        return self.scan.damage is not None or any(
            isinstance(x, e.Opaque) and is_newer(x.t, x.v) for x in self.records
        )

    @property
    def opened(self) -> e.SessionOpened | None:
        return next((x for x in self.records if isinstance(x, e.SessionOpened)), None)


def books(workspace: Workspace) -> list[cb.Codebook]:
    """Return the workspace's codebooks, in the order of tk.toml; after them those that only older sessions have."""
    config = workspace.config()
    return [cb.load(workspace.codebooks / f"{name}.toml") for name in (*config.codebooks, *config.retired)]


def in_force(workspace: Workspace) -> list[cb.Codebook]:
    """Return the codebooks that a session opened now gets, in the order of tk.toml."""
    return [cb.load(workspace.codebooks / f"{name}.toml") for name in workspace.config().codebooks]


def families(codebooks: Sequence[cb.Codebook]) -> FamilyOf:
    """Return the function from a stored code and its attributes to its family."""
    known: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}

    def family_of(stored: str, attrs: Mapping[str, str]) -> str:
        key = (stored, tuple(sorted(attrs.items())))
        if key not in known:
            code = cb.by_stored(codebooks, stored, attrs)
            known[key] = code.family if code else "floor" if stored == STAR else ""
        return known[key]

    return family_of


def read_session(workspace: Workspace, name: str, disk: Disk) -> Read:
    """Return what a session's log holds, up to its last whole line.

    Raises NotFound; Damaged where the log does not verify (nothing damaged is ever shown as an answer).
    """
    folder = workspace.session(name)
    if not folder.is_dir():
        raise NotFound("there is no session {session}. See: tk session list", session=name)
    records, scan = read(folder, disk, name)
    if scan.damage is not None and scan.damage.kind != "newer":
        raise refusal(name, scan.damage)
    return Read(name, scan, records)


def rows_of(session: Read, codebooks: Sequence[cb.Codebook]) -> list[r.Row]:
    return fold(session.records, session.name, families(codebooks))


def records_of(session: Read, codebooks: Sequence[cb.Codebook]) -> list[r.RecordRow]:
    return record_rows(session.records, session.name, families(codebooks))


def captured_of(rows: Sequence[r.Row]) -> frozenset[str]:
    """Return the families somebody undertook to code."""
    return frozenset(row.family for row in rows if isinstance(row, r.Exposure) and row.counted)


def apart(codebooks: Sequence[cb.Codebook]) -> Callable[[str, Mapping[str, str]], bool]:
    """Return whether a stored code with its attributes is none of an analysis's business.

    It is of a family that is apart (safety: a person is told, nothing is counted), or it is private; or its codebook is
    not here, and nobody can say that it is neither.
    """
    aside = {family.id for book in codebooks for family in book.families if family.apart}
    hidden = {
        code.stored for book in codebooks for code in book.codes if code.private or code.family in aside
    }
    here = {book.name for book in codebooks}

    def is_apart(stored: str, attrs: Mapping[str, str]) -> bool:
        if stored.partition(".")[0] not in here and stored != STAR:
            return True
        if stored not in hidden:
            return False
        code = cb.by_stored(codebooks, stored, attrs)
        return code is None or code.private or code.family in aside

    return is_apart


def families_by_kind(
    codebooks: Sequence[cb.Codebook], declared: Iterable[Declared] = ()
) -> dict[str, frozenset[str]]:
    """Return, for each kind of row, the families that can store it; a kind everybody sees has none.

    `declared` are plugins' types: each, by its name, has the family it is declared with.
    """
    by_event: dict[str, set[str]] = {}
    for book in codebooks:
        aside = {family.id for family in book.families if family.apart}
        for code in book.codes:
            if code.of != "session" or code.family in aside or code.private:
                continue
            by_event.setdefault(code.event, set()).add(code.family)
    events = {
        "intervention": ("intervention.made",),
        "conflict": ("conflict.arisen", "conflict.settled"),
        "resistance": ("resistance.shown",),
        "factor": ("factor.shown",),
        "mark": ("mark.made",),
        "rating": ("rating.given",),
        "checklist": ("checklist.answered",),
        "contract": ("contract.opened", "contract.settled"),
    }
    found = {kind: frozenset(f for e_ in of for f in by_event.get(e_, ())) for kind, of in events.items()}
    floor = frozenset({"floor"})
    return {
        **found,
        "turn": floor,
        "address": floor,
        "crowd": floor,
        "silence": floor,
        "phase": frozenset({"phase"}),
        **{own.name: frozenset({own.family}) for own in declared},
    }
