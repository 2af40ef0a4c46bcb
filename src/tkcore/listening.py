"""A worker follows one session: at every tick the log's prefix is folded, and each analysis with an alert is asked.

`said_at` is the whole of it, a pure function of the prefix; `Listening` only keeps what is decoded already. Live,
replayed and after the fact are therefore one function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, ValidationError, convert, to_builtins

from tkcore import jobs as j
from tkcore.alerts import Heard, wrong
from tkcore.analyses import Alert, Analysis, Done, Failed, Origin, Outcome, run
from tkcore.codebook import Codebook
from tkcore.contributions import EventType
from tkcore.errors import TkError
from tkcore.events import Record, SessionOpened
from tkcore.log import GENESIS, Head, hash_of
from tkcore.presenting import Presented, presented
from tkcore.reading import families_by_kind
from tkcore.records import decode

if TYPE_CHECKING:
    from tkcore.worker import Bench


ALERT = "its alert: "
"""What an error begins with that the alert has raised, not the analysis."""


class Spoken(Struct, frozen=True):
    """What came of an analysis at a tick, and what its alert said of it."""

    outcome: Outcome
    heard: Heard


def said_at(
    analyses: Sequence[Origin[Analysis]],
    records: Sequence[Record],
    session: str,
    codebooks: Sequence[Codebook],
    events: Sequence[EventType[Any]] = (),
    *,
    h: str = GENESIS,
    params: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Spoken, ...]:
    """Return what each analysis that has an alert says of a session's first records, of those and nothing else.

    `records` end with a tick; `events` are the plugin's own types; `h` is the hash of the last record, provenance only.
    `params` gives an analysis others than its own, by name, for a test: live it has its own.
    """
    if not any(isinstance(x, SessionOpened) for x in records):
        return ()
    shown = presented(records, session, Head(records[-1].seq, h), codebooks, events)
    by_kind = families_by_kind(codebooks, events)
    return tuple(
        _spoken(origin, shown, by_kind, (params or {}).get(origin.what.name))
        for origin in analyses
        if origin.what.alert is not None
    )


def _spoken(
    origin: Origin[Analysis],
    shown: Presented,
    by_kind: Mapping[str, frozenset[str]],
    params: Mapping[str, Any] | None,
) -> Spoken:
    name = origin.what.name
    outcome = run(origin, shown.session, captured=shown.captured, families=by_kind, params=params)
    tag = str(outcome.__struct_config__.tag)
    if isinstance(outcome, Failed):
        return Spoken(outcome, Heard(analysis=name, outcome=tag, alerts=None, error=outcome.error))
    if not isinstance(outcome, Done):
        return Spoken(outcome, Heard(analysis=name, outcome=tag))
    try:
        alerts = alerts_of(origin.what, outcome.value)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does is an answer
        text = str(error) if isinstance(error, TkError) else f"{type(error).__name__}: {error}"
        return Spoken(outcome, Heard(analysis=name, outcome=tag, alerts=None, error=ALERT + text))
    return Spoken(outcome, Heard(analysis=name, outcome=tag, alerts=alerts))


def alerts_of(analysis: Analysis, value: Any) -> tuple[Alert, ...]:
    """Return what an analysis' alert says of a done result, checked.

    Raises whatever the alert raises; TkError where it answers something else than alerts that have a sentence.
    """
    assert analysis.alert is not None
    said: list[Any] = list(analysis.alert(convert(value, analysis.result)) or ())
    strange = next((one for one in said if not isinstance(one, Alert)), None)
    if strange is not None:
        raise TkError("it said {what}, which is no Alert", what=repr(strange)[:80])
    try:
        # its own copy, of the declared types: whole numbers, texts
        alerts = convert(to_builtins(said), tuple[Alert, ...])
    except (ValidationError, TypeError) as error:
        raise TkError("{error}", error=error) from None
    fault = wrong(alerts, analysis.says)
    if fault:
        raise TkError("{fault}", fault=fault)
    return alerts


class Listening:
    """A session's records as far as they are known, kept decoded from one tick to the next."""

    def __init__(
        self,
        session: str,
        analyses: Sequence[Origin[Analysis]],
        codebooks: Sequence[Codebook],
        events: Sequence[EventType[Any]] = (),
    ) -> None:
        self.session, self.analyses, self.codebooks, self.events = session, analyses, codebooks, events
        self.records: list[Record] = []
        self.hashes: list[str] = []

    def take(self, lines: Sequence[bytes]) -> None:
        """Take in the next lines of the log, verified ones."""
        for line in lines:
            self.records.append(decode(line))
            self.hashes.append(hash_of(line))

    def at(self, tick: int) -> tuple[Spoken, ...]:
        """Return what is said at a tick: of the records up to it, whatever came behind them."""
        prefix = self.records[: tick + 1]
        return said_at(self.analyses, prefix, self.session, self.codebooks, self.events, h=self.hashes[tick])


def listen(job: j.Listen, bench: Bench) -> j.Listened:
    """Take in what the job brings and say what is said at its ticks. Raises TkError where it brings too little."""
    key = f"listening {job.session}"
    if job.begin == 0:
        plugin = bench.plugin
        live = [Origin(a, plugin.found.distribution, plugin.found.version) for a in plugin.analyses]
        live.sort(key=lambda origin: origin.what.name)
        bench.kept[key] = Listening(job.session, live, bench.codebooks(job.root), plugin.events)
    listening: Listening | None = bench.kept.get(key)
    have = 0 if listening is None else len(listening.records)
    if listening is None or have != job.begin:
        raise TkError("the lines begin at {begin}, {have} are known", begin=job.begin, have=have)
    listening.take([line.encode() for line in job.lines])
    said = []
    for tick in job.ticks:
        spoken = listening.at(tick)
        if any(
            s.heard.alerts is None and s.heard.error.removeprefix(ALERT).startswith("MemoryError")
            for s in spoken
        ):
            raise MemoryError  # whoever had none left is not asked for more
        said.append(j.SaidAt(tick, tuple(s.heard for s in spoken)))
    return j.Listened(tuple(said))
