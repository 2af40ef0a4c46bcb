"""What a newer version of a codebook may not say: another meaning for a code that records were stored under.

Older sessions are read with the newer file, so what stands in it by an id must be what stood there before. Labels may
be mended where the code says `was` of itself; whatever is not used any more stays, `retired`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tkcore.codebook import by_stored
from tkcore.errors import CodebookError
from tkcore.proofreading import Lines
from tkcore.scheme import Code, Codebook, Setting, Value

STAYS = ("event", "family", "preset", "scale", "of")
"""Fields of a code that say what its records mean."""


def revise(old: Codebook, new: Codebook, lines: Lines) -> None:
    """Refuse a newer version of a codebook that would change what is recorded.

    Raises CodebookError with file, line and the entry's name.
    """
    if new.sha256 == old.sha256:
        return
    if new.version <= old.version:
        raise CodebookError(
            "{file}: version = {version}: the workspace has version {old} of {name} with another content, raise it",
            file=lines.file, version=new.version, old=old.version, name=old.name,
        )  # fmt: skip
    for table, at, name, reason in _faults(old, new):
        raise lines.wrong(table, at, name, reason)


Fault = tuple[str, int, str, CodebookError]
"""Table, number of the entry in it, its name, and what is wrong."""


def _faults(old: Codebook, new: Codebook) -> Iterator[Fault]:
    apart = {family.id for family in old.family if family.apart}
    for at, family in enumerate(new.family):
        if family.id in apart and not family.apart:
            yield "family", at, family.id, CodebookError(
                "it was apart: no analysis may see what was recorded as such. Keep apart = true"
            )  # fmt: skip
    yield from _codes(old, new)
    for table, before, after in (
        ("attribute", {a.name: a.values for a in old.attribute}, {a.name: a.values for a in new.attribute}),
        ("setting", {s.id: s.values for s in old.setting}, {s.id: s.values for s in new.setting}),
        ("phase_set", _phases(old), _phases(new)),
    ):
        yield from _vanished(table, before, after)
    yield from _settings(old, new)


def _codes(old: Codebook, new: Codebook) -> Iterator[Fault]:
    known = {code.id: code for code in old.codes}
    ids = {code.id for code in new.codes}
    for at, code in enumerate(new.codes):
        before = known.get(code.id)
        reason = _changed(before, code) if before is not None else _added(old, ids, code)
        if reason is not None:
            yield "code", at, code.id, reason
    for at, code in enumerate(old.codes):
        if code.id not in ids:
            # an entry that is not there has no line: the place where it stood is the next best
            here = max(min(at, len(new.codes) - 1), 0)
            yield "code", here, code.id, CodebookError("it is gone: keep it, and say retired = true")


def _changed(before: Code, code: Code) -> CodebookError | None:
    for field in STAYS:
        was, now = getattr(before, field), getattr(code, field)
        if was != now:
            return CodebookError(
                "{field} was {old} and is {new}. A code never changes its meaning: say retired = true, and add another with was = {id!r}",
                field=field, old=was, new=now, id=code.id,
            )  # fmt: skip
    if before.private and not code.private:
        return CodebookError("it was private: what was recorded as such stays so. Keep private = true")
    if before.label != code.label and code.was != code.id:
        return CodebookError(
            "its label was {old}. If it means something else now, add another code with was = {id!r}; if it was only mended, say was = {id!r} here",
            old=f"{before.label.id} / {before.label.en}", id=code.id,
        )  # fmt: skip
    return None


def _added(old: Codebook, ids: Iterable[str], code: Code) -> CodebookError | None:
    if code.was is not None and code.was not in {*ids, *(c.id for c in old.codes)}:
        return CodebookError("was = {was!r}: there is no such code", was=code.was)
    before = by_stored([old], code.stored, code.preset)
    if before is not None and (before.event, before.family) != (code.event, code.family):
        return CodebookError(
            "records of {code} would become its own, of another event or family: choose another id",
            code=before.id,
        )
    if before is not None and before.private and not code.private:
        return CodebookError(
            "records of {code}, which is private, would become its own: say private = true", code=before.id
        )
    return None


def _settings(old: Codebook, new: Codebook) -> Iterator[Fault]:
    known = {setting.id: setting for setting in old.setting}
    for at, setting in enumerate(new.setting):
        before: Setting | None = known.get(setting.id)
        if before is not None and (before.of, before.takes) != (setting.of, setting.takes):
            yield "setting", at, setting.id, CodebookError(
                "of and takes were {of} and {takes}: a setting never changes them, add another",
                of=before.of, takes=before.takes,
            )  # fmt: skip
        elif before is not None and before.private and not setting.private:
            yield "setting", at, setting.id, CodebookError(
                "it was private: what was recorded as such stays so. Keep private = true"
            )  # fmt: skip


def _phases(book: Codebook) -> dict[str, tuple[Value, ...]]:
    return {
        one.setting: tuple(Value(id=phase.id, label=phase.label) for phase in one.phases)
        for one in book.phase_set
    }


def _vanished(
    table: str, before: dict[str, tuple[Value, ...]], after: dict[str, tuple[Value, ...]]
) -> Iterator[Fault]:
    names = list(after)
    for at, (name, values) in enumerate(before.items()):
        if name not in after:
            yield (
                table,
                min(at, max(len(names) - 1, 0)),
                name,
                CodebookError("it is gone, and records may have it: keep it"),
            )
            continue
        left = {value.id for value in after[name]}
        for value in values:
            if value.id not in left:
                yield (
                    table,
                    names.index(name),
                    name,
                    CodebookError(
                        "its value {value} is gone, and records may have it: keep it", value=value.id
                    ),
                )
