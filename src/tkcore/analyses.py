"""The contract of an analysis, and the one runner.

A query is SQL over the views, a function takes one `Session`. Both are pure: what they give depends on the log's
prefix and on their parameters. An outcome is a value; nothing an analysis does stops the others.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Any, Generic, TypeVar

from msgspec import Struct, ValidationError, convert, field, json

from tkcore.errors import BadInput, TkError
from tkcore.session import Session

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z][a-z0-9_]*")
FAMILY = re.compile(r"[a-z][a-z0-9_]*")


class Withheld(Struct, frozen=True):
    """What a gate holds back, a field or a whole result: the gate in words, and the n that did not pass."""

    gate: str = field(name="withheld")
    n: int


class Said(Struct, frozen=True):
    """One sentence in the two languages a user reads."""

    id: str
    en: str


class Alert(Struct, frozen=True, kw_only=True):
    """What an analysis would tell the co-therapist: a key, a seat, whole numbers; never words."""

    alert: str
    seat: str | None = None
    numbers: dict[str, int] = field(default_factory=dict)


class Analysis(Struct, frozen=True, kw_only=True):
    """A declared analysis: `sql` for a query, `make` for a function."""

    name: str
    version: int
    reads: tuple[str, ...]
    result: Any
    doc: str
    params: dict[str, Any] = field(default_factory=dict)
    make: Callable[..., Any] | None = None
    sql: str | None = None
    alert: Callable[[Any], Iterable[Alert]] | None = None
    says: dict[str, Said] = field(default_factory=dict)
    """The sentence of each alert, with `{seat}` and its numbers' names to be filled in."""
    needs: tuple[str, ...] = ()
    """The session analyses a group function takes its results from; empty for a query or a function of a session."""
    captures: tuple[str, ...] = ()
    """The families its numbers are about, where it reads a kind of row that others can store too."""

    def __call__(self, session: Session, **params: Any) -> Any:
        """Run the function itself, for a unit test: no check, no outcome."""
        assert self.make is not None
        return self.make(
            session.seeded(self.name, self.version, {**self.params, **params}), **{**self.params, **params}
        )


def query(
    name: str,
    *,
    version: int,
    reads: tuple[str, ...],
    row: type[Struct],
    sql: str,
    doc: str = "",
    captures: tuple[str, ...] = (),
) -> Analysis:
    """Declare SQL over the views as an analysis.

    Its first column is `session`, the others are the fields of `row`, in order. It counts and sums integers and
    divides once, last. `captures` names the families its numbers are about, such as those of the plugin's own
    codebook: where nobody undertook one of them it is not applicable. Without it a query over `mark` is done, with
    zero, wherever any family that stores marks was captured.
    """
    return Analysis(
        name=name,
        version=version,
        reads=reads,
        result=tuple[row, ...],  # type: ignore[valid-type]
        doc=inspect.cleandoc(doc or row.__doc__ or ""),
        sql=sql,
        captures=captures,
    )


def analysis(
    name: str,
    *,
    version: int,
    reads: tuple[str, ...],
    alert: Callable[[Any], Iterable[Alert]] | None = None,
    says: Mapping[str, Said] | None = None,
    captures: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Analysis]:
    """Declare a function of one `Session` as an analysis.

    Its keyword-only parameters are the configuration, its docstring says what is measured, its return annotation
    is the type of the result. `captures` names the families its numbers are about: where nobody undertook one of
    them it is not applicable (see `query`). `alert` turns a result into what the co-therapist should know while the session goes
    on; `says` has a sentence for each alert it may raise, such as `Said(id="{seat} ...", en="{seat} ...")`, in which
    `{seat}` and the alert's numbers are filled in.
    """

    def declare(make: Callable[..., Any]) -> Analysis:
        signature = inspect.signature(make)
        params = {
            p.name: p.default
            for p in signature.parameters.values()
            if p.kind is inspect.Parameter.KEYWORD_ONLY
        }
        return Analysis(
            name=name,
            version=version,
            reads=reads,
            result=result_of(typing.get_type_hints(make).get("return")),
            doc=inspect.cleandoc(make.__doc__ or ""),
            params=params,
            make=make,
            alert=alert,
            says=dict(says or {}),
            captures=captures,
        )

    return declare


