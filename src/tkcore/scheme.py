"""What a codebook is made of: one frozen Struct a table of its file. Nothing here reads a file or knows a session.

`rows` are numbers in the catalogue of what the scheme's manual asks for; `source` are places in the manual.
"""

from __future__ import annotations

from msgspec import Struct, field

AUTHORS = ("leader", "member", "member_or_group", "group", "any")
BELONGS = ("session", "group", "member", "leader")
TAKES = ("choice", "choices", "yes_no", "number", "date", "text")


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing in the two languages."""

    id: str
    en: str


class Family(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is captured together; `author` says who usually does what its codes name. `apart`: no analysis sees it."""

    id: str
    key: str
    label: Label
    author: str
    apart: bool = False


class Caution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shown where `when` holds (`setting == inpatient`; of several, any), for its codes and `at` its moments.

    It never blocks. Without `when` it always holds. `rule` is its number among the manual's rules.
    """

    text: Label
    id: str = ""
    when: str | tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    rule: int | None = None
    source: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions of which any must hold; none: it always does."""
        return (self.when,) if isinstance(self.when, str) else self.when


class Value(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the values of an attribute or a setting."""

    id: str
    label: Label
    meaning: Label | None = None
    source: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()


class Attribute(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be said beside a code, by name and values; `review`: afterwards, not while it happens."""

    name: str
    values: tuple[Value, ...]
    label: Label | None = None
    review: bool = False


class Phase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A phase of a session."""

    id: str
    label: Label
    source: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()


class PhaseSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phases of one setting, in their order."""

    setting: str
    phases: tuple[Phase, ...]


class Code(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`preset` is what stands in `attrs` of each record; `floor`: it is said; `private`: it leaves the workspace only on
    request and no analysis sees it. `of`: whose log it is recorded in, the session's, or as an item of the group's own
    checklist for the group, a member or a leader (then it has no key and no family).
    """

    id: str
    key: str | None = None
    family: str = ""
    event: str
    author: str = "any"
    label: Label
    meaning: Label | None = None
    of: str = "session"
    floor: bool = False
    discreet: bool = False
    private: bool = False
    source: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    preset: dict[str, str] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    scale: tuple[int, int] | None = None
    caution: tuple[Caution, ...] = ()
    was: str | None = None
    retired: bool = False
    book: str = ""
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The id without the value it presets."""
        return self.id.partition("/")[0]

    @property
    def stored(self) -> str:
        """What a record's `code` says."""
        return f"{self.book}.{self.base}"


class Usual(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a setting usually is, where `when` holds: shown, never stored."""

    value: str | int
    when: str = ""


class Setting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said once of a group, a session, a member or a leader (`of`).

    `takes` is choice (one of `values`), choices (several), yes_no, number (from `low` to `high`), date, or text, which
    goes into the vault. `private` as for a code.
    """

    id: str
    of: str
    label: Label
    takes: str
    values: tuple[Value, ...] = ()
    low: int | None = None
    high: int | None = None
    default: tuple[Usual, ...] = ()
    meaning: Label | None = None
    private: bool = False
    source: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()


class Decision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the manual is ambiguous: what was decided, and for which codes, attributes, settings or phases."""

    n: int
    text: Label
    codes: tuple[str, ...] = ()


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not recorded but computed or drawn: the analysis or the section that answers rows of the catalogue."""

    label: Label
    rows: tuple[int, ...]
    analysis: str | None = None
    section: str | None = None

    @property
    def name(self) -> str:
        return self.analysis or self.section or ""


class Codebook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The vocabulary of a scheme; `sha256` is the digest of its file."""

    name: str
    title: Label
    version: int
    family: tuple[Family, ...] = ()
    code: tuple[Code, ...] = ()
    attribute: tuple[Attribute, ...] = ()
    setting: tuple[Setting, ...] = ()
    phase_set: tuple[PhaseSet, ...] = ()
    caution: tuple[Caution, ...] = ()
    decision: tuple[Decision, ...] = ()
    answer: tuple[Answer, ...] = ()
    sha256: str = ""

    @property
    def families(self) -> tuple[Family, ...]:
        return self.family

    @property
    def codes(self) -> tuple[Code, ...]:
        return self.code
