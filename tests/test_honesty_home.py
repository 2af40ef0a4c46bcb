"""Intervals, adjustments and gates have one home: no analysis of ours computes its own."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest

import tkcore
from tkcore.testing import session

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    [
        *ROOT.glob("plugins/*/src/**/*.py"),
        *ROOT.glob("examples/*/src/**/*.py"),
        *(p for p in ROOT.glob("src/tkcore/**/*.py") if not {"honesty", "exchange"} & set(p.parts)),
    ]
)
"""Everything but tkcore.honesty itself; `exchange` makes up sessions."""
OWN_NAMES = {"lgamma", "gammaln", "erf", "erfc", "NormalDist", "percentile", "quantile", "quantiles", "scipy", "statsmodels"}  # fmt: skip
OWN_NUMBERS = {1.96, 1.959963984540054, 0.025, 0.975, 975}
APART = {"fewer than 3 people in any component"}
"""Its n is the number of components: no gate on how many."""


def own(source: str) -> list[str]:
    """Return where a source computes an interval, an adjustment, a p or a gate by itself."""
    return [f"{node.lineno}: {fault}" for node in ast.walk(ast.parse(source)) if (fault := _own(node))]


def _own(node: ast.AST) -> str:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        from_ = getattr(node, "module", None) or ""
        names = {part for name in node.names for part in name.name.split(".")} | set(from_.split("."))
        return f"imports {sorted(names & OWN_NAMES)}" if names & OWN_NAMES else ""
    if isinstance(node, ast.Attribute) and node.attr in OWN_NAMES:
        return f"uses {node.attr}"
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value in OWN_NUMBERS:
        return f"{node.value} is the end of an interval"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv) and _is(node.right, 40):
        return "// 40 is the end of an interval"
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and _one_more(node.left)
        and _one_more(node.right)
    ):
        return "(1 + …) / (1 + …) is a permutation p"
    if isinstance(node, ast.Call):
        return _called(node)
    return ""


def _called(node: ast.Call) -> str:
    name = getattr(node.func, "id", "")
    if name == "min" and any(_is(a, 1) for a in node.args) and any(_times(a) for a in node.args):
        return "min(1, … * …) is an adjustment"
    text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
    if name == "Withheld" and text not in APART and re.match(r"(fewer|more) than \d", str(text)):
        return f"{text!r} is a gate: gate(name, n, least) or cap(name, part, of)"
    if name == "gate" and not all(isinstance(a, ast.Constant) for a in (node.args[0], *node.args[2:3])):
        return "a gate's name and number stand in the call, or its sentence is never translated"
    return ""


def _is(node: ast.AST, number: float) -> bool:
    return isinstance(node, ast.Constant) and node.value == number


def _times(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _one_more(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add)
        and (_is(node.left, 1) or _is(node.right, 1))
    )


def test_no_analysis_has_its_own():
    """No plugin, no example and nothing else in tkcore computes an interval, an adjustment or a gate by itself."""
    found = {str(p.relative_to(ROOT)): own(p.read_text()) for p in SOURCES}
    assert {where: faults for where, faults in found.items() if faults} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import scipy.stats",
        "from math import lgamma",
        "from statistics import NormalDist",
        "math.erfc(z)",
        "np.quantile(drawn, 0.5)",
        "p + 1.96 * se",
        "drawn[len(drawn) // 40]",
        "min(1.0, m * p)",
        "(1 + hits) / (1 + draws)",
        "(hits + 1) / (draws + 1)",
        'Withheld("fewer than 30 member turns", n)',
        'Withheld("more than 20 % of turns have no length", n)',
        'gate("member turns", n, LEAST)',
    ],
)
def test_one_of_its_own_is_found(source):
    """Each way to have an interval, an adjustment or a gate of one's own is found."""
    assert own(source)


def test_plugins_use_what_is_here():
    """Ours take intervals, adjustments and gates from tkcore: the search above is not of empty folders."""
    names = Counter(
        name.name
        for path in ROOT.glob("plugins/*/src/**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "tkcore"
        for name in node.names
    )
    assert {"gate", "cap", "bonferroni", "permutation_p", "percentile_ends", "binomial_at_least"} <= set(
        names
    )


def test_the_fast_bootstrap_of_time_is_this_one():
    """The bounds of all members' time that are drawn at once are those of block_bootstrap, to the last digit."""
    from tkcore_monopoly.share import _bounds

    rng, at, lines = Random(3), 0, []
    for _ in range(43):
        at += rng.randint(1, 30)
        lines.append(f"@{at // 60}:{at % 60:02d} {rng.choice('abc')}.")
    found = session("; ".join(lines), seats="A,B,C", end=f"{at // 60 + 1}:00")
    found.random.seed(7)
    fast = _bounds(found, found.turns, ("A", "B", "C"), 5, 200)
    for seat in "ABC":

        def share(turns, seat=seat):
            return sum(t.dur for t in turns if t.sender == seat) / sum(t.dur for t in turns)

        slow = tkcore.block_bootstrap(found.turns, share, block=5, draws=200, random=Random(7))
        assert fast[seat] == (slow.low, slow.high)


def test_the_fast_bootstrap_of_structure_draws_the_same_blocks():
    """The acts that are resampled for a structure begin where block_starts says."""
    from tkcore_network.draws import numbers

    begins = (numbers(Random(7), 1000 * 5) * 43).astype(int).tolist()
    assert begins == tkcore.block_starts(43, block=10, draws=1000, random=Random(7))
