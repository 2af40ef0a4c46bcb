"""Is what a plugin says to people worded as observed: no diagnosis, no rank, no grade, no cause (honesty/wording.py)?

Looked through are the sentences of alerts, the texts in results, and what sections draw, over every sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, convert, structs

from tkcore.analyses import Done, Outcome, Said
from tkcore.honesty.wording import forbidden
from tkcore.testing.meetings import groups_of
from tkcore.testing.subject import Subject


def is_worded_honestly(subject: Subject) -> None:
    """No sentence of an alert and no text of a result diagnoses, ranks or grades."""
    for key, said in subject.analysis.says.items():
        _allowed(f"the sentence of {key}", said)
    for sample in subject.recorded:
        _result_allowed(subject, subject.of(sample), sample.name)


def is_worded_honestly_over_meetings(subject: Subject) -> None:
    """No text of a group's result diagnoses, ranks or grades."""
    for name, group in groups_of(subject):
        _result_allowed(subject, subject.over(group), name)


def section_is_worded_honestly(subject: Subject) -> None:
    """Neither the title of a section nor what it draws diagnoses, ranks or grades."""
    _allowed("the title", subject.one.title)
    near = subject.neighbour(subject.one.of)
    for sample in subject.recorded if near is not None else ():
        assert near is not None
        found = near.of(sample)
        if isinstance(found, Done):
            for said in _texts(list(subject.one.draw(convert(found.value, near.analysis.result)))):
                _allowed(f"what is drawn over {sample.name!r}", said)


def _result_allowed(subject: Subject, found: Outcome, name: str) -> None:
    if isinstance(found, Done):
        for said in _texts(convert(found.value, subject.analysis.result)):
            _allowed(f"the result over {name!r}", said)


def _texts(value: Any) -> Iterator[Said | str]:
    """Return every sentence in a value; of plain texts only those of several words, others are names and signs."""
    if isinstance(value, Said) or (isinstance(value, str) and " " in value):
        yield value
    elif isinstance(value, Struct):
        yield from _texts(list(structs.asdict(value).values()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def _allowed(where: str, said: Said | str) -> None:
    found = forbidden(said)
    assert not found, (
        f"{where} says {', '.join(map(repr, found))}: say what was observed, was followed by or is compatible with "
        "something (tkcore.OBSERVED …); no diagnosis, no rank, no grade of a person or a group, no cause"
    )
