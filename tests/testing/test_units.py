"""Which numbers of a result are explained."""

from __future__ import annotations

import pytest
from msgspec import Struct

from tkcore import Withheld
from tkcore.testing.units import structs_of, unexplained


class Inner(Struct, frozen=True):
    """A row."""

    zeal: float


class Outer(Struct, frozen=True):
    """`spread` is said here."""

    rows: tuple[Inner, ...]
    spread: float | Withheld
    name: str


def test_structs_are_found_in_whatever_depth():
    """Rows in tuples and what may be withheld are looked at too."""
    assert structs_of(tuple[Outer, ...]) == [Outer, Inner, Withheld]


@pytest.mark.parametrize(
    ("field", "doc", "said"),
    [
        ("zeal", "", False),
        ("zeal", "How much zeal.", True),
        ("zeal", "How much unzeal.", False),
        ("zeal_ms", "", True),
        ("ms", "", True),
        ("zeal_low", "zeal with its interval", True),
        ("theta0", "by θ₀", True),
        ("is_odd", "", False),
        ("mean_gap", "the mean", True),
        ("mean_gap", "the gap", False),
    ],
)
def test_a_number_is_explained(field, doc, said):
    """By its name or a word of it in a docstring, by a Greek letter, or by a unit at its end."""
    from msgspec import defstruct

    made = defstruct("Made", [(field, float)], frozen=True)
    made.__doc__ = ""
    assert (unexplained(made, doc) == []) is said


def test_only_numbers_need_it():
    """Texts and rows say themselves what they are."""
    assert unexplained(Outer, "") == []
    assert unexplained(Inner, "") == ["zeal"]
