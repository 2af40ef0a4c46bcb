"""How sure a number is and what may be said of it: the worked examples, by hand and from the literature."""

from __future__ import annotations

from random import Random

import pytest

import tkcore
from tkcore import Said, Withheld

NEAR = 5e-4
FAMILY = (0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205)


def near(*numbers):
    return pytest.approx(numbers, abs=NEAR)


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [
        pytest.param(7, 18, 0.203, 0.614, id="turns of A in G1"),
        pytest.param(9, 12, 0.4677, 0.9111, id="9 positive acts of 12"),
        pytest.param(14, 40, 0.2213, 0.5049, id="here and now in 14 of 40"),
    ],
)
def test_wilson(x, n, low, high):
    """The shares with their Wilson intervals are those that were worked out."""
    found = tkcore.wilson(x, n)
    assert (found.value, found.low, found.high) == near(x / n, low, high)
    assert (found.n, found.method, found.level) == (n, "wilson", 0.95)


def test_none_and_all_lie_on_their_bound():
    """The interval of none begins at 0 and that of all ends at 1, whatever rounding does."""
    for n in range(1, 300):
        assert (tkcore.wilson(0, n).low, tkcore.wilson(n, n).high) == (0, 1)
        assert (tkcore.clopper_pearson(0, n).low, tkcore.clopper_pearson(n, n).high) == (0, 1)


def test_one_who_says_nothing():
    """E of G1: 0 of 18 turns, upper bound .1853; chance .0180, of five members .0901: not enough to say."""
    assert tkcore.clopper_pearson(0, 18).high == pytest.approx(0.1853, abs=NEAR)
    assert tkcore.binomial_at_most(0, 18, 1 / 5) == pytest.approx((4 / 5) ** 18)
    assert (0.8**18, tkcore.bonferroni(0.8**18, 5)) == near(0.0180, 0.0901)


def test_one_who_says_much():
    """P(X ≥ 7 of 18 at 1/5) is .0513, of five members .2564."""
    p = tkcore.binomial_at_least(7, 18, 1 / 5)
    assert (p, tkcore.bonferroni(p, 5)) == near(0.0513, 0.2564)


@pytest.mark.parametrize(("k", "n"), [(24, 30), (29, 30), (200, 300), (300, 300)])
def test_next_to_nothing_is_not_below_nothing(k, n):
    """A chance too small for what is left of 1 is still above 0."""
    assert 0 < tkcore.binomial_at_least(k, n, 1 / 7) < 1e-6


@pytest.mark.parametrize(("x", "rate", "low", "high"), [(5, 3.33, 1.08, 7.78), (0, 0, 0, 2.46)])
def test_poisson(x, rate, low, high):
    """5 events in 1.5 h are 3.33/h [1.08, 7.78]; none is 0 [0, 2.46], which is not nothing."""
    found = tkcore.poisson_rate(x, 1.5)
    assert (found.value, found.low, found.high) == pytest.approx((rate, low, high), abs=5e-3)


def test_two_rates():
    """8 in half an hour against 4 in one: p = .0265, whichever is named first and whatever the unit."""
    assert tkcore.two_rates(8, 0.5, 4, 1) == pytest.approx(0.0265, abs=NEAR)
    assert tkcore.two_rates(8, 0.5, 4, 1) == tkcore.two_rates(4, 3_600_000, 8, 1_800_000)
    assert tkcore.two_rates(0, 1, 0, 1) == 1


@pytest.mark.parametrize(
    ("score", "n", "p"),
    [
        (6, 4, 0.083),
        (10, 5, 0.0167),
        (13, 6, 0.0167),
        (11, 6, 0.056),
        (15, 7, 0.030),
        (18, 8, 0.031),
        (16, 8, 0.061),
    ],
)
def test_few_sessions(score, n, p):
    """What S of four to eight sessions can show: four never reach .05."""
    values = list(range(n))
    for at in range(n - 1, 0, -1):
        for i in range(at):
            if tkcore.mann_kendall(values)[0] > score:
                values[i], values[i + 1] = values[i + 1], values[i]
    assert tkcore.mann_kendall(values)[0] == score
    assert tkcore.mann_kendall(values)[2] == pytest.approx(p, abs=NEAR)


