"""What every analysis must hold, as named tests: one item for each analysis and check.

An analysis is a pure function of a log's prefix (design, laws 4 and 5). Each check below is one way to notice that it
is not; its message says what was seen and what to do.
"""

from __future__ import annotations

import builtins
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from msgspec import Struct, convert, json
from msgspec.structs import replace

from tkcore import events as e
from tkcore.analyses import Analysis, Done, Failed, Origin, Outcome, faults, run
from tkcore.groups import Group, run_group
from tkcore.plugins import answered
from tkcore.relations import Sources, connect, encode_rows
from tkcore.session import Session
from tkcore.testing.sessions import Sample, families_of_kinds, samples

Params = Mapping[str, Any]


@cache
def _samples() -> tuple[Sample, ...]:
    return tuple(samples())


def conformance(
    module: ModuleType, *, params: Mapping[str, Params] | None = None, extra: Sequence[Sample] = ()
) -> Callable[..., None]:
    """Return a test of a plugin's module: a pytest item for each of its analyses and each check.

    `params` gives an analysis other parameters in these tests, by name (few draws, say); `extra` are samples of the
    plugin's own.
    """
    import pytest

    name, found = _declared(module)
    chosen = params or {}
    cases = [
        pytest.param(one, check, id=f"{getattr(one, 'name', one)}-{check.__name__}")
        for one in found
        for check in (GROUP_CHECKS if isinstance(one, Analysis) and one.needs else CHECKS)
    ]

    def test_conforms(analysis: Any, check: Callable[[_Subject], None]) -> None:
        given = chosen.get(getattr(analysis, "name", ""), {})
        check(_Subject(module.__name__, name, analysis, dict(given), (*_samples(), *extra)))

    marked: Callable[..., None] = pytest.mark.parametrize(("analysis", "check"), cases)(test_conforms)
    return marked


def _declared(module: ModuleType) -> tuple[str, list[Any]]:
    """Return a plugin's name, as its analyses' names begin, and what it registers."""
    found = list(answered(module, module.__name__).get("register_analyses", list)())
    names = {one.name.partition(".")[0] for one in found if isinstance(one, Analysis)}
    return (names.pop() if len(names) == 1 else module.__name__), found


class _Subject(Struct, frozen=True):
    """One analysis under test."""

    module: str
    plugin: str
    analysis: Any
    params: dict[str, Any]
    samples: tuple[Sample, ...]

    @property
    def origin(self) -> Origin[Analysis]:
        return Origin(self.analysis, self.plugin, "0")

    def outcome(self, session: Session, captured: frozenset[str]) -> Outcome:
        return run(self.origin, session, captured=captured, families=families_of_kinds(), params=self.params)

    def of(self, sample: Sample, records: Iterable[e.Record] | None = None) -> Outcome:
        kept = list(sample.records if records is None else records)
        return self.outcome(sample.session(kept), sample.captured(kept))


def text(outcome: Outcome) -> str:
    """Return an outcome as JSON, to compare."""
    return json.format(json.encode(outcome, order="sorted"), indent=1).decode()


# -- the checks ------------------------------------------------------------------------------------------------


def is_declared_well(subject: _Subject) -> None:
    """Names, version, docstring, result type and parameters are there and of the right kind."""
    found = faults(subject.analysis, subject.plugin)
    assert not found, "; ".join(found)
    result = subject.analysis.result
    rows = typing.get_args(result)[0] if typing.get_origin(result) is tuple else result
    assert isinstance(rows, type) and issubclass(rows, Struct), (  # noqa: PT018
        f"{subject.analysis.name}: the result {result} is no Struct: declare what it returns as a frozen Struct"
    )
    assert rows.__struct_config__.frozen, f"{rows.__name__} can be changed after it was returned: frozen=True"


