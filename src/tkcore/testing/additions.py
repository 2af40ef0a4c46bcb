"""What event types, codebooks, sections, formats and commands must hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import click
from msgspec import Struct, ValidationError, convert, json, to_builtins
from msgspec.structs import fields

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.analyses import Done, Said
from tkcore.contributions import Bars, Curve, EventType, Imported, Paragraph, Part, Table
from tkcore.errors import BadInput, CodebookError, TkError
from tkcore.plugins import checked
from tkcore.records import decode, encode, stray_string
from tkcore.testing import pure
from tkcore.testing.sessions import recorded
from tkcore.testing.subject import Subject, example, folded
from tkcore.vocabulary import parse_beside

GARBAGE: dict[str, bytes] = {
    "an empty file": b"",
    "random bytes": bytes((n * 7919 + n * n // 7) % 256 for n in range(4096)),
    "NULs": b"\0" * 512,
    "a text of another kind": b"Dear colleague,\n\nplease find enclosed\n",
    "UTF-16": "time,who\n0:00,A\n".encode("utf-16"),
    "half a JSON document": b'{"turns": [{"sender": "A", "at"',
    "an archive": b"PK\x03\x04\x14\x00\x08\x00" + bytes(range(256)),
}


# -- event types -----------------------------------------------------------------------------------------------


def event_is_declared_well(subject: Subject) -> None:
    """Name, version, family, body and upcasts are there and of the right kind."""
    _declared_well("register_events", subject)


def view_can_be_asked(subject: Subject) -> None:
    """Its view has every record of it, and its columns are selected without quotation marks."""
    declared: EventType[Any] = subject.one
    sample = subject.samples[-1]
    try:
        found = folded(sample)[0].sql(f"select session, {', '.join(declared.columns)} from {declared.view}")
    except Exception as error:
        first = str(error).splitlines()[0]
        raise AssertionError(f"a name cannot be asked for in SQL, choose another one: {first}") from error
    kept = sum(isinstance(record, e.Opaque) and record.t == declared.name for record in sample.records)
    assert len(found) == kept, f"the view {declared.view} has {len(found)} of {kept} records"


def record_can_be_kept(subject: Subject) -> None:
    """A record of it is stored as an unknown type and read back as its body."""
    declared: EventType[Any] = subject.one
    for one in fields(declared.body):
        stray = stray_string(one.default)
        assert stray is None, (
            f"the default of {one.name}, {stray!r}, may not stand in a record: texts are A-Z a-z 0-9 _ . : + / -, at most 64"
        )
    try:
        body: Struct = example(declared.body)
        flat: dict[str, Any] = to_builtins(body)
        record = e.Opaque(
            t=declared.name, v=declared.version, seq=1, id="0" * 32, ts=5, logged=1, observer="K", body=flat
        )
        back = decode(encode(record))
        assert isinstance(back, e.Opaque), f"{declared.name} is a type of the core's"
        assert convert(back.body, declared.body) == body, "a record of it is read back as something else"
    except (ValueError, TypeError) as error:
        raise AssertionError(
            f"its body cannot be made of ordinary values, such as a seat A or a number 3: {error}. The recorder keeps "
            "what was typed without asking it: take any value, and judge it in the analysis"
        ) from error


def upcasts_lead_to_the_newest(subject: Subject) -> None:
    """The body of each earlier version is brought up to the newest, and stays what it was."""
    import pytest

    declared: EventType[Any] = subject.one
    left = [version for version in range(1, declared.version) if version not in subject.old]
    if left:
        pytest.skip(
            f"no body of version {left[0]} was given: conformance(module, old={{{declared.name!r}: {{{left[0]}: {{...}}}}}})"
        )
    for version, old in subject.old.items():
        body: dict[str, Any] = dict(old)
        kept = json.encode(body)
        for step in range(version, declared.version):
            try:
                body = declared.upcasts[step](dict(body))
            except Exception as error:
                raise AssertionError(
                    f"the step from version {step} raised {type(error).__name__}: {error}. It gets the body as version {step} wrote it"
                ) from error
        assert json.encode(dict(old)) == kept, (
            f"an upcast changed the body of version {version} it was given: return a new dict"
        )
        try:
            convert(body, declared.body)
        except ValidationError as error:
            raise AssertionError(
                f"a body of version {version} does not become one of version {declared.version}: {error}. Its upcasts must add what is new"
            ) from error


# -- codebooks -------------------------------------------------------------------------------------------------


def codebook_can_be_read(subject: Subject) -> None:
    """It parses, and its name is the plugin's or begins with it."""
    _declared_well("register_codebooks", subject)


