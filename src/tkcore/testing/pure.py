"""What every query and function of a session must hold: a pure function of a log's prefix (design, laws 4 and 5).

Each check is one way to notice that it is not; its message says what was seen and what to do. Those of determinism,
JSON and the outside hold for group functions too, which `meetings.py` runs over groups.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import typing
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, convert, json
from msgspec.structs import replace

from tkcore import events as e
from tkcore.analyses import Done, Failed, Outcome, faults
from tkcore.opening import ALWAYS
from tkcore.projection import fold, record_rows
from tkcore.reading import families
from tkcore.relations import Sources, connect, encode_records, encode_rows, wants_record
from tkcore.testing.outside import INSTEAD, nothing_from_outside
from tkcore.testing.sessions import Sample
from tkcore.testing.subject import Subject, declared, folded, imported, samples_of, text
from tkcore.testing.units import UNITS, structs_of, unexplained
from tkcore.views import views_of


def is_declared_well(subject: Subject) -> None:
    """Names, version, docstring, result type and parameters are there and of the right kind."""
    found = faults(subject.one, subject.plugin)
    assert not found, "; ".join(found)
    result = subject.analysis.result
    rows = typing.get_args(result)[0] if typing.get_origin(result) is tuple else result
    assert isinstance(rows, type) and issubclass(rows, Struct), (  # noqa: PT018
        f"{subject.analysis.name}: the result {result} is no Struct: declare what it returns as a frozen Struct"
    )
    for shape in structs_of(result):
        assert shape.__struct_config__.frozen, (
            f"{shape.__name__} can be changed after it was returned: class {shape.__name__}(Struct, frozen=True)"
        )


def says_what_its_numbers_are(subject: Subject) -> None:
    """Every number of the result is named in a docstring, or its name ends in a unit."""
    for shape in structs_of(subject.analysis.result):
        left = unexplained(shape, subject.analysis.doc)
        assert not left, (
            f"{shape.__name__}: nothing says what {', '.join(left)} is and in which unit. Name it in the docstring of "
            f"{shape.__name__} or of the analysis, or let the name end in one of {', '.join(sorted(UNITS))}"
        )


def gives_an_outcome_everywhere(subject: Subject) -> None:
    """Every sample gives an outcome, the empty session, the one of one record and of unknown receivers too."""
    for sample in subject.samples:
        found = subject.of(sample)
        assert not isinstance(found, Failed), (
            f"over the session {sample.name!r} it failed at stage {found.stage}: {found.error}. "
            "Return Withheld(gate, n) where there is not enough to say"
        )


def keeps_the_uncaptured_apart(subject: Subject) -> None:
    """Codes of the plugin's own that nobody undertook to code are not codes that were looked for and not seen.

    The families that the analysis names in `captures` are there: of the handbook, of the plugin, or of a sample.
    """
    known = {
        *ALWAYS,
        *(family.id for one in subject.samples for book in one.books for family in book.families),
        *(kind.family for one in subject.samples for kind in one.events),
    }
    stray = sorted(set(subject.analysis.captures) - known)
    assert not stray, (
        f"captures names {', '.join(stray)}, a family of no codebook and no event type here: it would never be applicable. "
        f"There are: {', '.join(sorted(known))}. If another plugin has it: extra=[sample(..., codebooks=[...])]"
    )
    for own in subject.samples[-1].codebooks if subject.samples else ():
        sample = subject.samples[-1]
        unseen = [_foreign(x) if _is_of(x, own.name) else x for x in sample.records]
        looked = subject.of(sample, unseen)
        not_looked = subject.of(sample, _not_undertaken(unseen, {family.id for family in own.families}))
        reads = text(subject.of(sample)) != text(looked)
        as_zero = (
            isinstance(looked, Done) and isinstance(not_looked, Done) and looked.value == not_looked.value
        )
        assert not (reads and as_zero), (
            f"it counts codes of {own.name}, and where nobody undertook to code them it says what it says where there were "
            f"none: name the families it is about, captures=({', '.join(repr(f.id) for f in own.families)},)"
        )


def _is_of(record: e.Record, codebook: str) -> bool:
    return isinstance(record, e.Coded) and record.code.startswith(f"{codebook}.")


def _foreign(x: e.Record) -> e.Record:
    """Return a record that nobody knows in another's place: the numbers of those behind it stay what they are."""
    return e.Opaque(
        t="stranger.noticed", seq=x.seq, id=x.id, ts=x.ts, logged=x.logged, observer=x.observer, body={}
    )


def _not_undertaken(records: Sequence[e.Record], families_: set[str]) -> list[e.Record]:
    """Return the records of the same session, in which the observer had left some families out."""
    return [
        replace(
            x, captures=tuple(replace(c, families=tuple(f for f in c.families if f not in families_)) for c in x.captures)
        )
        if isinstance(x, e.SessionOpened)
        else x
        for x in records
    ]  # fmt: skip


