"""What is seen of a session that is watched, as lines of text: no colour, nothing that blinks, nothing that wraps.

`table` is a pure function of what is known and of the size of the screen. What finds no room is said in numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from rich.cells import cell_len, set_cell_size

from tkcore.analyses import Done, Failed, NotApplicable, WithheldResult
from tkcore.cli.printing import minutes
from tkcore.errors import TkError
from tkcore.jobs import plain
from tkcore.measuring import Measured
from tkcore.talk import decimal_mark, say, translator
from tkcore.watching import Case, Coded, Noticed, SeatCase, Told

QUIET = 15
"""Seconds after which it is said that nothing is heard: while a session is recorded its clock ticks every ten."""
LATE = 30_000
"""Ms that the network class may be older than the rest before it is said of when it is."""


class Seen(Struct, frozen=True, kw_only=True):
    """All that is known: `heard` seconds since the log last grew, None where nobody asks; `anew`: it was replaced and
    read again. `loading`: the plugins have not answered yet; `network` says whether one of them names the class.
    `told_at`: how far on the session clock the alerts are those of the log, None where they are those of the whole.
    """

    session: str
    case: Case | None = None
    told: Told = Told()
    told_at: int | None = None
    measured: Measured | None = None
    network: bool = True
    loading: bool = False
    heard: int | None = None
    anew: bool = False
    trouble: TkError | None = None


class Tongue:
    """A language: its words, its labels, its decimal mark."""

    def __init__(self, language: str) -> None:
        self.language, self.t = language, translator(language)

    def _(self, text: str, **values: Any) -> str:
        said = self.t.gettext(text)
        return said.format(**values) if values else said

    def label(self, label: Any) -> str:
        return str(label.id if self.language == "id" else label.en)


def table(seen: Seen, width: int, height: int, language: str) -> list[str]:
    """Return `height` lines, none of them wider than `width` cells."""
    tongue = Tongue(language)
    blocks = {
        "title": [_title(seen, tongue, width)],
        "inside": _inside(seen, tongue),
        "notice": _notice(seen, tongue, width),
        "seats": _seats(seen, tongue, width),
        "facts": _facts(seen, tongue),
        "codes": _codes(seen, tongue, width),
        "none yet": _none_yet(seen, tongue, width),
        "uncoded": _uncoded(seen, tongue, width),
        "alerts": _alerts(seen, tongue, width),
        "plugins": _plugins(seen, tongue, width),
        "foot": [_foot(seen, tongue, width)],
    }
    room = _share_out({name: len(lines) for name, lines in blocks.items()}, height)
    spare = height - sum(room.values())
    drawn: list[str] = []
    for name, lines in blocks.items():
        kept = _cut(lines, room[name], tongue)
        if kept and drawn and name in GAPS and spare > 0:
            drawn.append("")
            spare -= 1
        if name == "foot":
            drawn += [""] * (height - len(drawn) - len(kept))
        drawn += kept
    return [clip(line, width) for line in drawn[:height]]


GAPS = ("seats", "facts", "alerts", "plugins")
"""What stands apart from the lines above it, if there is room."""
WIDEST = 46
"""The most cells of a bar."""
STAGES = (
    ("title", 1), ("foot", 1), ("notice", 1), ("alerts", 1), ("seats", 4), ("facts", 2), ("inside", 1),
    ("seats", 99), ("plugins", 1), ("codes", 1), ("alerts", 3), ("codes", 9), ("uncoded", 9), ("none yet", 9), ("notice", 9),
    ("plugins", 9), ("alerts", 99),
)  # fmt: skip
"""Who gets lines first, and how many."""


def _share_out(wanted: dict[str, int], height: int) -> dict[str, int]:
    room = dict.fromkeys(wanted, 0)
    for name, most in STAGES:
        left = height - sum(room.values())
        room[name] += max(0, min(min(wanted[name], most) - room[name], left))
    return room


def _cut(lines: Sequence[str], room: int, tongue: Tongue) -> list[str]:
    """Return the first lines, the last of which says how many more there are."""
    if room >= len(lines) or room < 2:
        return list(lines[:room])
    return [*lines[: room - 1], "   " + tongue._("… {count} more lines", count=len(lines) - room + 1)]


def clip(text: str, width: int) -> str:
    """Return a text that is no wider; one that was cut ends with an ellipsis."""
    text = plain(text).replace("\n", " ").rstrip()
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""


def _apart(left: str, right: str, width: int) -> str:
    """Return two texts at the ends of a line; the right one stays whole as long as it can."""
    free = width - cell_len(right) - 2
    if free < 8:
        return f"{left}  {right}"
    return set_cell_size(clip(left, free), free) + "  " + right


def _named(name: str, parts: Iterable[str], width: int, between: str = " · ") -> list[str]:
    """Return parts behind a name, in as many lines as they need."""
    lines, line = [], ""
    for part in parts:
        longer = line + between + part if line else part
        if line and cell_len(longer) > width - LABEL:
            lines.append(line)
            longer = part
        line = longer
    lines.append(line)
    return [set_cell_size(f" {name if at == 0 else ''}", LABEL) + line for at, line in enumerate(lines)]


LABEL = 12
"""Cells of the names at the left."""


# -- head and foot ---------------------------------------------------------------------------------------------


def _title(seen: Seen, tongue: Tongue, width: int) -> str:
    case = seen.case
    if case is None:
        return _apart(f" {seen.session}", tongue._("not opened yet"), width)
    state = "closed" if case.closed else "paused" if case.paused else ""
    doing = [tongue.label(label) for label in (case.phase, case.activity) if label is not None]
    words = [minutes(case.now), *doing, *([tongue._(state)] if state else [])]
    return _apart(f" {seen.session} · {tongue._('meeting')} {case.number}", " · ".join(words), width)


def _inside(seen: Seen, tongue: Tongue) -> list[str]:
    if seen.case is None:
        return []
    where: dict[str, list[str]] = {"in": [], "left": [], "absent": []}
    for one in seen.case.seats:
        where["in" if one.where == "apart" else one.where].append(one.seat)
    words = [tongue._("in the room {count}", count=len(where["in"])) + ": " + " ".join(where["in"])]
    if where["left"]:
        words.append(tongue._("left") + ": " + " ".join(where["left"]))
    if where["absent"]:
        words.append(tongue._("absent") + ": " + " ".join(where["absent"]))
    return [" " + " · ".join(words)]


def _notice(seen: Seen, tongue: Tongue, width: int) -> list[str]:
    said = []
    if seen.trouble is not None:
        said.append(tongue._("the log cannot be read on, this is what it said before: {reason}", reason=say(seen.trouble, tongue.t)))  # fmt: skip
    elif seen.anew:
        said.append(tongue._("the log was replaced and has been read again from its beginning"))
    return [line for text in said for line in _folded("! ", text, width)]


def _folded(sign: str, text: str, width: int) -> list[str]:
    lines = _named("", plain(text).split(), width + LABEL - 4, " ")
    return [f" {sign if at == 0 else '  '}{line[LABEL:]}" for at, line in enumerate(lines)]


def _foot(seen: Seen, tongue: Tongue, width: int) -> str:
    known = "" if seen.case is None else tongue._("record {seq}", seq=seen.case.seq)
    closed = seen.case is not None and seen.case.closed
    if seen.heard is not None and seen.heard >= QUIET and not closed:
        known = tongue._("last heard {time} ago", time=_ago(seen.heard, tongue)) + (
            f" · {known}" if known else ""
        )
    return _apart(" " + tongue._("q leaves"), known, width)


def _ago(seconds: int, tongue: Tongue) -> str:
    """Return a length that does not change all the time."""
    if seconds < 60:
        return tongue._("{count} s", count=seconds // 5 * 5)
    if seconds < 3600:
        return tongue._("{count} min", count=seconds // 60)
    return tongue._("{count} h", count=seconds // 3600)


# -- the seats -------------------------------------------------------------------------------------------------


def _seats(seen: Seen, tongue: Tongue, width: int) -> list[str]:
    case = seen.case
    if case is None:
        return []
    shown = [tongue._("seat"), tongue._("turns"), tongue._("talk"), tongue._("share"), tongue._("silent for")]
    signs = {
        a.seat: _sign(a) for a in sorted(seen.told.alerts, key=lambda a: a.shown or 0) if a.lowered is None
    }
    rows = [_seat(one, signs.get(one.seat, ""), tongue) for one in case.seats]
    if not case.timed:
        shown[2], rows = "", [(row[0], row[1], "", *row[3:]) for row in rows]
    leading = any(one.leader and one.share is not None for one in case.seats)
    widths = [max(cell_len(cell) for cell in (shown[at], *(row[at] for row in rows))) for at in range(5)]
    if width >= 80:  # a column that grows and shrinks would move all bars
        widths[4] = max(widths[4], cell_len(f"00:00  {tongue._('no turn yet')}"))
    if 1 + sum(widths) + 3 * 4 > width:
        widths[2] = 0
    gap = 3 if 1 + sum(widths) + 3 * 4 <= width else 1
    bar = min(WIDEST, width - 1 - sum(widths) - gap * (5 if widths[2] else 4))
    if bar < 6:
        bar = 0
    told = tongue._("of the members' time") if case.timed else tongue._("of the members' turns")
    apart = told + "; " + tongue._("leaders: of everyone's")
    if leading and cell_len(apart) <= bar:
        told = apart
    lines = [_row(shown, widths, told, bar, gap)]
    for one, row in zip(case.seats, rows, strict=True):
        lines.append(_row(row, widths, _bar(one.share, bar), bar, gap))
    return lines


def _row(cells: Sequence[str], widths: Sequence[int], bar: str, room: int, gap: int) -> str:
    seat, turns, talk, share, quiet = cells
    parts = [set_cell_size(seat, widths[0]), _right(turns, widths[1])]
    if widths[2]:
        parts.append(_right(talk, widths[2]))
    parts.append(_right(share, widths[3]))
    if room:
        parts.append(set_cell_size(clip(bar, room), room))
    parts.append(quiet)
    return " " + (" " * gap).join(parts)


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _seat(one: SeatCase, sign: str, tongue: Tongue) -> tuple[str, str, str, str, str]:
    """Return a seat's cells; `sign` stands beside one that an alert is about, as on the page."""
    name = f"{one.seat} {sign}".rstrip()
    if one.where in ("apart", "absent"):
        why = tongue._("absent") if one.where == "absent" else tongue._("not to be recorded")
        return name, "–", "–", "–", why
    share = "–" if one.share is None else f"{round(100 * one.share)} %"
    if one.where == "left":
        quiet = tongue._("left {time}", time=minutes(one.left_at))
    elif one.speaking:
        quiet = tongue._("speaking")
    else:
        quiet = minutes(one.quiet)
        if not one.turns:
            quiet += "  " + tongue._("no turn yet")
    return name, str(one.turns), minutes(one.ms), share, quiet