def gives_an_outcome_everywhere(subject: _Subject) -> None:
    """Every sample session gives an outcome: what cannot be said is withheld, not raised."""
    for sample in subject.samples:
        if not sample.records:
            continue
        found = subject.of(sample)
        assert not isinstance(found, Failed), (
            f"over the session {sample.name!r} it failed at stage {found.stage}: {found.error}. "
            "Return Withheld(gate, n) where there is not enough to say"
        )


def is_deterministic(subject: _Subject) -> None:
    """Two runs in one process, and one under each of two hash seeds, say the same."""
    for sample in subject.samples[1:]:
        assert text(subject.of(sample)) == text(subject.of(sample)), (
            f"two runs over {sample.name!r} differ: draw only from session.random, keep no state between runs"
        )
    said = {_under_hash_seed(subject, seed) for seed in ("1", "2")}
    assert len(said) == 1, "the order of a set shows in the result: sort it"


def _under_hash_seed(subject: _Subject, seed: str) -> str:
    code = (
        "import sys; from tkcore.testing.conformance import said_by; "
        "print(said_by(sys.argv[1], sys.argv[2], sys.argv[3]))"
    )
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    given = json.encode(subject.params).decode()
    done = subprocess.run(
        [sys.executable, "-c", code, subject.module, subject.analysis.name, given],
        check=True, capture_output=True, text=True, env=env,
    )  # fmt: skip
    return done.stdout


def said_by(module: str, analysis: str, params: str) -> str:
    """Return what an analysis of a module says of the richest sample."""
    name, found = _declared(import_module(module))
    chosen = next(one for one in found if one.name == analysis)
    subject = _Subject(module, name, chosen, json.decode(params), _samples())
    return text(subject.of(_samples()[-1]))


def ignores_a_second_observer(subject: _Subject) -> None:
    """Every record repeated under another observer changes nothing."""
    for sample in subject.samples[1:]:
        twice: list[e.Record] = list(sample.records)
        for record in sample.records:
            if not isinstance(record, (e.SessionOpened, e.SessionClosed, e.ClockTicked)):
                twice.append(replace(record, seq=len(twice), id="f" + record.id[1:], observer="second"))
        assert text(subject.of(sample, twice)) == text(subject.of(sample)), (
            f"over {sample.name!r} a second observer's records change the result: use the rows of the session, "
            "which are those of one observer of each family"
        )


def ignores_foreign_records(subject: _Subject) -> None:
    """Records of types nobody here knows change nothing, wherever they stand."""
    for sample in subject.samples[1:]:
        mixed: list[e.Record] = []
        for record in sample.records:
            mixed.append(replace(record, seq=len(mixed)))
            mixed.append(
                e.Opaque(t="gaze.shifted", seq=len(mixed), id=f"e{len(mixed):031x}", ts=record.ts, logged=record.logged, observer="obs1", body={"aim": "C"})
            )  # fmt: skip
        assert _without_numbers(text(subject.of(sample, mixed))) == _without_numbers(
            text(subject.of(sample))
        ), f"over {sample.name!r} foreign records change the result"


def _without_numbers(said: str) -> str:
    """An analysis may say which record; its number moves with the foreign ones."""
    import re

    return re.sub(r'"(seq|id|turn|ref)": [^,\n]+', r'"\1": 0', said)


def ignores_the_head(subject: _Subject) -> None:
    """The log's head is provenance, not input: another head moves no bound."""
    sample = subject.samples[-1]
    one, other = sample.session(), sample.session()
    other.head = replace(one.head, seq=one.head.seq + 999, h="e" * 64)
    captured = sample.captured()
    assert text(subject.outcome(one, captured)) == text(subject.outcome(other, captured)), (
        "the head changes the result: seed from session.random alone"
    )


