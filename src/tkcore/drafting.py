"""A new codebook as a file: small, with comments, and valid as it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from importlib import resources
from pathlib import Path
from string import Template, ascii_lowercase

from tkcore.errors import BadInput, NotAllowed
from tkcore.proofreading import SEAT_KEYS
from tkcore.scheme import Codebook
from tkcore.vocabulary import parse_beside

_NAME = re.compile(r"[a-z][a-z_]{0,30}")


def draft(name: str, beside: Iterable[Codebook], retired: Collection[str] = ()) -> str:
    """Return the text of a new codebook that can stand beside others.

    Raises BadInput where its name is taken or cannot be one, or no letter is free.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            "{name!r} cannot be a codebook's name: small letters and _, a letter first", name=name[:80]
        )
    shelf = list(beside)
    taken = {family.key for book in shelf if book.name not in retired for family in book.families} | SEAT_KEYS
    free = next((letter for letter in reversed(ascii_lowercase) if letter not in taken), None)
    if free is None:
        raise BadInput("every letter is a family's already: remove a codebook first")
    template = resources.files("tkcore").joinpath("templates/codebook.toml.txt").read_text("utf-8")
    text = Template(template).substitute(name=name, key=free)
    parse_beside(text.encode(), f"{name}.toml", shelf, retired)
    return text


def write(name: str, folder: Path, beside: Iterable[Codebook], retired: Collection[str] = ()) -> Path:
    """Write a new codebook into a folder and return its file. Raises BadInput, NotAllowed where it exists."""
    text, path = draft(name, beside, retired), folder / f"{name}.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise NotAllowed("{file} exists: choose another name or another folder", file=path) from None
    except OSError as error:
        raise BadInput("{file}: {error}", file=path, error=error.strerror or error) from None
    return path