def test_a_course():
    """λ .82 … .58 of six sessions: S = -13, τ -.8667, p .0167, slope -.06; blocks of ten: τ_b .7758, p .0008."""
    course = (0.82, 0.74, 0.70, 0.61, 0.55, 0.58)
    assert tkcore.mann_kendall(course) == near(-13, -0.8667, 0.0167)
    assert tkcore.theil_sen(course) == pytest.approx(-0.06)
    assert tkcore.kendall((1, 0, 1, 2, 1, 2, 4, 5, 4, 6, 5, 5)) == near(0.7758, 0.0008)
    assert tkcore.kendall((3, 3, 3)) is None


def test_families():
    """Holm and Benjamini–Hochberg of the worked family, in any order."""
    holm = (0.008, 0.056, 0.234, 0.234, 0.234, 0.234, 0.234, 0.234)
    bh = (0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.0846, 0.205)
    assert (tkcore.holm(FAMILY), tkcore.benjamini_hochberg(FAMILY)) == (near(*holm), near(*bh))
    assert tkcore.holm(FAMILY[::-1]) == near(*holm[::-1])
    assert tkcore.benjamini_hochberg(FAMILY[::-1]) == near(*bh[::-1])
    assert (tkcore.holm(()), tkcore.benjamini_hochberg(())) == ((), ())


def test_permutation():
    """Of random draws p is (1 + those at least as large)/(1 + draws), of all shifts 1/26: neither is ever 0."""
    assert tkcore.permutation_p(5, [1, 5, 6]) == 3 / 4
    assert tkcore.permutation_p(5, [1] * 999) == 1 / 1000
    assert tkcore.exact_p(1, 26) == pytest.approx(0.0385, abs=NEAR)
    with pytest.raises(ValueError, match="observed"):
        tkcore.exact_p(0, 26)


def test_the_bootstrap_says_how():
    """An estimate of the block bootstrap has its block, draws and seed, and is the same for the same seed."""
    values = [0, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 1]
    found, again = (
        tkcore.block_bootstrap(
            values, lambda x: sum(x) / len(x), block=5, draws=400, random=Random(1), seed="1"
        )
        for _ in range(2)
    )
    assert found == again
    assert (found.n, found.block, found.draws, found.seed) == (16, 5, 400, "1")
    assert (found.method, found.value) == ("circular_block_bootstrap", 10 / 16)
    assert 0.3 < found.low < found.value < found.high < 0.95


def test_one_block_is_the_session_itself():
    """Below two blocks nothing is resampled, and nothing is drawn."""
    random = Random(1)
    assert tkcore.block_bootstrap([1] * 9, max, block=5, random=random) == Withheld(
        "fewer than 2 blocks of 5", 9
    )
    assert random.random() == Random(1).random()


def test_blocks():
    """Ten things in blocks of four are three blocks; a circular one begins anywhere, a plain one where it fits."""
    for circular, most in ((True, 9), (False, 6)):
        found = tkcore.block_starts(10, block=4, draws=300, random=Random(2), circular=circular)
        assert (len(found), min(found), max(found)) == (900, 0, most)
    assert tkcore.block_starts(0, block=4, draws=3, random=Random(2)) == []


@pytest.mark.parametrize(
    ("draws", "level", "out"), [(1000, 0.95, 25), (200, 0.95, 5), (1000, 0.9, 50), (20, 0.95, 0)]
)
def test_ends(draws, level, out):
    """A percentile interval leaves as many draws out at each end as its level says, never more."""
    assert tkcore.percentile_ends(draws, level) == out


