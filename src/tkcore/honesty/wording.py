"""What may be said of a finding, in both languages, and words that are not said: a diagnosis, a rank, a grade.

The list is short and plain: it finds a slip of the pen, not an intention. Reviewers find that.
"""

from __future__ import annotations

import re

from tkcore.analyses import Said

OBSERVED = Said(id="teramati", en="observed")
FOLLOWED = Said(id="diikuti oleh", en="was followed by")
COMPATIBLE = Said(id="sejalan dengan", en="compatible with")

_PEOPLE = r"(?:therapists?|co-therapists?|leaders?|members?|patients?|groups?|seats?)"
_ORANG = r"(?:terapis|ko-terapis|pemimpin|anggota|pasien|kelompok|kursi)"
FORBIDDEN = {
    "en": (
        # a rank, a diagnosis, a grade, a cause, an absence
        r"rank(?:s|ed|ing|ings)?",
        rf"(?:best|worst|better|worse|good|bad|poor|healthy|unhealthy|sick|dysfunctional|weak|strong) {_PEOPLE}",
        r"diagnos(?:is|es|ed|e|tic|tics|ing)",
        r"(?:personality|mental|psychiatric) disorders?",
        r"patholog(?:y|ical)",
        r"monopoli[sz](?:es|ers?|ts?)",
        r"monopolists?",
        r"(?:caused|causes|because of)",
        r"no resistance",
    ),
    "id": (
        r"(?:peringkat|ranking|juara)",
        rf"{_ORANG} (?:yang )?(?:paling )?(?:baik|buruk|terbaik|terburuk|bagus|jelek|sehat|sakit|lemah|gagal)",
        r"(?:di|men)?diagnos(?:is|a|isis)",
        r"gangguan (?:kepribadian|jiwa|mental)",
        r"patologis",
        r"(?:me)?monopolis?",
        r"(?:me|di)?sebabkan|penyebab(?:nya)?|menyebabkan",
        r"tidak ada resistensi",
    ),
}
"""Patterns of whole words, by language."""
_DENIED = re.compile(
    r"\b(?:no|not|never|without|bukan|bukanlah|tanpa|tidak)(?: an?| the| suatu)? $", re.IGNORECASE
)
_NEVER_SAID = ("no resistance", "tidak ada resistensi")


def forbidden(text: Said | str) -> tuple[str, ...]:
    """Return the words of a text that are not said, in their order; a plain text is looked through in both languages.

    What is denied is no fault: "this is no diagnosis" may stand.
    """
    if isinstance(text, str):
        return (*_found(text, "en"), *_found(text, "id"))
    return (*_found(text.en, "en"), *_found(text.id, "id"))


def _found(text: str, language: str) -> list[str]:
    whole = re.compile(rf"\b(?:{'|'.join(FORBIDDEN[language])})\b", re.IGNORECASE)
    return [
        one.group().lower()
        for one in whole.finditer(text)
        if one.group().lower() in _NEVER_SAID or not _DENIED.search(text[: one.start()])
    ]
