"""The rows of a CSV or TSV file as text, in bounded memory; what cannot be read is refused in its row."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from tkcore.errors import BadInput

LONGEST = 1 << 20
"""A row longer than that is no row of a table; it is refused before it is kept."""


def rows_of(path: Path, encoding: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank, with its number; the header is row 1."""
    lines = None
    try:
        with path.open("rb") as source, closing(_Lines(source, path, encoding)) as lines:
            head = next(lines, "")
            bare = re.sub('"[^"]*"', "", head)
            # the first line was read only to see what divides the columns
            text = chain([head] if head else [], lines)
            reader = csv.reader(text, delimiter=max(",;\t", key=bare.count), strict=True)
            for fields in reader:
                if lines.row == 1 or any(map(str.strip, fields)):
                    yield lines.row, fields
                lines.next_row()
    except csv.Error as error:
        row = lines.row if lines else 1
        raise BadInput(
            "{path}, row {row}: {error}. Is a quotation mark left open?", path=path, row=row, error=error
        ) from None
    except OSError as error:
        raise BadInput("{path}: {error}", path=path, error=error.strerror or error) from None


class _Lines:
    """The lines of a file as text. Whatever is no text, or makes a row longer than LONGEST, is refused in its row."""

    def __init__(self, source: BinaryIO, path: Path, encoding: str | None) -> None:
        mark = source.read(2)
        source.seek(0)
        self.path, self.row, self._taken = path, 1, 0
        self._encoding = encoding or (
            "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
        )
        try:
            narrow = "\n".encode(self._encoding) == b"\n"
        except (LookupError, UnicodeError):
            raise BadInput(
                "there is no encoding {encoding}. Try utf-8, cp1252, latin-1 or utf-16",
                encoding=self._encoding[:40],
            ) from None
        self._read = self._narrow(source) if narrow else self._wide(source)
        self._begun = False

    def close(self) -> None:
        self._read.close()

    def next_row(self) -> None:
        self.row, self._taken = self.row + 1, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._read)
        self._taken += len(line)
        if self._taken >= LONGEST:
            raise BadInput(
                "{path}, row {row}: longer than {most} bytes without an end. Is a quotation mark left open?",
                path=self.path, row=self.row, most=LONGEST,
            )  # fmt: skip
        if "\0" in line:
            raise BadInput(
                "{path}, row {row}: a NUL byte; this is no text, or has another encoding: name it with --encoding",
                path=self.path, row=self.row,
            )  # fmt: skip
        if "\ufffd" in line:
            raise BadInput(
                "{path}, row {row}: character {at} is not {encoding}. Save the file as UTF-8",
                path=self.path, row=self.row, at=line.index("\ufffd") + 1, encoding=self._encoding.upper(),
            )  # fmt: skip
        if not self._begun:
            self._begun = True
            line = line.removeprefix("\ufeff")
        return line

    def _narrow(self, source: BinaryIO) -> Generator[str]:
        """Yield lines of an encoding whose line ends are ASCII's, each decoded for itself."""
        while line := source.readline(LONGEST):
            try:
                yield line.decode(self._encoding) if len(line) < LONGEST else " " * LONGEST
            except UnicodeError as error:
                raise BadInput(
                    "{path}, row {row}: byte {at} is not {encoding}. Save the file as UTF-8, or name its encoding, "
                    "as in --encoding cp1252",
                    path=self.path, row=self.row, at=getattr(error, "start", 0) + 1, encoding=self._encoding.upper(),
                ) from None  # fmt: skip

    def _wide(self, source: BinaryIO) -> Generator[str]:
        """Yield lines of an encoding with several bytes to every sign."""
        text = io.TextIOWrapper(source, self._encoding, "replace", newline="")
        try:
            yield from iter(lambda: text.readline(LONGEST), "")
        finally:
            text.detach()
