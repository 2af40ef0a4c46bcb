"""How the shares are drawn."""

from tkcore_monopoly.sections import talk
from tkcore_monopoly.share import share

from tkcore import Bars, Paragraph, Table

LINES = [(5 * n, 5 * n + length, seat, "T") for n, (seat, length) in enumerate([("B", 4), ("A", 2)] * 10)]


def test_members_in_seat_order(sitting):
    """A was timed a third of what B was: the bars stand in seat order, not by size, and the leader is in none."""
    parts = list(talk.draw(share(sitting("TAB", LINES), draws=20)))
    bars = next(part for part in parts if isinstance(part, Bars)).bars
    assert [(bar.label, bar.value) for bar in bars] == [("A", 33.3), ("B", 66.7)]
    table = next(part for part in parts if isinstance(part, Table))
    assert [row[:4] for row in table.rows] == [("A", 10, 50.0, 33.3), ("B", 10, 50.0, 66.7)]


def test_without_lengths_no_bar(sitting):
    """Where nobody timed the turns, the section says so and draws no bar of nothing."""
    lines = [(begin, None, sender, to) for begin, _, sender, to in LINES]
    parts = list(talk.draw(share(sitting("TAB", lines), draws=20)))
    assert not any(isinstance(part, Bars) for part in parts)
    assert any(isinstance(part, Paragraph) and "cannot be said" in part.says.en for part in parts)
