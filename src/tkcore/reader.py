"""What a plugin's command gets: a workspace to read, nothing of it to write."""

from __future__ import annotations

from collections.abc import Iterable

from tkcore.analyses import Said
from tkcore.config import Workspace, locate
from tkcore.config import name as proper
from tkcore.disk import Disk
from tkcore.errors import NotFound, TkError
from tkcore.presenting import present
from tkcore.reading import books, read_session
from tkcore.session import Session
from tkcore.talk import say, translator
from tkcore.views import Declared


class Reader:
    """The workspace a plugin's command was called in, to be read: `click.pass_obj` hands it over.

    `language` is the user's, `id` or `en`.
    """

    def __init__(
        self, workspace: Workspace, disk: Disk, language: str, events: Iterable[Declared] = ()
    ) -> None:
        self.language = language
        self._workspace, self._disk, self._events = workspace, disk, tuple(events)

    def groups(self) -> tuple[str, ...]:
        """Return the names of the groups, sorted."""
        return tuple(self._workspace.group_names())

    def sessions(self, group: str | None = None) -> tuple[str, ...]:
        """Return the sessions of a group, or of all, as `group/session`, sorted. Raises BadInput for no group."""
        if group is not None and proper(group) not in self._workspace.group_names():
            raise NotFound("there is no group {group}. See: tk group list", group=group)
        return tuple(self._workspace.session_names(group))

    def session(self, name: str) -> Session:
        """Return a session by its name, whole or where it is unique; `session.sql` has the plugin's own views.

        Raises TkError where there is none, or where its log does not verify.
        """
        read = read_session(self._workspace, locate(self._workspace, name), self._disk)
        return present(read, books(self._workspace), self._events).session

    def say(self, said: Said | TkError) -> str:
        """Return a sentence in the user's language, or what an error of tkcore's says, where a command goes on after it.

        One that is not caught is said in that language anyway. An error that a plugin makes is said as it was written.
        """
        if isinstance(said, TkError):
            return say(said, translator(self.language))
        return said.id if self.language == "id" else said.en
