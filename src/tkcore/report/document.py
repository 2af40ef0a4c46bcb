"""A document: chapters of drawings, each a section of a plugin's and what came of it, in the words of two languages."""

from __future__ import annotations

import gettext
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from tkcore.analyses import Done, Failed, NotApplicable, Said, WithheldResult
from tkcore.contributions import Cell, Part
from tkcore.jobs import AnyOutcome
from tkcore.log import Head
from tkcore.talk import decimal_mark


class Drawing(Struct, frozen=True, kw_only=True):
    """A section: `outcome` is that of its analysis `of`, None where nobody offers it.

    `stage` and `error` say why a result that is done could not be drawn.
    """

    section: str
    of: str
    title: Said
    plugin: str
    plugin_version: str
    outcome: AnyOutcome | None
    parts: tuple[Part, ...] = ()
    stage: str = ""
    error: str = ""

    @property
    def failed(self) -> bool:
        return isinstance(self.outcome, Failed) or bool(self.error)


class Chapter(Struct, frozen=True, kw_only=True):
    """A session, or the group over its meetings (`head` is None, `meetings` their number)."""

    name: str
    drawings: tuple[Drawing, ...]
    head: Head | None = None
    held: str | None = None
    meetings: int | None = None
    partial: bool = False


class Missing(Struct, frozen=True, kw_only=True):
    """A plugin that is broken, or a session that cannot be read, and why: named, never left out in silence."""

    what: str
    why: str


class Document(Struct, frozen=True, kw_only=True):
    """A report; the same log under the same versions gives the same document."""

    name: str
    chapters: tuple[Chapter, ...]
    missing: tuple[Missing, ...] = ()
    tkcore: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.missing) or any(d.failed for c in self.chapters for d in c.drawings)


class Voice:
    """The reader's language."""

    def __init__(self, language: str, t: gettext.NullTranslations) -> None:
        self.language, self._t = language, t

    def _(self, text: str, **values: object) -> str:
        """Return a text of tkcore's own."""
        said = self._t.gettext(text)
        return said.format(**values) if values else said

    def said(self, text: str | Said) -> str:
        """Return a text of a plugin's."""
        if isinstance(text, Said):
            return text.id if self.language == "id" else text.en
        return text

    def cell(self, value: Cell) -> str:
        """Return what stands in a cell; – for nothing known."""
        if isinstance(value, (str, Said)):
            return self.said(value)
        if value is None:
            return "–"
        if isinstance(value, bool):
            return self._("yes") if value else self._("no")
        return self.numbers([value])[0]

    def numbers(self, values: Sequence[float]) -> list[str]:
        """Return numbers beside each other, as the language writes them."""
        return [text.replace(".", decimal_mark(self.language)) for text in numbers(values)]

    def cells(self, rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
        """Return what stands in a table; a column of numbers has as many digits in each row."""
        columns = []
        for at, column in enumerate(zip(*rows, strict=True)):
            if numeric(rows, at):
                written = iter(self.numbers([value for value in column if value is not None]))
                columns.append([self.cell(None) if value is None else next(written) for value in column])
            else:
                columns.append([self.cell(value) for value in column])
        return [list(row) for row in zip(*columns, strict=True)]

    def facts(self, chapter: Chapter) -> list[str]:
        """Return what a chapter is about: its head and when it was held."""
        found = []
        if chapter.head is not None:
            found.append(f"#{chapter.head.seq} {chapter.head.h[:12]}")
        if chapter.held is not None:
            found.append(self._("held {held}", held=_moment(chapter.held)))
        if chapter.meetings is not None:
            found.append(self._("{count} meetings", count=chapter.meetings))
        if chapter.partial:
            found.append(self._("a newer tkcore has written part of it; what this one knows is shown"))
        return found

    def origin(self, drawing: Drawing) -> str:
        """Return where a section comes from: plugin, analysis, versions, parameters."""
        by = f"{drawing.section} · {drawing.plugin} {drawing.plugin_version}"
        outcome = drawing.outcome
        if outcome is None:
            return f"{by} · {drawing.of}"
        params = "".join(f" {name}={value}" for name, value in outcome.params.items())
        lent = "" if outcome.plugin == drawing.plugin else f" ({outcome.plugin} {outcome.plugin_version})"
        return f"{by} · {outcome.analysis} {outcome.version}{lent}{params}"

    def notes(self, drawing: Drawing) -> list[str]:
        """Return in words why there is nothing to see, or not all of it."""
        said: list[str] = []
        match drawing.outcome:
            case None:
                said.append(self._("no enabled plugin offers the analysis {analysis}", analysis=drawing.of))
            case NotApplicable(missing=missing) | Done(missing=missing) if missing:
                said.append(self._("not captured: {families}", families=", ".join(missing)))
            case WithheldResult(gate=gate, n=n):
                said.append(self._("withheld: {gate} (n = {n})", gate=self._(gate) if gate else "-", n=n))
            case Failed(stage=stage, error=error):
                said.append(self._("failed at stage {stage}: {error}", stage=stage, error=error))
        if drawing.error:
            said.append(
                self._("it could not be drawn, stage {stage}: {error}", stage=drawing.stage, error=drawing.error)
            )  # fmt: skip
        elif isinstance(drawing.outcome, Done) and not drawing.parts:
            said.append(self._("there is nothing to show"))
        return said


def plain(text: str) -> str:
    """Return a text without signs that would do something where it is shown: move a terminal, turn a line around."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else " " if sign.isspace() else "�"
        for sign in text.replace("\r\n", "\n")
    )


def _moment(held: str) -> str:
    """Return `2026-11-24 16:00 (+07:00)` of a time with offset; anything else as it is."""
    try:
        moment = datetime.fromisoformat(held)
    except ValueError:
        return held
    return f"{moment:%Y-%m-%d %H:%M}" + (f" ({held[-6:]})" if moment.tzinfo and held[-3:-2] == ":" else "")


def numeric(rows: Sequence[Sequence[Cell]], at: int) -> bool:
    """Whether a column holds numbers and nothing else: it stands to the right."""
    return bool(rows) and all(
        row[at] is None or (isinstance(row[at], (int, float)) and not isinstance(row[at], bool))
        for row in rows
    )


def numbers(values: Sequence[float]) -> list[str]:
    """Return numbers beside each other, all with the fewest digits behind the point that show three, or all there are."""
    usual = [v for v in values if _usual(v)]
    digits = next(d for d in range(4) if d == 3 or all(abs(round(v, d) - round(v, 3)) < 1e-9 for v in usual))
    return [_number(v, digits) for v in values]


def _usual(value: float) -> bool:
    """Whether three digits behind the point say what a number is: not that it is nothing, nor a line of zeros."""
    return isinstance(value, int) or value == 0 or 0.0005 <= abs(value) < 1e15


def _number(value: float, digits: int) -> str:
    if isinstance(value, int):
        return f"{value}.{'0' * digits}" if digits and abs(value) < 1e15 else str(value)
    if not _usual(value):
        return f"{value:.2g}" if abs(value) < 1 else f"{value:.3g}"
    return f"{value + 0.0:.{digits}f}"
