"""What a worker is asked and what it answers: plain values that go through JSON, in both directions.

A kind of job is a Struct of the union `Job`, and a row of `worker.WORK` says who does it; one job has one answer. What
comes from a worker is never unpickled, and is taken only in these types.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, json

from tkcore import errors
from tkcore.alerts import Heard
from tkcore.analyses import Done, Failed, NotApplicable, WithheldResult
from tkcore.contributions import Imported, Part
from tkcore.errors import TkError
from tkcore.groups import Meeting
from tkcore.log import Head
from tkcore.plugins import Found, Offer, Refusal

AnyOutcome = Done | NotApplicable | WithheldResult | Failed


class Start(Struct, frozen=True, kw_only=True):
    """What a worker's process is begun with: which plugin, its own folder `place`, its limits in bytes.

    `aside`: it works only when the processor has nothing else to do. `debug` leaves it the error output of the process
    that began it.
    """

    name: str
    distribution: str
    place: str
    memory: int
    largest: int
    aside: bool = False
    debug: bool = False


# -- jobs ------------------------------------------------------------------------------------------------------


class Asked(Struct, frozen=True):
    """An analysis and the parameters that differ from its own."""

    name: str
    params: dict[str, str] = {}


class Analyze(Struct, frozen=True, kw_only=True, tag_field="job", tag="analyze"):
    """Run analyses over a session of the workspace at `root`, as far as `head`; answered by `Analysed`."""

    root: str
    session: str
    head: Head
    asked: tuple[Asked, ...]


class Held(Struct, frozen=True):
    """What came of an analysis in a meeting of `OfGroup.meetings`, by its place there."""

    meeting: int
    outcome: AnyOutcome


class OfGroup(Struct, frozen=True, kw_only=True, tag_field="job", tag="of_group"):
    """Run a group function over what was found in meetings; answered by `Analysed` with one outcome.

    `lenders` names the plugin of each needed analysis.
    """

    group: str
    asked: Asked
    meetings: tuple[Meeting, ...]
    results: dict[str, tuple[Held, ...]]
    lenders: dict[str, str]


class Listen(Struct, frozen=True, kw_only=True, tag_field="job", tag="listen"):
    """Go on with a session: `lines` of its log from record `begin` on (0: from its beginning), verified.

    At each of `ticks`, numbers of records, the analyses that have an alert are asked; answered by `Listened`.
    """

    root: str
    session: str
    begin: int
    lines: tuple[str, ...]
    ticks: tuple[int, ...]


class GiveCodebook(Struct, frozen=True, tag_field="job", tag="codebook"):
    """Give the file of a codebook of the plugin's; answered by `CodebookFile`."""

    name: str


class Draw(Struct, frozen=True, kw_only=True, tag_field="job", tag="draw"):
    """Draw a section of `value`, a result that is done, of an analysis of the plugin `lender`; answered by `Drawn`."""

    section: str
    value: Any
    lender: str


class ReadFile(Struct, frozen=True, kw_only=True, tag_field="job", tag="read_file"):
    """Read a file's bytes with an importer; answered by `ReadAs`."""

    format: str
    data: bytes
    params: dict[str, str] = {}


class WriteFile(Struct, frozen=True, kw_only=True, tag_field="job", tag="write_file"):
    """Write a session, as far as `head`, with an exporter; answered by `Written`."""

    root: str
    session: str
    head: Head
    format: str
    params: dict[str, str] = {}


Job = Analyze | OfGroup | Listen | GiveCodebook | Draw | ReadFile | WriteFile
"""Every kind of job."""


# -- answers ---------------------------------------------------------------------------------------------------


class Loaded(Struct, frozen=True, kw_only=True, tag_field="answer", tag="loaded"):
    """The first thing a worker says: what its plugin adds, or why it is broken."""

    offer: Offer | None = None
    refusal: Refusal | None = None


class Analysed(Struct, frozen=True, tag_field="answer", tag="analysed"):
    """An outcome of each analysis that was asked for, in that order."""

    outcomes: tuple[AnyOutcome, ...]


