"""The hooks a plugin may answer. Each is optional and returns a list of declarations; order means nothing.

A plugin is an installed distribution with an entry point in the group `tkcore.v1`; the entry point's name is the
plugin's, its module answers hooks with functions marked `@hookimpl`. Hooks are called without arguments, once, when
the plugin is loaded in a process of its own: by `tk analyze`, `tk live`, `tk report`, `tk import`, `tk export` and
`tk plugins`. While a session is recorded no plugin is loaded. There is no first result, no wrapper and no order:
what plugins add are sets keyed by name, and every name begins with the plugin's. A plugin that breaks one of these
rules is refused as a whole, with the reason; the others go on. Import the code of a contribution inside the hook, so
that finding the plugin costs nothing.
"""

from __future__ import annotations

from importlib.resources.abc import Traversable

import click
import pluggy

from tkcore.analyses import Analysis
from tkcore.contributions import EventType, Exporter, Importer, Section

GROUP = "tkcore.v1"
"""The entry-point group; its number is the major version of this interface (docs/promises.md)."""

hookspec = pluggy.HookspecMarker("tkcore")
hookimpl = pluggy.HookimplMarker("tkcore")


@hookspec
def register_events() -> list[EventType]:  # type: ignore[type-arg, empty-body]
    """Return the types of events that the plugin adds, made by `tkcore.event_type`.

    Called when the plugin is loaded to read; the recorder stores such records without asking it, as it stores any
    record of a type it does not know, and a log keeps them when the plugin is gone. Each type becomes a view named
    `plugin_verb` in SQL, and `session.events(TYPE)` in a function. Since 0.1.
    """


@hookspec
def register_codebooks() -> list[Traversable]:  # type: ignore[empty-body]
    """Return the plugin's codebooks: TOML files, each as `importlib.resources.files(__package__) / "gaze.toml"`.

    A codebook's name is the plugin's, or begins with it and a `_`. It comes into a workspace by
    `tk codebook add NAME`, which refuses keys that are taken, never by itself; from then on the recorder reads the
    workspace's copy. Since 0.1.
    """


@hookspec
def register_analyses() -> list[Analysis]:  # type: ignore[empty-body]
    """Return the plugin's analyses, made by `tkcore.query`, `@tkcore.analysis` or `@tkcore.group_analysis`.

    An analysis is a pure function of a log's prefix: no clock, file, network or unseeded random number. Its version
    rises when its numbers change. One with an `alert` is also asked at every tick of a session that goes on.
    Since 0.1.
    """


@hookspec
def register_sections() -> list[Section]:  # type: ignore[empty-body]
    """Return sections of the report, made by `@tkcore.section`: each draws the result of one analysis.

    A section is called with a result that is done, and returns parts (texts in both languages, tables, bars,
    curves); how they look is the report's. Since 0.1.
    """


@hookspec
def register_importers() -> list[Importer]:  # type: ignore[empty-body]
    """Return formats to read, made by `@tkcore.importer`: a file's bytes become seats and lines of the grammar.

    `tk import NAME FILE --group G --session S` records the lines as if they had been typed, so that whatever the
    grammar refuses is refused with its line, and a session appears whole or not at all. Since 0.1.
    """


@hookspec
def register_exporters() -> list[Exporter]:  # type: ignore[empty-body]
    """Return formats to write, made by `@tkcore.exporter`: a `Session` becomes a file's text or bytes.

    `tk export NAME SESSION` writes the file; what leaves the workspace is noted in its log. Since 0.1.
    """


@hookspec
def register_commands() -> list[click.Command]:  # type: ignore[empty-body]
    """Return commands of the plugin's own: `tk PLUGIN COMMAND`.

    They are loaded when somebody calls one of them, in that process, and get a `tkcore.Reader` as `click.pass_obj`:
    the workspace's sessions to read, nothing to write. Since 0.1.
    """