def _bar(share: float | None, width: int) -> str:
    full = 0 if share is None else round(width * min(1.0, share))
    return "█" * full + "·" * (width - full)


# -- what else there is ----------------------------------------------------------------------------------------


def _facts(seen: Seen, tongue: Tongue) -> list[str]:
    case = seen.case
    if case is None:
        return []
    words = tongue._(
        "{count} of 3 s or more, together {time}", count=case.silences, time=minutes(case.silent)
    )
    if case.silence is not None:
        words = tongue._("now {time}", time=minutes(case.silence)) + " · " + words
    network = _structure(seen, case, tongue)
    return [*_named(tongue._("network"), [network], 0), *_named(tongue._("silence"), [words], 0)]


def _structure(seen: Seen, case: Case, tongue: Tongue) -> str:
    """Return the class of the network in the words of its analysis, or why there is none."""
    if seen.measured is None:
        if seen.loading:
            return "…"
        return "…" if seen.network else tongue._("no plugin names it. See: tk plugins enable network")
    outcome = seen.measured.outcome
    match outcome:
        case Done(value=value):
            words = [
                tongue.label(_Label(value["said"])),
                tongue._("{count} acts", count=_number(value["acts"], tongue)),
            ]
            if value["provisional"] and isinstance(value.get("printed"), list):
                words.insert(1, tongue._("provisional"))
        case NotApplicable(missing=missing):
            words = [tongue._("not captured: {families}", families=", ".join(missing))]
        case WithheldResult(gate=gate, n=n):
            words = [tongue._("withheld: {gate} (n = {n})", gate=tongue._(gate), n=n)]
        case Failed(stage=stage, error=error):
            words = [tongue._("failed at stage {stage}: {error}", stage=stage, error=error)]
    if case.now - seen.measured.now >= LATE:
        words.append(tongue._("at {time}", time=minutes(seen.measured.now)))
    return " · ".join(words)


