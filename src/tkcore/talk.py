"""The user's language: messages are written in English and looked up in a catalogue."""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from importlib import resources
from io import BytesIO

from tkcore.errors import TkError


def N_(text: str) -> str:  # noqa: N802 - the name every gettext tool knows
    """Mark a text for translation where it stands; it is looked up where it is said."""
    return text


def language_of(option: str | None, configured: str | None, environ: Mapping[str, str]) -> str:
    """Return the language in force: the option, the workspace's, the locale's, else English."""
    if option or configured:
        return str(option or configured)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        said = environ.get(name, "")
        if said:
            return "id" if said.lower().startswith(("id", "in_")) else "en"
    return "en"


def translator(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; English is the source itself."""
    if language == "en":
        return gettext.NullTranslations()
    data = resources.files("tkcore").joinpath(f"locale/{language}/LC_MESSAGES/tkcore.mo").read_bytes()
    return gettext.GNUTranslations(BytesIO(data))


def decimal_mark(language: str) -> str:
    """Return what a language writes between a number's whole and its parts; JSON and CSV always have a point."""
    return "," if language == "id" else "."


def say(error: TkError, t: gettext.NullTranslations) -> str:
    """Return what an error says, in the catalogue's language; a value may be an error with words of its own."""
    values = {k: say(v, t) if isinstance(v, TkError) else v for k, v in error.values.items()}
    return t.gettext(error.template).format(**values)


def speak(language: str) -> None:
    """Let the argument parser speak the user's language too: its words are in the same catalogue."""
    if language != "en":
        os.environ["LANGUAGE"] = language
        gettext.bindtextdomain("tkcore", str(resources.files("tkcore").joinpath("locale")))
        gettext.textdomain("tkcore")
