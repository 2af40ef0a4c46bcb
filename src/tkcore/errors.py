"""What can go wrong: one small tree, each with what, where and what to do.

A message is a template and its values, so that the command line can say it in the user's language;
`str()` is English.
"""

from __future__ import annotations

from typing import Any, ClassVar


class TkError(Exception):
    """The root: everything tkcore refuses or cannot do."""

    exit_code: ClassVar[int] = 3

    def __init__(self, template: str, /, **values: Any) -> None:
        super().__init__(template)
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return self.template.format(**self.values)


class BadInput(TkError):
    """What was given cannot be used: a file, a value, a statement."""


class NotFound(BadInput):
    """A workspace, group, session, seat or record that is not there."""


class BadName(BadInput):
    """A name that cannot be a group's or a session's."""

    exit_code = 2


class GrammarError(BadInput):
    """A line the grammar or the situation refuses; nothing of it is stored."""

    def __init__(
        self, template: str, /, *, column: int = 1, near: tuple[str, ...] = (), **values: Any
    ) -> None:
        super().__init__(template, **values)
        self.column = column
        self.near = near


class CodebookError(BadInput):
    """A codebook that cannot be used, with file, line and code."""


class NotAllowed(TkError):
    """Forbidden here and now: locked by another, written over, a network drive."""

    exit_code = 4


class WriteFailed(NotAllowed):
    """Bytes could not be put on the disk; what was not acknowledged is not stored."""


class Damaged(TkError):
    """A log that does not verify; `offset` and `segment` say where."""

    exit_code = 1
