"""What is done to a group between its meetings: each act is one entry of the group's log, judged under its lock.

Signs, numbers and words of the codebook go into the log; what people write goes into the vault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from msgspec.structs import replace

from tkcore import events as e
from tkcore import vault
from tkcore.codebook import Code, Codebook, Setting, plain
from tkcore.errors import BadInput, NotAllowed, NotFound
from tkcore.grammar import SEAT
from tkcore.opening import LEAD, ROLES, Desk, moment
from tkcore.recovery import PATIENCE, open_log, read
from tkcore.status import Standing, holding, settings_in, standing
from tkcore.talk import N_

GRANTORS = (N_("self"), N_("guardian"))
CAPACITIES = ("full", "limited", "none")
MEDIA = (N_("written"), N_("spoken"), N_("thumbprint"), N_("recorded"))
SCOPES = (N_("full"), N_("floor_only"), N_("none"))
REASONS = ("finished", "dropped_out", "transferred", "died", "unknown")
LEADING = ("therapist", "co_therapist")
WHOSE = (N_("group"), N_("session"), N_("member"), N_("leader"))
YES, NO, NA = ("yes", "ya", "1"), ("no", "tidak", "0"), ("na", "tidak_berlaku")

Events = Sequence[e.Event]


def act(desk: Desk, group: str, make: Callable[[Standing], Events], *, observer: str = LEAD) -> Standing:
    """Append what `make` makes of the group's standing, as one entry, and return what it comes to.

    Raises NotFound where there is no such group; whatever `make` raises, and then nothing is stored.
    """
    folder = desk.workspace.group_log(group)
    if not folder.is_dir():
        raise NotFound("there is no group {group}. See: tk group list", group=group)
    logged = desk.clocks.wall()
    writer, ledger = open_log(folder, group, desk.disk, now=desk.now(), logged=logged, wait=PATIENCE)
    try:
        before = standing(group, ledger)
        if before.founded is None:  # whoever founded it was killed before the first record
            raise NotFound("there is no group {group}. See: tk group list", group=group)
        events = make(before)
        entry = desk.random(15).hex()
        stamped = [
            replace(x, id=f"{entry}{at:02x}", ts=logged, logged=logged, observer=observer)
            for at, x in enumerate(events)
        ]
        stored = writer.append(stamped) if stamped else []
        return standing(group, [*ledger, *(one.record for one in stored)])
    finally:
        writer.close()


def take_back(desk: Desk, group: str, seq: int | None, *, observer: str = LEAD) -> e.Record:
    """Take back record `seq`, or the last one that holds, and return it. Raises NotAllowed, NotFound."""
    taken: list[e.Record] = []

    def make(_: Standing) -> Events:
        records, _scan = read(desk.workspace.group_log(group), desk.disk, group)
        held = [x for x in holding(records) if not isinstance(x, (e.GroupFounded, e.LogRecovered))]
        found = next((x for x in reversed(held) if seq is None or x.seq == seq), None)
        if found is None and seq is None:
            raise NotAllowed("there is nothing to take back")
        if found is None:
            raise NotAllowed(
                "record {seq} cannot be taken back: there is none, it was taken back, or it founds the group",
                seq=seq,
            )
        _stands_alone(found, held)
        taken.append(found)
        return [e.RecordRetracted(record_id=found.id)]

    act(desk, group, make, observer=observer)
    return taken[0]


def _stands_alone(taken: e.Record, held: Iterable[e.Record]) -> None:
    """Refuse to free a sign that later records are about: they would be said of whoever gets it next."""
    if not isinstance(taken, e.MemberAdmitted):
        return
    later = [
        x.seq
        for x in held
        if x.seq > taken.seq and taken.seat in (getattr(x, "seat", None), *getattr(x, "targets", ()))
    ]
    if later:
        raise NotAllowed(
            "record {seq} admits {seat}, whom later records are about. First take back: {later}",
            seq=taken.seq, seat=taken.seat, later=" ".join(f"#{seq}" for seq in reversed(later)),
        )  # fmt: skip


# -- members ---------------------------------------------------------------------------------------------------


def admit(status: Standing, seat: str, role: str | None, words: str | None) -> e.MemberAdmitted:
    """Return the admission of a member under a sign. Raises BadInput, NotAllowed where the sign was given before."""
    seat = sign(seat)
    role = role or {"T": "therapist", "K": "co_therapist"}.get(seat[0], "member")
    if role not in ROLES:
        raise BadInput("no role {role}. There are: {roles}", role=role, roles=", ".join(ROLES))
    if status.member(seat) is not None:
        raise NotAllowed("the sign {seat} is given already: a sign is never given twice", seat=seat)
    return e.MemberAdmitted(seat=seat, role=role, words=words)


def sign(text: str) -> str:
    """Return a seat's sign. Raises BadInput."""
    seat = text.strip().upper()
    if not re.fullmatch(rf"(?:{SEAT}|\d{{1,3}})", seat.lower()):
        raise BadInput("{seat!r} is no seat: a letter with up to two digits, such as A or A7", seat=seat[:20])
    return seat