class SaidAt(Struct, frozen=True):
    """What the analyses with an alert said at a tick."""

    tick: int
    heard: tuple[Heard, ...]


class Listened(Struct, frozen=True, tag_field="answer", tag="listened"):
    """What was said at each tick that was asked for, in that order."""

    said: tuple[SaidAt, ...]


class CodebookFile(Struct, frozen=True, tag_field="answer", tag="codebook"):
    """A codebook's file as text; who asked parses it."""

    text: str


class Drawn(Struct, frozen=True, tag_field="answer", tag="drawn"):
    """The parts of a section."""

    parts: tuple[Part, ...]


class ReadAs(Struct, frozen=True, tag_field="answer", tag="read_as"):
    """A session as an importer found it in a file."""

    imported: Imported


class Written(Struct, frozen=True, tag_field="answer", tag="written"):
    """A file as an exporter wrote it."""

    data: bytes


class Refused(Struct, frozen=True, kw_only=True, tag_field="answer", tag="refused"):
    """A TkError on its way to who asked, who says it in the user's language."""

    kind: str
    template: str
    values: dict[str, str | int | float | None]


class Stopped(Struct, frozen=True, kw_only=True, tag_field="answer", tag="stopped"):
    """Nothing came of a job: it raised, or its process is over; `stage` as in `Failed`."""

    stage: str
    error: str


Answer = Loaded | Analysed | Listened | CodebookFile | Drawn | ReadAs | Written | Refused | Stopped
"""Every kind of answer."""


LONGEST = 2000
"""The most signs of an error's text that are kept."""
LARGEST_SCHEMA = 1 << 20
"""The most bytes of a result's schema."""
DEEPEST = 64
"""The most levels of a value that is taken; whoever prints one goes down level by level."""


def deep(value: Any) -> bool:
    """Whether a value of JSON has more levels than are taken."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def plain(text: str) -> str:
    """Return a text of a plugin's as it may be shown: no sign in it moves a cursor, and it is not endless."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text[:LONGEST])


def refused(error: TkError) -> Refused:
    """Return an error of tkcore's as a value."""
    values: dict[str, Any] = {
        name: value if isinstance(value, (str, int, float)) or value is None else str(value)
        for name, value in error.values.items()
    }
    return Refused(kind=type(error).__name__, template=error.template, values=values)


def raised(answer: Refused) -> TkError:
    """Return the error that a worker refused with.

    Its words come from the plugin's process: a template that could do more than fill in its values is shown as it is.
    """
    from string import Formatter

    kind = getattr(errors, answer.kind, None)
    error = kind if isinstance(kind, type) and issubclass(kind, TkError) else TkError
    try:
        plain = all(
            name is None or (name in answer.values and not shape and form in (None, "r", "s"))
            for _, name, shape, form in Formatter().parse(answer.template)
        )
    except ValueError:
        plain = False
    if plain:
        return error(answer.template, **answer.values)
    return error("{error}", error=answer.template)


def not_its_own(offer: Offer, found: Found) -> str:
    """Return what a plugin says of itself that it cannot be, in a sentence; nothing if it may be what it says."""
    if (offer.plugin, offer.distribution, offer.version) != (found.name, found.distribution, found.version):
        return "it says that it is another plugin"
    named: tuple[Any, ...] = (
        *offer.analyses,
        *offer.events,
        *offer.sections,
        *offer.importers,
        *offer.exporters,
    )
    for one in named:
        if not one.name.startswith(f"{found.name}."):
            return f"{one.name!r} does not start with {found.name + '.'!r}"
    for what in offer.analyses:
        foreign = next((alert for alert in what.says if not alert.startswith(f"{found.name}.")), None)
        if foreign is not None:
            return f"the alert {foreign[:80]!r} does not start with {found.name + '.'!r}"
        if deep(what.params) or deep(what.schema):
            return f"{what.name}: its parameters or its schema have more than {DEEPEST} levels"
        if len(json.encode(what.schema)) > LARGEST_SCHEMA:
            return f"{what.name}: its schema has more than {LARGEST_SCHEMA:,} bytes"
    return ""