class _Label:
    def __init__(self, said: dict[str, str]) -> None:
        self.id, self.en = said["id"], said["en"]


def _number(value: float, tongue: Tongue) -> str:
    whole = round(value, 1)
    return str(int(whole)) if whole == int(whole) else str(whole).replace(".", decimal_mark(tongue.language))


def _codes(seen: Seen, tongue: Tongue, width: int) -> list[str]:
    if seen.case is None:
        return []
    coded = [f"{tongue.label(one.family)} {one.count}" for one in seen.case.codes if one.count]
    return _named(tongue._("codes"), coded or ["0"], width) if any(_undertaken(seen.case)) else []


def _undertaken(case: Case) -> list[Coded]:
    return [one for one in case.codes if one.count is not None]


def _none_yet(seen: Seen, tongue: Tongue, width: int) -> list[str]:
    """Return the families that are coded and have no code: zero, other than those that nobody codes."""
    if seen.case is None:
        return []
    none = [tongue.label(one.family) for one in seen.case.codes if one.count == 0]
    return _named(tongue._("none yet"), none, width) if none else []


def _uncoded(seen: Seen, tongue: Tongue, width: int) -> list[str]:
    if seen.case is None:
        return []
    left = [tongue.label(one.family) for one in seen.case.codes if one.count is None]
    return _named(tongue._("not coded"), left, width) if left else []