def codebook_stands_beside_the_handbook(subject: Subject) -> None:
    """No family, key or id of it is the handbook's, or one of another codebook of the plugin."""
    others = [cb.parse(cb.handbook(), "handbook.toml")]
    for file in subject.whole.parts.get("codebooks", []):
        if file.name != subject.one.name:
            others.append(cb.parse(file.read_bytes(), file.name))
    try:
        parse_beside(subject.one.read_bytes(), subject.one.name, others)
    except CodebookError as error:
        raise AssertionError(
            f"{error}. Give it another one; a code needs no key, it is typed by its id too"
        ) from error


# -- sections --------------------------------------------------------------------------------------------------


def section_is_declared_well(subject: Subject) -> None:
    """Name, analysis, title in both languages and docstring are there."""
    _declared_well("register_sections", subject)


def section_can_be_drawn(subject: Subject) -> None:
    """Over every sample in which its analysis is done it gives parts, the same ones twice, in both languages."""
    import pytest

    near = subject.neighbour(subject.one.of)
    if near is None:
        if subject.one.of.startswith(subject.plugin + "."):
            raise AssertionError(
                f"it draws {subject.one.of}, which this plugin does not register for sessions"
            )
        pytest.skip(f"{subject.one.of} is another plugin's: nothing to draw here")
    for one in subject.recorded:
        found = near.of(one)
        if not isinstance(found, Done):
            continue
        drawn = [_drawn(subject, convert(found.value, near.analysis.result), one.name) for _ in range(2)]
        assert drawn[0] == drawn[1], f"over {one.name!r} it draws something else the second time"
        for part in drawn[0]:
            wrong = _faults(part)
            assert not wrong, (
                f"over {one.name!r} a {type(part).__name__.lower()} cannot be drawn: {'; '.join(wrong)}"
            )


def _drawn(subject: Subject, result: Any, name: str) -> list[Part]:
    try:
        return list(subject.one.draw(result))
    except Exception as error:
        raise AssertionError(
            f"over {name!r} it raised {type(error).__name__}: {error}. A field of the result may be Withheld or None"
        ) from error


def _faults(part: Any) -> list[str]:
    if isinstance(part, Paragraph):
        return _unsaid([part.says])
    if isinstance(part, Table):
        odd = [len(row) for row in part.rows if len(row) != len(part.columns)]
        wrong = [f"a row has {n} cells, the table {len(part.columns)} columns" for n in odd[:1]]
        cells: list[Any] = [cell for row in part.rows for cell in row]
        strange = [cell for cell in cells if not isinstance(cell, (str, int, float, Said, type(None)))]
        wrong += [f"{cell!r} is no cell: a text, a Said, a number or None" for cell in strange[:1]]
        return wrong + _unsaid([*part.columns, *cells]) + _unreal(c for c in cells if isinstance(c, float))
    if isinstance(part, Bars):
        wrong = _unsaid([part.unit, *(bar.label for bar in part.bars)])
        for bar in part.bars:
            low, high = (
                bar.low if bar.low is not None else bar.value,
                bar.high if bar.high is not None else bar.value,
            )
            if not low <= bar.value <= high:
                wrong.append(f"the value {bar.value} is not between {low} and {high}")
        return wrong
    if isinstance(part, Curve):
        wrong = _unsaid([part.x, part.y]) + _unreal(v for point in part.points for v in point)
        xs = [x for x, _ in part.points]
        return wrong if xs == sorted(xs) else [*wrong, "its points are not in the order of x: sort them"]
    return [f"{part!r} is no part: Paragraph, Table, Bars or Curve"]


def _unsaid(texts: Iterable[Any]) -> list[str]:
    empty = any(isinstance(t, Said) and not (t.id.strip() and t.en.strip()) for t in texts)
    return ["a text is missing in one of the two languages"] if empty else []