def result_of(hint: Any) -> Any:
    """Return the type of a done result: an annotation may add `| Withheld` for the whole."""
    if isinstance(hint, UnionType):
        rest = [part for part in typing.get_args(hint) if part is not Withheld]
        return rest[0] if len(rest) == 1 else hint
    return hint


def faults(declared: object, plugin: str) -> list[str]:
    """Return what is wrong with a declaration, in sentences; nothing if it may run."""
    if not isinstance(declared, Analysis):
        return [f"{declared!r} is not an analysis"]
    found = []
    if not NAME.fullmatch(declared.name) or not declared.name.startswith(f"{plugin}."):
        found.append(f"{declared.name!r} does not start with {plugin + '.'!r}")
    if declared.version < 1:
        found.append(f"{declared.name}: the version is not a whole number from 1")
    if not declared.doc:
        found.append(f"{declared.name}: no docstring says what is measured")
    if declared.result is None:
        found.append(f"{declared.name}: no return annotation")
    if any(default is inspect.Parameter.empty for default in declared.params.values()):
        found.append(f"{declared.name}: a parameter has no default")
    if (declared.make is None) == (declared.sql is None):
        found.append(f"{declared.name}: neither query nor function")
    found += [f"{declared.name}: {fault}" for fault in _family_faults(declared.captures)]
    if declared.alert is not None and not declared.says:
        found.append(f"{declared.name}: its alert has no sentence: says={{key: Said(id=..., en=...)}}")
    for key, said in declared.says.items():
        if not NAME.fullmatch(key) or not key.startswith(f"{plugin}."):
            found.append(f"{declared.name}: the alert {key!r} does not start with {plugin + '.'!r}")
        if not (said.id.strip() and said.en.strip()):
            found.append(f"{declared.name}: what {key} says is missing in one of the two languages")
    return found


def _family_faults(captures: object) -> list[str]:
    if not isinstance(captures, tuple):  # each letter of captures="pace" would pass for a family
        return [f'captures={captures!r} is no tuple of families: captures=("pace",)']
    return [
        f"captures: {family!r} is no family: small letters, digits and _"
        for family in captures
        if not isinstance(family, str) or not FAMILY.fullmatch(family)
    ]