def is_deterministic(subject: Subject) -> None:
    """Two runs in one process, and one under each of two hash seeds, say the same."""
    for sample in subject.recorded:
        assert text(subject.of(sample)) == text(subject.of(sample)), (
            f"two runs over {sample.name!r} differ: draw only from session.random, keep no state between runs"
        )
    same_under_hash_seeds(subject)


def same_under_hash_seeds(subject: Subject) -> None:
    """Run it in two new processes, in which sets have other orders."""
    said = {_under_hash_seed(subject, seed) for seed in ("1", "2")}
    assert len(said) == 1, "the order of a set shows in the result: sort it"


def _under_hash_seed(subject: Subject, seed: str) -> str:
    code = (
        "import sys; from tkcore.testing.pure import said_by; "
        "print(said_by(sys.argv[1], sys.argv[2], sys.argv[3]))"
    )
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", code, subject.module, subject.analysis.name, json.encode(subject.params).decode()],
        check=False, capture_output=True, text=True, env=env,
    )  # fmt: skip
    assert done.returncode == 0, f"in a new process it does not run: {done.stderr.strip().splitlines()[-1:]}"
    return done.stdout


def said_by(module: str, analysis: str, params: str) -> str:
    """Return what an analysis of a module says of the richest sample, or of all of them as meetings of a group."""
    whole = declared(imported(module))
    chosen = next(one for one in whole.parts["analyses"] if one.name == analysis)
    subject = Subject(
        module=module, plugin=whole.name, one=chosen, params=json.decode(params), samples=samples_of(whole), whole=whole
    )  # fmt: skip
    if chosen.needs:
        from tkcore.testing.meetings import full_group

        return text(subject.over(full_group(subject)))
    return text(subject.of(subject.samples[-1]))


def ignores_a_second_observer(subject: Subject) -> None:
    """Every record repeated under another observer changes nothing."""
    for sample in subject.recorded:
        twice: list[e.Record] = list(sample.records)
        for record in sample.records:
            if not isinstance(record, (e.SessionOpened, e.SessionClosed, e.ClockTicked)):
                twice.append(replace(record, seq=len(twice), id="f" + record.id[1:], observer="second"))
        assert text(subject.of(sample, twice)) == text(subject.of(sample)), (
            f"over {sample.name!r} a second observer's records change the result: use the rows of the session, "
            "which are those of one observer of each family"
        )


def ignores_foreign_records(subject: Subject) -> None:
    """Records of another plugin's type, which nobody here knows, change nothing, wherever they stand."""
    foreign = "gaze.shifted" if subject.plugin != "gaze" else "stranger.noticed"
    for sample in subject.recorded:
        mixed: list[e.Record] = []
        for record in sample.records:
            mixed.append(replace(record, seq=len(mixed)))
            mixed.append(
                e.Opaque(
                    t=foreign, seq=len(mixed), id=f"e{len(mixed):031x}", ts=record.ts, logged=record.logged,
                    observer="obs1", body={"aim": "C", "level": 3, "sender": "A", "seats": ["A", "B"]},
                )
            )  # fmt: skip
        assert _without_numbers(text(subject.of(sample, mixed))) == _without_numbers(
            text(subject.of(sample))
        ), (
            f"over {sample.name!r} foreign records change the result: count rows of the kinds you read, never seq, n "
            "or the length of the log"
        )


def _without_numbers(said: str) -> str:
    """An analysis may say which record; its number moves with the foreign ones."""
    return re.sub(r'"(seq|id|turn|ref)": [^,\n]+', r'"\1": 0', said)


def ignores_the_head(subject: Subject) -> None:
    """The log's head is provenance, not input: another head moves no bound."""
    sample = subject.samples[-1]
    one, other = sample.session(), sample.session()
    other.head = replace(one.head, seq=one.head.seq + 999, h="e" * 64)
    captured = sample.captured()
    assert text(subject.outcome(one, captured)) == text(subject.outcome(other, captured)), (
        "the head changes the result: seed from session.random alone"
    )


