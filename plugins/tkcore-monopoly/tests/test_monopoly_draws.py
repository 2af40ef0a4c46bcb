"""Numbers drawn at once are those drawn one by one."""

from random import Random

from tkcore_monopoly.draws import numbers


def test_many_at_once_are_the_same_as_one_by_one():
    """Bit for bit, wherever the generator stands, and it goes on behind them."""
    for seed, before in ((1, 0), (7, 3), (2**200, 700)):
        one, many = Random(seed), Random(seed)
        assert [one.random() for _ in range(before)] == [many.random() for _ in range(before)]
        for n in (0, 1, 311, 312, 1000):
            assert numbers(many, n).tolist() == [one.random() for _ in range(n)]
        assert one.getstate() == many.getstate()
