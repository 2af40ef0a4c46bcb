"""What every contribution must hold, as named tests: one item for each contribution and check.

Which checks there are for what is `CHECKS`; the checks are in `pure.py`, `live.py`, `meetings.py` and `additions.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tkcore.analyses import Analysis
from tkcore.plugins import checked
from tkcore.testing import additions, live, meetings, pure, wording
from tkcore.testing.sessions import Sample
from tkcore.testing.subject import KINDS, Declared, Subject, books_of, declared, samples_of

Check = Callable[[Subject], None]


def registers(subject: Subject) -> None:
    """The module answers hooks, and all it returns is well declared; no name stands twice."""
    error, wrong = subject.one, []
    try:
        wrong = checked(
            {f"register_{kind}": found for kind, found in subject.whole.parts.items()}, subject.plugin
        )
    except Exception as raised:  # noqa: BLE001 - a declaration may be any object
        error = error or raised
    assert error is None, (
        f"{subject.module} could not be asked what it adds: {type(error).__name__}: {error}. "
        "tk plugins doctor names the stage"
    )
    assert any(subject.whole.parts.values()), (
        f"{subject.module} adds nothing: mark a function register_analyses (or another hook) with @tkcore.hookimpl"
    )
    assert not wrong, "; ".join(wrong)


def _called(one: Any) -> str:
    """Return a contribution's name; of what has none, what it is."""
    try:
        return str(getattr(one, "name", "") or type(one).__name__)
    except Exception:  # noqa: BLE001 - any object may have been registered
        return type(one).__name__


CHECKS: dict[str, tuple[Check, ...]] = {
    "module": (registers,),
    "analyses": (
        pure.is_declared_well,
        pure.says_what_its_numbers_are,
        pure.gives_an_outcome_everywhere,
        pure.keeps_the_uncaptured_apart,
        pure.is_deterministic,
        pure.ignores_a_second_observer,
        pure.ignores_foreign_records,
        pure.ignores_the_head,
        pure.never_changes_an_earlier_result,
        live.is_the_same_live,
        live.alerts_can_be_said,
        wording.is_worded_honestly,
        pure.survives_json,
        pure.matches_its_schema,
        pure.asks_nobody,
        pure.is_local,
    ),
    "groups": (
        pure.is_declared_well,
        pure.says_what_its_numbers_are,
        meetings.needs_are_there,
        meetings.gives_an_outcome_of_every_group,
        meetings.is_deterministic_over_meetings,
        meetings.does_not_mind_the_order,
        meetings.keeps_the_missing_missing,
        meetings.survives_json_over_meetings,
        meetings.matches_its_schema_over_meetings,
        meetings.asks_nobody_over_meetings,
        wording.is_worded_honestly_over_meetings,
    ),
    "events": (
        additions.event_is_declared_well,
        additions.view_can_be_asked,
        additions.record_can_be_kept,
        additions.upcasts_lead_to_the_newest,
    ),
    "codebooks": (additions.codebook_can_be_read, additions.codebook_stands_beside_the_handbook),
    "sections": (
        additions.section_is_declared_well,
        additions.section_can_be_drawn,
        wording.section_is_worded_honestly,
    ),
    "importers": (
        additions.importer_is_declared_well,
        additions.garbage_is_refused,
        additions.a_file_can_be_recorded,
    ),
    "exporters": (additions.exporter_is_declared_well, additions.exports_the_same_twice),
    "commands": (additions.command_is_declared_well, additions.command_shows_its_help),
}
"""The checks of each kind of contribution; `groups` are analyses of a group."""


class Case(Struct, frozen=True):
    """A contribution and a check of it; `name` is that of the test."""

    name: str
    subject: Subject
    check: Check


def conformance(
    module: ModuleType,
    *,
    name: str | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    extra: Sequence[Sample] = (),
    old: Mapping[str, Mapping[int, Mapping[str, Any]]] | None = None,
    files: Mapping[str, bytes] | None = None,
    schemas: Path | Traversable | None = None,
) -> Callable[..., None]:
    """Return a test of a plugin's module: a pytest item for each of its contributions and each check.

    `params` gives an analysis or a format other parameters in these tests, by name (few draws, say); `extra` are
    samples of the plugin's own; `old` has a body of each earlier version of an event type; `files` a file that an
    importer takes; `schemas` is the folder in which `ANALYSIS.json` is the JSON Schema of each result as it was
    released. Without it the folder `schemas` inside the package is taken, for the files that are there. `name` is the
    plugin's, where its contributions do not say it.

    The plugin's own event types and codebooks are in the samples: it registers them.
    """
    import pytest

    found = cases(
        module, name=name, params=params or {}, extra=extra, old=old or {}, files=files or {}, schemas=schemas
    )

    def test_conforms(case: Case) -> None:
        case.check(case.subject)

    marked: Callable[..., None] = pytest.mark.parametrize(
        "case", [pytest.param(case, id=case.name) for case in found]
    )(test_conforms)
    return marked


def cases(
    module: ModuleType,
    *,
    name: str | None = None,
    params: Mapping[str, Mapping[str, Any]],
    extra: Sequence[Sample] = (),
    old: Mapping[str, Mapping[int, Mapping[str, Any]]],
    files: Mapping[str, bytes],
    schemas: Path | Traversable | None = None,
) -> list[Case]:
    """Return what is to be checked; a module that cannot be asked is one case, which says why."""
    error: BaseException | None = None
    whole = Declared(name or module.__name__, {})
    try:
        whole = declared(module, name)
    except (Exception, SystemExit) as raised:  # noqa: BLE001 - shown by the case `registers`
        error = raised
    books = books_of(whole)
    samples = (*(replace(one, codebooks=one.codebooks or books) for one in extra), *samples_of(whole))

    def subject(one: Any) -> Subject:
        called = _called(one)
        return Subject(
            module=module.__name__, plugin=whole.name, one=one, params=dict(params.get(called, {})), samples=samples,
            whole=whole, old=old.get(called, {}), file=files.get(called), schemas=schemas,
        )  # fmt: skip

    found = [Case(f"{whole.name}-registers", subject(error), registers)]
    for kind in KINDS:
        for one in whole.parts.get(kind, []):
            key = "groups" if isinstance(one, Analysis) and one.needs else kind
            called = _called(one)
            found += [Case(f"{called}-{check.__name__}", subject(one), check) for check in CHECKS[key]]
    return found