def test_gates_read_alike():
    """A gate says what is too little and how much there was; enough says nothing."""
    assert tkcore.gate("member turns", 29, 30) == Withheld("fewer than 30 member turns", 29)
    assert tkcore.gate("member turns", 30, 30) is None
    assert tkcore.gate("blocks of acts", 9, 2, each=5) == Withheld("fewer than 2 blocks of acts", 9)
    assert tkcore.gate("blocks of acts", 10, 2, each=5) is None
    assert tkcore.cap("turns have no length", 3, 14) == Withheld("more than 20 % of turns have no length", 14)
    assert tkcore.cap("turns have no length", 3, 15) is None
    assert tkcore.cap("turns have no length", 3, 14, n=3) == Withheld(
        "more than 20 % of turns have no length", 3
    )


def test_an_estimate_in_three_fields():
    """An estimate becomes value, low and high; what is withheld is withheld three times."""
    assert tkcore.bounded(tkcore.clopper_pearson(0, 18)) == pytest.approx((0, 0, 0.1853), abs=NEAR)
    few = tkcore.gate("turns", 1, 2)
    assert tkcore.bounded(few) == (few, few, few)


def test_uncoded_is_not_absent():
    """The share of what was coded is said, and withheld where nothing could be."""
    assert tkcore.coding_coverage(14, 40).share == 14 / 40
    assert tkcore.coding_coverage(0, 0).share == Withheld("nothing to code", 0)
    with pytest.raises(ValueError, match="41 of 40"):
        tkcore.coding_coverage(41, 40)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: tkcore.wilson(3, 2),
        lambda: tkcore.wilson(0, 0),
        lambda: tkcore.clopper_pearson(-1, 2),
        lambda: tkcore.poisson_rate(1, 0),
        lambda: tkcore.poisson_rate(-1, 1),
        lambda: tkcore.two_rates(1, 0, 1, 1),
        lambda: tkcore.wilson(1, 2, level=95),
        lambda: tkcore.clopper_pearson(2, 2, level=1),
        lambda: tkcore.holm([0.5, 1.5]),
        lambda: tkcore.benjamini_hochberg([float("nan")]),
        lambda: tkcore.block_starts(10, block=0, draws=1, random=Random(1)),
    ],
)
def test_nonsense_is_refused(wrong):
    """What is no count, no exposure, no level and no chance is an error, not a number."""
    with pytest.raises(ValueError, match=r"at least 1|above 0|between 0 and 1|from 0 to 1|not negative"):
        wrong()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (Said(id="terapis terbaik", en="talks most"), ("terapis terbaik",)),
        (Said(id="paling banyak bicara", en="the best therapist"), ("best therapist",)),
        ("members ranked by talk", ("ranked",)),
        ("a good group", ("good group",)),
        ("kelompok yang baik", ("kelompok yang baik",)),
        ("A monopolises", ("monopolises",)),
        ("diagnosis: gangguan kepribadian", ("diagnosis", "diagnosis", "gangguan kepribadian")),
        ("the question caused the silence", ("caused",)),
        ("menyebabkan diam", ("menyebabkan",)),
        ("no resistance", ("no resistance",)),
    ],
)
def test_what_is_not_said(text, words):
    """A rank, a grade, a diagnosis, a cause and "no resistance" are found, in both languages."""
    assert tkcore.forbidden(text) == words


@pytest.mark.parametrize(
    "text",
    [
        tkcore.OBSERVED,
        tkcore.FOLLOWED,
        tkcore.COMPATIBLE,
        "held the floor 12:04–18:30",
        "this is no diagnosis",
        "bukan diagnosis",
        "gangguan suara dari luar",
        "who was addressed is not recorded well enough",
        "monopoly.share",
    ],
)
def test_what_may_be_said(text):
    """What was observed, what followed and what it is compatible with may be said; so may a denial."""
    assert tkcore.forbidden(text) == ()