def known(status: Standing, text: str) -> str:
    """Return the sign of a member who was admitted. Raises NotFound with the signs there are."""
    seat = sign(text)
    if status.member(seat) is None:
        signs = ", ".join(m.seat for m in status.members)
        raise NotFound(
            "{seat} is no member of {group} (there are: {signs}). First: tk group admit {group} {seat}",
            seat=seat, group=status.group, signs=signs or "-",
        )  # fmt: skip
    return seat


def discharge(status: Standing, seat: str, reason: str) -> list[e.Event]:
    """Return the end of a membership. Raises NotFound, NotAllowed, BadInput."""
    seat = known(status, seat)
    member = status.member(seat)
    if member is not None and member.until is not None:
        raise NotAllowed("{seat} was discharged already", seat=seat)
    return [e.MemberDischarged(seat=seat, reason=_one_of("reason", reason, REASONS))]


def consent(
    status: Standing, seat: str, *, grantor: str, capacity: str, medium: str, scope: str
) -> list[e.Event]:
    """Return what a member agreed to. Raises NotFound, BadInput."""
    if (grantor, capacity) == ("self", "none") and scope != "none":
        raise BadInput("who has no capacity to decide does not consent alone: --grantor guardian")
    return [
        e.ConsentGiven(
            seat=known(status, seat), grantor=_one_of("grantor", grantor, GRANTORS),
            capacity=_one_of("capacity", capacity, CAPACITIES), medium=_one_of("medium", medium, MEDIA),
            scope=_one_of("scope", scope, SCOPES),
        )
    ]  # fmt: skip


def withdraw(status: Standing, seat: str) -> list[e.Event]:
    """Return the withdrawal of a consent. Raises NotAllowed where there is none."""
    seat = known(status, seat)
    member = status.member(seat)
    if member is None or member.consent is None or member.consent.withdrawn:
        raise NotAllowed(
            "{seat} has given no consent that could be withdrawn. Who does not agree: --scope none", seat=seat
        )
    return [e.ConsentWithdrawn(seat=seat)]


def _one_of(name: str, word: str, among: Sequence[str]) -> str:
    if word not in among:
        raise BadInput(
            "no {name} {word}. There are: {known}", name=name, word=word[:40], known=", ".join(among)
        )
    return word


# -- settings, items, scores, meetings to come -----------------------------------------------------------------


def given(
    status: Standing,
    books: Iterable[Codebook],
    pairs: Iterable[str],
    seat: str | None,
    put: Callable[[str], str],
) -> list[e.Event]:
    """Return the settings in `NAME=VALUE`, of the group, or of a member or leader; `put` takes a text into the vault.

    An empty value takes a setting away. Raises BadInput with what there is; nothing is put before all is right.
    """
    of = ("group",) if seat is None else ("member", "leader")
    there = settings_in(books, *of)
    whose = None if seat is None else _of_seat(status, seat)
    chosen: list[tuple[Setting, str]] = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        setting = there.get(plain(name))
        if setting is None or not equals:
            elsewhere = settings_in(books).get(plain(name))
            if elsewhere is not None and equals:
                raise BadInput(
                    "{name} is said of the {of}, not of the {here}", name=elsewhere.id, of=_said(elsewhere.of), here=", ".join(of)
                )  # fmt: skip
            raise BadInput(
                "{pair!r}: write NAME=VALUE. There are: {known}", pair=pair[:60], known=", ".join(there)
            )
        if whose is not None and (setting.of == "leader") != whose[1]:
            raise BadInput(
                "{name} is said of a {of}; {seat} is none",
                name=setting.id,
                of=_said(setting.of),
                seat=whose[0],
            )
        chosen.append((setting, value.strip()))
    for setting, value in chosen:
        _value(setting, value, str)  # all of it is right before any text is put away
    return [
        replace(_value(setting, value, put), seat=None if whose is None else whose[0])
        for setting, value in chosen
    ]


def _said(word: str) -> BadInput:
    """Return a word of the codebook as a message has it, in the user's language."""
    return BadInput(word)


def _of_seat(status: Standing, text: str) -> tuple[str, bool]:
    """Return a seat and whether a leader sits there; leaders need no admission."""
    seat = sign(text)
    member = status.member(seat)
    leads = seat[0] in "TK" if member is None else member.role in LEADING
    return (seat, True) if leads else (known(status, seat), False)


