"""How the structure is drawn."""

from tkcore_network.sections import form
from tkcore_network.structure import structure

from tkcore import Paragraph, Table


def test_acts_behind_the_structure(sitting):
    """Forty acts to and from the leader: the table counts them all, and the first sentence is the structure's."""
    lines = [(n, n + 1, *(("T", "A"), ("A", "T"), ("T", "B"), ("B", "T"))[n % 4]) for n in range(40)]
    result = structure(sitting("TABC", lines), draws=20)
    parts = list(form.draw(result))
    assert parts[0] == Paragraph(result.said)
    table = next(part for part in parts if isinstance(part, Table))
    assert [repr(row[1]) for row in table.rows] == ["40", "0"]
