"""The quick guide: one sheet of A5 printed from a codebook, a page for how to capture, a page for the codes.

It is made as HTML that asks for nothing. It knows no session; what it marks is what the codebook says of a setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from gettext import NullTranslations
from html import escape

from tkcore.conditions import terms
from tkcore.scheme import Code, Codebook, Family, Label
from tkcore.talk import N_

BEGINNER = ["gg", "dd", "sr", "uu", "un", "ud", "fu", "rr", "bb"]
"""The nine codes to begin with."""
MOST = 250
"""The most lines of codes and families a page holds in letters that can be read."""
KNOWN = {"setting", "population"}
"""What a caution may ask for to be marked here: anything else is known only when it happens."""
SIGNS = (
    ("1–9 0", N_("seats A to J")),
    ("t k", N_("therapist, co-therapist")),
    ("Enter", N_("answer; after one seat: to whoever spoke last")),
    (".", N_("to the group")),
    ("Space", N_("silence: the turn ends")),
    ("x", N_("several at once")),
    ("'", N_("one more receiver: then the seat")),
    ("y", N_("the last code again")),
    ("= -", N_("level or rating up, down")),
    (",", N_("the last entry 2 s earlier")),
    ("⌫", N_("undo; with Shift: bring back")),
    (";", N_("star: look again later")),
    ("/", N_("a note")),
    ("z", N_("seats exchanged: the wrong one, the right one, Enter")),
    ("[ ]", N_("phase before, next phase")),
    ("c", N_("quick mode: one tap a turn")),
    ("hc", N_("recording stops, goes on")),
    ("`", N_("hide everything; again: show")),
    ("Esc ?", N_("let go; this page")),
)
ADVICE = (
    (N_("Turn"), N_("Two taps: who, to whom. The middle: to the group. A murmur is not tapped.")),
    (N_("Code"), N_("Family key, then code key; it stands on the present turn, a leader's on the last leader's turn. A seat before it: whose it is.")),
    (N_("In doubt"), N_("Press the star and go on. In a burst record the floor only; codes come in the review.")),
    (N_("Before"), N_("Door, circle, power, consent, signs; say aloud that there is no sound and no camera.")),
    (N_("Danger"), N_("Put the device down. Later ww, and wj once it is reported to the staff on duty.")),
    (N_("Never"), N_("No names of outsiders, no diagnoses, no quotations without leave.")),
    (N_("After"), N_("Five minutes of review; screen hidden, receipt on the attendance sheet, device locked away.")),
)  # fmt: skip


def guide(
    book: Codebook,
    language: str,
    t: NullTranslations,
    setting: str | None = None,
    *,
    style: str = "",
    at: str = "",
) -> str:
    """Return the sheet as one page of HTML; `style` is its style, `at` the address of it for a page that may have none inside."""
    families = [(f, _codes(book, f)) for f in book.families]
    families = [(f, codes) for f, codes in families if codes]
    left = sum(len(codes) + 1 for _, codes in families) - MOST
    if left > 0:
        # what cannot be read helps nobody: the general codes and the first of each family stay
        most = max(1, MOST // len(families) - 1)
        families = [(f, codes[:most]) for f, codes in families]
    title = t.gettext(N_("Quick guide"))
    head = f'<link rel="stylesheet" href="{_text(at)}">' if at else f"<style>{style}</style>"
    name = _said(book.title, language)
    where = "" if setting is None else f" · {setting if language == 'en' else SETTINGS.get(setting, setting)}"
    return (
        f'<!doctype html>\n<html lang="{_text(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n{head}\n</head>\n<body>\n<main>\n"
        f"<section>\n<h1>{_text(title)}<small>{_text(name + where)}</small></h1>\n{_front(book, language, t)}</section>\n"
        f'<section class="codes">\n{_back(families, language, setting)}'
        f'<p class="legend">{_text(t.gettext(N_("• the codebook has a caution here; ▸ begin with these nine")))}</p>\n'
        "</section>\n</main>\n</body>\n</html>\n"
    )


SETTINGS = {"inpatient": "rawat inap", "outpatient": "rawat jalan"}


def _front(book: Codebook, language: str, t: NullTranslations) -> str:
    advice = "".join(f"<dt>{_text(t.gettext(a))}</dt><dd>{_text(t.gettext(b))}</dd>" for a, b in ADVICE)
    signs = "".join(
        f"<div><dt>{_text(key)}</dt><dd>{_text(t.gettext(words))}</dd></div>" for key, words in SIGNS
    )
    known = {c.key: c for c in book.codes if c.key}
    nine = "".join(
        f"<div><dt>{_text(key)}</dt><dd>{_text(_said(known[key].label, language))}</dd></div>" for key in BEGINNER if key in known
    )  # fmt: skip
    seats = "".join(
        f"<li><b>{seat}</b>{key}</li>" for seat, key in zip("TKABCDEFGHIJ", "tk1234567890", strict=True)
    )
    return (
        f'<ol class="seats">{seats}</ol>\n<dl class="advice">{advice}</dl>\n'
        f'<h2>{_text(t.gettext(N_("Keys")))}</h2>\n<dl class="signs">{signs}</dl>\n'
        f'<h2>{_text(t.gettext(N_("To begin with")))}</h2>\n<dl class="signs">{nine}</dl>\n'
    )


def _back(families: Sequence[tuple[Family, Sequence[Code]]], language: str, setting: str | None) -> str:
    parts = []
    for family, codes in families:
        rows = "".join(
            f"<div><dt>{_text(code.key or '')}</dt><dd>{'▸ ' if code.key in BEGINNER else ''}{_text(_said(code.label, language))}"
            f"{' •' if _cautioned(code, setting) else ''}</dd></div>"
            for code in codes
        )
        head = f"<h3><kbd>{_text(family.key)}</kbd> {_text(_said(family.label, language))}</h3>"
        parts.append(f"{head}<dl>{rows}</dl>\n")
    return f'<div class="families">\n{"".join(parts)}</div>\n'


def _codes(book: Codebook, family: Family) -> list[Code]:
    """Return a family's codes that have a key, the general one first."""
    own = [c for c in book.codes if c.key and c.key[0] == family.key and not c.retired and c.of == "session"]
    return sorted(own, key=lambda c: c.key != family.key * 2)


def _cautioned(code: Code, setting: str | None) -> bool:
    """Whether a caution of a code may hold in a setting, or in some where none is said."""
    for caution in code.caution:
        for condition in caution.conditions or ("",):
            asked = terms(condition) or ()
            if {term.name for term in asked} <= KNOWN and all(
                term.name != "setting" or setting in (None, term.value) for term in asked
            ):
                return True
    return False


def _said(label: Label, language: str) -> str:
    return label.id if language == "id" else label.en


def _text(text: str) -> str:
    return escape(text, quote=True)