def never_changes_an_earlier_result(subject: _Subject) -> None:
    """What was said of a prefix is said of it again after longer prefixes were seen."""
    sample = subject.samples[-1]
    cuts = [len(sample.records) * part // 4 for part in (1, 2, 3, 4)]
    before = [subject.of(sample, sample.records[:cut]) for cut in cuts]
    kept = [text(outcome) for outcome in before]
    again = [text(subject.of(sample, sample.records[:cut])) for cut in reversed(cuts)][::-1]
    assert [text(outcome) for outcome in before] == kept, (
        "a result already given was changed: build a new one each time"
    )
    assert again == kept, "a prefix seen before gives another result now: something is kept between runs"


def survives_json(subject: _Subject) -> None:
    """The result goes through JSON and back into its declared type unchanged."""
    for sample in subject.samples[1:]:
        found = subject.of(sample)
        if isinstance(found, Done):
            back = json.decode(json.encode(convert(found.value, subject.analysis.result)))
            assert back == found.value, f"over {sample.name!r} the result is another one after JSON"


def asks_nobody(subject: _Subject) -> None:
    """No clock, file, network or unseeded random number: only the session."""
    sample = subject.samples[-1]
    subject.of(sample)  # what is imported on first use is imported now
    with _forbidden():
        found = subject.of(sample)
    assert not isinstance(found, Failed), (
        f"it asked for something outside the session: {found.error}. Time is in the rows, chance in session.random"
    )


@contextmanager
def _forbidden() -> Iterator[None]:
    def refuse(what: str) -> Callable[..., Any]:
        def raise_(*_: Any, **__: Any) -> Any:
            raise PermissionError(f"an analysis may not use {what}")

        return raise_

    real_open = builtins.open

    def open_(file: Any, *more: Any, **options: Any) -> Any:
        # DuckDB's own way in: the rows of the session, written for session.sql
        if str(file).startswith(tempfile.gettempdir()):
            return real_open(file, *more, **options)
        return refuse("a file")()

    patches = [
        mock.patch.object(time, name, refuse("a clock"))
        for name in ("time", "time_ns", "monotonic", "perf_counter")
    ]
    patches += [mock.patch.object(random, name, refuse("unseeded random numbers")) for name in ("random", "choice", "randint", "shuffle", "sample")]  # fmt: skip
    patches += [
        mock.patch.object(socket, "socket", refuse("the network")),
        mock.patch.object(builtins, "open", open_),
    ]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in reversed(patches):
            patch.stop()


def is_local(subject: _Subject) -> None:
    """A query over many sessions at once says of each what it says of it alone."""
    sql = subject.analysis.sql
    if sql is None:
        return
    parts = [(f"g/s{n}", s) for n, s in enumerate(subject.samples) if s.records]
    rows = [replace(row, session=name) for name, sample in parts for row in sample.rows()]
    alone = [
        tuple(answer)
        for name, s in parts
        for answer in _answers(sql, [row for row in rows if row.session == name])
    ]
    together = _answers(sql, rows)
    assert sorted(map(repr, together)) == sorted(map(repr, alone)), (
        "over many sessions it says something else than over each: group by session"
    )


def _answers(sql: str, rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    with tempfile.TemporaryDirectory(prefix="tkcore-") as folder:
        path = Path(folder) / "event.ndjson"
        path.write_bytes(encode_rows(rows))
        with connect(Sources(event=(str(path),)), sql) as con:
            return con.execute(sql).fetchall()


def says_something_of_no_meeting(subject: _Subject) -> None:
    """A group function has an outcome over a group without meetings."""
    group = Group("g", (), dict.fromkeys(subject.analysis.needs, ()))
    found = run_group(subject.origin, group, subject.params)
    assert not isinstance(found, Failed), f"over no meetings it failed at stage {found.stage}: {found.error}"


CHECKS: tuple[Callable[[_Subject], None], ...] = (
    is_declared_well,
    gives_an_outcome_everywhere,
    is_deterministic,
    ignores_a_second_observer,
    ignores_foreign_records,
    ignores_the_head,
    never_changes_an_earlier_result,
    survives_json,
    asks_nobody,
    is_local,
)
GROUP_CHECKS = (is_declared_well, says_something_of_no_meeting)