def _unreal(values: Iterable[float]) -> list[str]:
    return [f"{v} is no number to show: leave it out or give None" for v in values if not math.isfinite(v)][
        :1
    ]


# -- formats ---------------------------------------------------------------------------------------------------


def importer_is_declared_well(subject: Subject) -> None:
    """Name, docstring and defaults of its options are there."""
    _declared_well("register_importers", subject)


def garbage_is_refused(subject: Subject) -> None:
    """Bytes that are no such file raise BadInput and nothing else."""
    for what, data in GARBAGE.items():
        found = _read(subject, data, what)
        assert found is None, (
            f"{what} was taken for a session of {len(found.lines)} lines: raise BadInput, naming the line and what to do"
        )


def a_file_can_be_recorded(subject: Subject) -> None:
    """A file of the format becomes a session that the recorder takes; cut anywhere it is read or refused."""
    import pytest

    data = subject.file
    if data is None:
        pytest.skip(f"no file was given: conformance(module, files={{{subject.one.name!r}: b'...'}})")
    found = _read(subject, data, "the file")
    assert found is not None, "it refuses the file that was given"
    try:
        last = subject.samples[-1]
        recorded(
            "imported", found.lines, seats=found.seats, end=found.ends, events=last.events, own=last.codebooks
        )
    except TkError as error:
        raise AssertionError(f"the recorder refuses what it read: {error}") from error
    for part in range(1, 16):
        _read(subject, data[: len(data) * part // 16], f"the file cut at {len(data) * part // 16} bytes")


def _read(subject: Subject, data: bytes, what: str) -> Imported | None:
    """Return what an importer makes of bytes; None where it refuses them as it should."""
    try:
        found = subject.one.read(data, **{**subject.one.params, **subject.params})
    except BadInput:
        return None
    except (Exception, SystemExit) as error:
        raise AssertionError(
            f"{what} raised {type(error).__name__}: {error}. Raise tkcore.BadInput instead, naming the line and what to do"
        ) from error
    assert isinstance(found, Imported), f"of {what} it returned {type(found).__name__}: return an Imported"
    return found


def exporter_is_declared_well(subject: Subject) -> None:
    """Name, suffix, docstring and defaults of its options are there."""
    _declared_well("register_exporters", subject)


def exports_the_same_twice(subject: Subject) -> None:
    """Every sample becomes a text or bytes, the same ones twice, and nothing outside is asked."""
    for one in subject.recorded:
        written = [_written(subject, one) for _ in range(2)]
        assert written[0] == written[1], (
            f"of {one.name!r} it wrote something else the second time: no clock, no chance, nothing kept"
        )
    folded(subject.samples[-1])
    pure.refused(subject, lambda: _written(subject, subject.samples[-1]))


def _written(subject: Subject, one: Any) -> str | bytes:
    try:
        found = subject.one.write(folded(one)[0], **{**subject.one.params, **subject.params})
    except PermissionError:  # outside was refused: who asks is told by `refused`
        return b""
    except (Exception, SystemExit) as error:
        raise AssertionError(
            f"of {one.name!r} it raised {type(error).__name__}: {error}. Write what there is, or raise BadInput with what to do"
        ) from error
    assert isinstance(found, (str, bytes)), (
        f"of {one.name!r} it returned {type(found).__name__}: return a text or bytes"
    )
    return found


# -- commands --------------------------------------------------------------------------------------------------


def command_is_declared_well(subject: Subject) -> None:
    """It is a click command with a name of small letters, and help."""
    _declared_well("register_commands", subject)


def command_shows_its_help(subject: Subject) -> None:
    """`--help` works without a workspace."""
    from click.testing import CliRunner

    command: click.Command = subject.one
    done = CliRunner().invoke(command, ["--help"])
    assert done.exit_code == 0, (
        f"tk {subject.plugin} {command.name} --help leaves with {done.exit_code}: {done.exception or done.output.strip()}"
    )
    for param in command.params:
        assert not isinstance(param, click.Option) or param.help or param.hidden, (
            f"the option {'/'.join(param.opts)} of {command.name} has no help: help=..."
        )


def _declared_well(hook: str, subject: Subject) -> None:
    found = checked({hook: [subject.one]}, subject.plugin)
    assert not found, "; ".join(found)