def never_changes_an_earlier_result(subject: Subject) -> None:
    """What was said of a prefix is said of it again after longer prefixes were seen."""
    sample = subject.samples[-1]
    cuts = [len(sample.records) * part // 4 for part in (1, 2, 3, 4)]
    before = [subject.upto(sample, cut) for cut in cuts]
    kept = [text(outcome) for outcome in before]
    again = [text(subject.upto(sample, cut)) for cut in reversed(cuts)][::-1]
    assert [text(outcome) for outcome in before] == kept, (
        "a result already given was changed: build a new one each time"
    )
    assert again == kept, "a prefix seen before gives another result now: something is kept between runs"


def survives_json(subject: Subject) -> None:
    """The result goes through JSON and back into its declared type unchanged."""
    for sample in subject.recorded:
        same_after_json(subject, subject.of(sample), sample.name)


def same_after_json(subject: Subject, found: Outcome, name: str) -> None:
    if isinstance(found, Done):
        back = json.decode(json.encode(convert(found.value, subject.analysis.result)))
        assert back == found.value, (
            f"over {name!r} the result is another one after JSON: return exactly the type that is declared, "
            f"{subject.analysis.result}"
        )


def matches_its_schema(subject: Subject) -> None:
    """The result matches its JSON Schema, and the committed NAME.json is that schema (see `conformance`, `schemas`)."""
    schema = schema_of(subject)
    for sample in subject.recorded:
        in_its_shape(subject, subject.of(sample), sample.name, schema)
    same_as_committed(subject, schema)


def schema_of(subject: Subject) -> dict[str, Any]:
    """Return the JSON Schema of an analysis' result."""
    return msgspec.json.schema(subject.analysis.result)


def in_its_shape(_subject: Subject, found: Outcome, name: str, schema: dict[str, Any]) -> None:
    if isinstance(found, Done):
        from jsonschema import Draft202012Validator

        wrong = [
            f"{e_.json_path}: {e_.message}" for e_ in Draft202012Validator(schema).iter_errors(found.value)
        ]
        assert not wrong, (
            f"over {name!r} the result is not what its schema says: {'; '.join(wrong[:3])}. Return the type that is declared"
        )


def same_as_committed(subject: Subject, schema: dict[str, Any]) -> None:
    name = f"{subject.analysis.name}.json"
    if subject.schemas is not None:
        file = subject.schemas / name
        assert file.is_file(), (
            f"there is no {name} in {subject.schemas}: write it from msgspec.json.schema(RESULT), so that a change of the "
            "result is seen"
        )
    else:
        try:
            file = resources.files(subject.module) / "schemas" / name
        except (TypeError, ModuleNotFoundError):  # a module that is no package has no files beside it
            return
    if file.is_file():
        assert json.decode(file.read_bytes()) == json.decode(json.encode(schema)), (
            f"{name} in {subject.schemas or 'schemas/'} is another schema than the result has now. If the change is meant: "
            "a new version of the analysis, a line in the changelog, and the file anew from msgspec.json.schema(RESULT)"
        )


def asks_nobody(subject: Subject) -> None:
    """No clock, file, network, process or unseeded random number: only the session (see `outside.py`)."""
    session, captured = folded(subject.samples[-1])
    refused(subject, lambda: subject.outcome(session, captured))


def refused(subject: Subject, answer: Callable[[], Any]) -> None:
    """Ask twice, the second time with everything outside refused."""
    answer()  # what is imported on first use is imported now
    with nothing_from_outside(subject.module) as asked:
        answer()
    assert not asked, (
        f"it asked for something outside the session: {', '.join(sorted(set(asked)))}. "
        + ". ".join(sorted({INSTEAD[what][0].upper() + INSTEAD[what][1:] for what in asked}))
    )


def is_local(subject: Subject) -> None:
    """Over many sessions at once it says of each what it says of it alone; a function, with others in between."""
    if subject.analysis.sql is None:
        first = [text(subject.of(sample)) for sample in subject.recorded]
        again = [text(subject.of(sample)) for sample in reversed(subject.recorded)][::-1]
        for sample, one, other in zip(subject.recorded, first, again, strict=True):
            assert one == other, (
                f"of {sample.name!r} it says something else after other sessions: keep nothing between sessions"
            )
        return
    sql = subject.analysis.sql
    parts = [(f"g/s{n}", sample) for n, sample in enumerate(subject.recorded)]
    alone = [answer for part in parts for answer in _answers(sql, [part])]
    assert sorted(map(repr, _answers(sql, parts))) == sorted(map(repr, alone)), (
        "over many sessions it says something else than over each: group by session"
    )


def _answers(sql: str, parts: Sequence[tuple[str, Sample]]) -> list[tuple[Any, ...]]:
    """Return what a statement says of samples, each under a name, as the archive would ask it."""
    views = views_of(parts[0][1].events)
    family_of = families(parts[0][1].books)
    with tempfile.TemporaryDirectory(prefix="tkcore-") as folder:
        event, record = Path(folder) / "event.ndjson", Path(folder) / "record.ndjson"
        event.write_bytes(b"".join(encode_rows(fold(s.records, name, family_of)) for name, s in parts))
        if wants_record(sql, views):
            record.write_bytes(
                b"".join(encode_records(record_rows(s.records, name, family_of)) for name, s in parts)
            )
        there = (str(record),) if record.exists() else ()
        with connect(Sources(event=(str(event),), record=there, views=views), sql) as con:
            return con.execute(sql).fetchall()