def _alerts(seen: Seen, tongue: Tongue, width: int) -> list[str]:
    """Return those that stand, then those that are over, the newest first."""
    name = tongue._("alerts")
    behind = seen.case is not None and seen.told_at is not None and seen.case.now - seen.told_at >= LATE
    so_far = tongue._("as far as {time}, more to come", time=minutes(seen.told_at)) if behind else ""
    if not seen.told.alerts:
        return _named(name, ["…" if seen.loading else so_far or tongue._("none")], width)
    newest = seen.told.alerts[::-1]
    ordered = [a for a in newest if a.lowered is None] + [a for a in newest if a.lowered is not None]
    said = [_alert(one, tongue) for one in ordered]
    lead = max(cell_len(when) for when, _ in said)
    lines = [f"{set_cell_size(when, lead)}  {what}" for when, what in said]
    if so_far:
        lines.insert(0, so_far)
    return [_named(name if at == 0 else "", [line], 0)[0] for at, line in enumerate(lines)]


def _alert(one: Noticed, tongue: Tongue) -> tuple[str, str]:
    what = tongue.label(one.says)
    if one.lowered is not None:
        what += " (" + tongue._("until {time}", time=minutes(one.lowered)) + ")"
    elif one.shown is None:
        what += " (" + tongue._("raised, not shown yet") + ")"
    return f"{_sign(one)} {minutes(one.raised if one.shown is None else one.shown)}", what


def _sign(one: Noticed) -> str:
    """Return whether it is over, raised or shown as a sign."""
    return "·" if one.lowered is not None else "○" if one.shown is None else "●"


def _plugins(seen: Seen, tongue: Tongue, width: int) -> list[str]:
    failing = [
        f"{name}: {error}" for name, error in sorted({**seen.told.plugins, **seen.told.analyses}.items())
    ]
    return (
        _named(tongue._("failing"), [clip(one, max(20, width - LABEL)) for one in failing], width)
        if failing
        else []
    )
