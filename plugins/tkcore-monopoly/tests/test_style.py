"""The marks of a style: overlaps, returning to the floor, and how many are more than chance."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from monopoly_cases import drawn
from tkcore_monopoly.style import PERMUTATIONS, band, overlaps, reentries, styles


@given(st.integers(0, 10**6), st.lists(st.integers(-1, 3), min_size=1, max_size=40))
@settings(drawn, max_examples=30)
def test_the_permutations_in_plain_python(seed, senders):
    """Re-entry and its band, turn by turn; -1 is a leader."""

    def plainly(labels):
        found = []
        for seat in range(4):
            before = [at for at in range(len(labels) - 1) if labels[at] not in {-1, seat}]
            hits = [at for at in before if seat in labels[at + 1 : at + 3]]
            found.append(len(hits) / len(before) if before else 0)
        return found

    assert reentries(np.array([senders]), 4)[0].tolist() == plainly(senders)
    stream = random.Random(seed)
    places = [at for at, sender in enumerate(senders) if sender >= 0]
    values = []
    for _ in range(PERMUTATIONS):
        keys = [stream.random() for _ in places]
        shuffled = list(senders)
        for at, source in zip(places, sorted(range(len(places)), key=keys.__getitem__), strict=True):
            shuffled[at] = senders[places[source]]
        values.append(plainly(shuffled))
    expected = [sorted(column)[194] for column in zip(*values, strict=True)]
    assert band(np.array(senders), 4, random.Random(seed)).tolist() == expected


def test_an_overlap_into_a_turn_further_back(sitting):
    """B still speaks when A starts, though C's short turn came in between."""
    session = sitting("TABC", [(0, 30, "B", "*"), (5, 6, "C", "*"), (20, 25, "A", "*"), (40, 41, "B", "*")])
    assert [(t.sender, who) for t, who in overlaps(session.turns)] == [("C", ("B",)), ("A", ("B",))]


def test_the_markers_are_more_than_twice(sitting):
    """Long turns, silences broken and overlaps: twice is not enough, a little more is."""

    def marks(lines):
        session = sitting("TABC", lines)
        return styles(("A", "B", "C"), session.turns, session.silences, random.Random(1), None)

    for length, expected in ((8, False), (8.1, True)):
        lines = [(20 * at, 20 * at + (length if at % 3 == 0 else 4), "ABC"[at % 3], "*") for at in range(12)]
        assert marks(lines)["A"].long is expected
        assert marks(lines)["B"].long is False
    # A breaks k of six silences with a third of the turns: 4 of 6 is exactly twice
    for k, expected in ((4, False), (5, True)):
        lines, at = [(0, 1, "A", "*")], 1
        for number, seat in enumerate("A" * 5 + "B" * 6 + "C" * 6):
            silent_before = number < k or 5 <= number < 5 + 6 - k
            at += 4 if silent_before else 0
            lines.append((at, at + 1, seat, "*"))
            at += 1
        assert marks(lines)["A"].breaks is expected
        assert marks(lines)["C"].breaks is False
    # A starts into 2 or 3 of 4 turns, B and C together into 2 of 8
    for k, expected in ((2, False), (3, True)):
        lines, at = [(0, 10, "T", "*")], 10
        for number, seat in enumerate("AAAABBBBCCCC"):
            over = number < k or number in {4, 8}
            lines += [(at, at + 10, "T", "*"), (at + (9 if over else 10), at + 12, seat, "*")]
            at += 12
        assert marks(lines)["A"].overlaps is expected