def _value(setting: Setting, text: str, put: Callable[[str], str]) -> e.SettingGiven:
    """Return a setting with the value that a text means. Raises BadInput with what it takes."""
    if not text:
        return e.SettingGiven(detail=setting.id)
    match setting.takes:
        case "choice" | "choices":
            names = {v.id: v.id for v in setting.values}
            names |= {plain(label): v.id for v in setting.values for label in (v.label.id, v.label.en)}
            words = text.split(",") if setting.takes == "choices" else [text]
            found = [names.get(word.strip()) or names.get(plain(word)) for word in words]
            if None in found:
                raise BadInput(
                    "{name}={value}: there are: {known}", name=setting.id, value=text[:60],
                    known=", ".join(v.id for v in setting.values),
                )  # fmt: skip
            return e.SettingGiven(detail=setting.id, choices=tuple(dict.fromkeys(f for f in found if f)))
        case "yes_no":
            if text.lower() not in YES + NO:
                raise BadInput("{name}={value}: answer yes or no", name=setting.id, value=text[:40])
            return e.SettingGiven(detail=setting.id, choices=("yes" if text.lower() in YES else "no",))
        case "number":
            low, high = setting.low or 0, 10**6 if setting.high is None else setting.high
            if not text.isdecimal() or not low <= int(text) <= high:
                raise BadInput(
                    "{name}={value}: a number from {low} to {high}", name=setting.id, value=text[:40], low=low, high=high
                )  # fmt: skip
            return e.SettingGiven(detail=setting.id, amount=int(text))
        case "date":
            try:
                return e.SettingGiven(detail=setting.id, choices=(date.fromisoformat(text).isoformat(),))
            except ValueError:
                raise BadInput(
                    "{name}={value}: a date, as in 2026-11-24", name=setting.id, value=text[:40]
                ) from None
    return e.SettingGiven(detail=setting.id, words=put(text))


def answered(
    status: Standing, books: Iterable[Codebook], pairs: Iterable[str], seat: str | None
) -> list[e.Event]:
    """Return the answers in `ITEM` (yes) or `ITEM=ANSWER` to items of the group's, a member's or a leader's list.

    Raises BadInput, NotFound: then none of them is answered.
    """
    items = items_in(books)
    whose = None if seat is None else _of_seat(status, seat)
    found: list[e.Event] = []
    for pair in pairs:
        name, _, answer = pair.partition("=")
        code = items.get(name) or items.get(f"checklist.{plain(name)}")
        if code is None:
            raise NotFound(
                "no item {item}. There are: {known}", item=name[:60],
                known=", ".join(id_.partition(".")[2] for id_ in items),
            )  # fmt: skip
        if code.of == "group" and whose is not None:
            raise BadInput("{item} is asked of the group, not of a seat", item=code.id)
        if code.of != "group" and whose is None:
            raise BadInput("{item} is asked of a {of}: --seat A", item=code.id, of=_said(code.of))
        if whose is not None and (code.of == "leader") != whose[1]:
            raise BadInput(
                "{item} is asked of a {of}; {seat} is none", item=code.id, of=_said(code.of), seat=whose[0]
            )
        word = answer.strip().lower() or YES[0]
        if word not in YES + NO + NA:
            raise BadInput("{answer!r}: answer yes, no or na", answer=answer[:40])
        found.append(
            e.ChecklistAnswered(
                code=code.stored, targets=() if whose is None else (whose[0],), made="review",
                score=None if word in NA else int(word in YES),
            )
        )  # fmt: skip
    return found


def items_in(books: Iterable[Codebook]) -> dict[str, Code]:
    """Return the items of the group's own list by id."""
    return {
        code.id: code for book in books for code in book.codes if code.of != "session" and not code.retired
    }


def scored(status: Standing, seat: str, instrument: str, pairs: Iterable[str]) -> list[e.Event]:
    """Return the answers to items of an instrument, `3=2` for item 3. Raises BadInput, NotFound."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,40}", instrument):
        raise BadInput(
            "{name!r} is no name of an instrument: letters, digits and - _ .", name=instrument[:40]
        )
    seat = known(status, seat)
    found: list[e.ScoreEntered] = []
    instrument = next(
        (s.instrument for s in status.scores if s.instrument.lower() == instrument.lower()), instrument
    )
    for pair in pairs:
        given_ = re.fullmatch(r"(\d{1,3})=(-?\d{1,6})", pair)
        if given_ is None:
            raise BadInput("{pair!r}: write ITEM=SCORE in numbers, as in 3=2", pair=pair[:40])
        if any(x.item == int(given_[1]) for x in found):
            raise BadInput("item {item} stands twice", item=given_[1])
        found.append(
            e.ScoreEntered(seat=seat, instrument=instrument, item=int(given_[1]), score=int(given_[2]))
        )
    return list(found)


def planned(held: str, number: int) -> list[e.Event]:
    """Return a meeting to come. Raises BadInput."""
    return [e.SessionPlanned(number=number, held=moment(held))]


def keep(desk: Desk) -> Callable[[str], str]:
    """Return what takes a text into the vault and gives its digest."""
    return lambda text: vault.put(desk.workspace.vault, text, desk.random(vault.SALT), desk.disk)