# -- outcomes --------------------------------------------------------------------------------------------------


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What came of one analysis, with where it comes from. The head is that of the document around it."""

    analysis: str
    version: int
    plugin: str
    plugin_version: str
    params: dict[str, Any]


class Done(Outcome, frozen=True, kw_only=True, tag_field="outcome", tag="done"):
    """`missing`: families that could have stored what it reads and were not captured."""

    value: Any
    missing: tuple[str, ...] = ()


class NotApplicable(Outcome, frozen=True, kw_only=True, tag_field="outcome", tag="not_applicable"):
    """Nobody captured what it reads, or a family it is about; `missing` names them."""

    missing: tuple[str, ...]


class WithheldResult(Outcome, frozen=True, kw_only=True, tag_field="outcome", tag="withheld"):
    """The whole result is below its gate."""

    gate: str
    n: int


class Failed(Outcome, frozen=True, kw_only=True, tag_field="outcome", tag="failed"):
    """Nothing came of it; `stage`: parameters (not its own), read (the session), run (it raised), check (not what it
    declared), deadline, memory, size, ended (its process is over).
    """

    stage: str
    error: str


T = TypeVar("T")


class Origin(Struct, Generic[T], frozen=True):
    """A contribution and the plugin it comes from."""

    what: T
    plugin: str
    plugin_version: str


def uncaptured(
    reads: Iterable[str],
    captured: frozenset[str],
    families: Mapping[str, frozenset[str]],
    captures: Iterable[str] = (),
) -> tuple[bool, tuple[str, ...]]:
    """Return whether nothing of something that is needed was captured, and the families that were not.

    Each kind in `reads` needs one of the families that can store it; where `captures` names some of those, one of them.
    Each family in `captures` is needed itself, whether a codebook has it or not.
    """
    named = frozenset(captures)
    needs = [frozenset({family}) for family in named]
    for kind in reads:
        able = families.get(kind, frozenset())
        if able:
            needs.append(able & named or able)
    failing = [wanted for wanted in needs if not wanted & captured]
    # the families that others store the same kind with say nothing about why a named one is not there
    told = failing if named and failing else needs
    missing = frozenset[str]().union(*told) - captured
    return bool(failing), tuple(sorted(missing))


def run(
    origin: Origin[Analysis],
    session: Session,
    *,
    captured: frozenset[str],
    families: Mapping[str, frozenset[str]],
    params: Mapping[str, Any] | None = None,
) -> Outcome:
    """Return the outcome of one analysis over one session; its failures are values."""
    chosen = origin.what
    try:
        given = settle(chosen, params or {})
    except BadInput as error:
        return _failed(origin, {}, "parameters", error)
    nothing, missing = uncaptured(chosen.reads, captured, families, chosen.captures)
    if nothing:
        return NotApplicable(**where(origin, given), missing=missing)

    def answer() -> Any:
        if chosen.sql is not None:
            return [dict(zip(_columns(chosen), row[1:], strict=True)) for row in session.sql(chosen.sql)]
        assert chosen.make is not None
        return chosen.make(session.seeded(chosen.name, chosen.version, given), **given)

    return concluded(origin, given, answer, missing)


def where(origin: Origin[Analysis], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an outcome says of where it comes from."""
    return {
        "analysis": origin.what.name,
        "version": origin.what.version,
        "plugin": origin.plugin,
        "plugin_version": origin.plugin_version,
        "params": dict(params),
    }


def concluded(
    origin: Origin[Analysis],
    given: dict[str, Any],
    answer: Callable[[], Any],
    missing: tuple[str, ...] = (),
) -> Outcome:
    """Return what comes of an answer: done if it is of the declared type, withheld, or failed."""
    chosen = origin.what
    try:
        value = answer()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does is its outcome
        return _failed(origin, given, "run", error)
    if isinstance(value, Withheld):
        return WithheldResult(**where(origin, given), gate=value.gate, n=value.n)
    try:
        plain = json.decode(json.encode(value))
        convert(plain, chosen.result)
    except (ValidationError, TypeError, ValueError, OverflowError, RecursionError) as error:
        return _failed(origin, given, "check", error)
    return Done(**where(origin, given), value=plain, missing=missing)


def settle(chosen: Analysis, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters, the given ones of the defaults' types.

    Raises BadInput for an unknown parameter or a value of another type.
    """
    given = dict(chosen.params)
    for name, value in params.items():
        if name not in given:
            raise BadInput("{analysis} has no parameter {name}", analysis=chosen.name, name=name)
        try:
            given[name] = convert(value, type(given[name]), strict=False)
        except ValidationError as error:
            raise BadInput(
                "{analysis}, {name}: {error}", analysis=chosen.name, name=name, error=error
            ) from None
    return given


def _columns(chosen: Analysis) -> tuple[str, ...]:
    row = typing.get_args(chosen.result)[0]
    return tuple(row.__struct_fields__)


def _failed(origin: Origin[Analysis], params: dict[str, Any], stage: str, error: BaseException) -> Failed:
    text = str(error) if isinstance(error, TkError) else f"{type(error).__name__}: {error}"
    return Failed(**where(origin, params), stage=stage, error=text)
