"""A worker reads and writes formats: a file's bytes to an `Imported`, a `Session` to a file's bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import ValidationError, convert, json

from tkcore import jobs as j
from tkcore.contributions import Exporter, Imported, Importer
from tkcore.errors import BadInput, TkError
from tkcore.worker import session_of

if TYPE_CHECKING:
    from tkcore.worker import Bench

LARGEST = 64 << 20
"""The most bytes of a file that is read or written."""
Format = TypeVar("Format", Importer, Exporter)


def read_file(job: j.ReadFile, bench: Bench) -> j.ReadAs | j.Stopped:
    """Return what an importer makes of a file. Raises BadInput where it says so."""
    chosen = _named(bench.plugin.importers, job.format)
    found = chosen.read(job.data, **settled(chosen.name, chosen.params, job.params))
    if not isinstance(found, Imported):
        return j.Stopped(stage="check", error=f"it returned {type(found).__name__}, no Imported")
    try:
        return j.ReadAs(json.decode(json.encode(found), type=Imported))
    except (ValidationError, TypeError, ValueError, RecursionError) as error:
        return j.Stopped(stage="check", error=str(error))


def write_file(job: j.WriteFile, bench: Bench) -> j.Written | j.Stopped:
    """Return a session as an exporter writes it; a text is UTF-8. Raises BadInput, Damaged, NotFound."""
    chosen = _named(bench.plugin.exporters, job.format)
    session, _ = session_of(bench, job)
    found = chosen.write(session, **settled(chosen.name, chosen.params, job.params))
    if not isinstance(found, (str, bytes)):
        return j.Stopped(stage="check", error=f"it returned {type(found).__name__}, neither text nor bytes")
    data = found.encode() if isinstance(found, str) else found
    if len(data) > LARGEST:
        return j.Stopped(
            stage="size", error=f"the file has {len(data):,} bytes; at most {LARGEST:,} are taken"
        )
    return j.Written(data)


def settled(name: str, params: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Return a format's options, the given ones in the types of its own. Raises BadInput."""
    found = dict(params)
    for option, value in given.items():
        if option not in found:
            raise BadInput("{format} has no parameter {name}", format=name, name=option)
        try:
            kind = str if found[option] is None else type(found[option])
            found[option] = convert(value, kind, strict=False)
        except ValidationError as error:
            raise BadInput("{format}, {name}: {error}", format=name, name=option, error=str(error)) from None
    return found


def _named(formats: Iterable[Format], name: str) -> Format:
    for one in formats:
        if one.name == name:
            return one
    raise TkError("no format {name}", name=name)
