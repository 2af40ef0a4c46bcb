"""Tables of turns: what is taken, what is refused before anything is stored."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tkcore.errors import BadInput, TkError
from tkcore.exchange.turns import Columns, read_turns

COLUMNS = Columns(time="t", sender="a", receiver="b")


def read(tmp_path, text, columns=COLUMNS, **more):
    file = tmp_path / "f.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_turns(file, columns, **more)


def test_a_small_table(tmp_path):
    """Times from the first, seats kept, names lettered, roles by sign."""
    found = read(
        tmp_path,
        "t;a;b\n10.0005;T;budi\n12;budi;\n13.25;7;T, budi\n",
        Columns(time="t", sender="a", receiver="b"),
    )
    assert [(x.ts, x.sender, x.audience, x.receivers, x.dur) for x in found.turns] == [
        (0, "T", "seats", ("A",), None), (2000, "A", "unknown", (), None), (3250, "7", "seats", ("T", "A"), None),
    ]  # fmt: skip
    assert found.pairing == (("A", "budi"),)
    assert {s.seat: s.role for s in found.seats} == {"T": "therapist", "A": "member", "7": "member"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path, encoding):
    """UTF-8 with or without mark, and UTF-16."""
    assert read(tmp_path, "t\ta\tb\n1\tAndré\tB\n".encode(encoding)).pairing == (("A", "André"),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"), ("t,a,b\n", "no turns"), ("x,a,b\n1,A,B\n", "no column t. It has: x, a, b"),
        ("t,a,b\n1,A,B\nx,A,B\n", "row 3, column t: 'x' is no number"), ("t,a,b\nnan,A,B\n", "is no number"),
        ("t,a,b\n2,A,B\n1,A,B\n", "row 3, column t: time runs backwards"), ("t,a,b\n1,A,A\n", "A speaks to A"),
        ("t,a,b\n1,,B\n", "nobody speaks"), ("t,a,b\n1,A\n", "2 fields where the header has 3"),
        (b"t,a,b\n1,A,\xff\n", "row 2: byte 5 is not UTF-8"), (b"t,a,b\n1,A,B\0\n", "NUL"),
        ('t,a,b\n1,"A,B\n', "quotation mark"), (b"\xff\xfe" + b"a", "UTF-16"),
        (b"t,a,b\n" + b"1" * (2 << 20), "without an end"),
    ],
)  # fmt: skip
def test_a_refusal(tmp_path, text, says):
    """What is wrong is named with its place."""
    with pytest.raises(BadInput) as refused:
        read(tmp_path, text)
    assert says in str(refused.value)


def test_lengths_until_next_and_roles(tmp_path):
    """A column of lengths, the run to the next turn, a file of roles."""
    text = "t,a,b,n\n1,x,*,2.5\n4,y,x,\n"
    roles = tmp_path / "roles.csv"
    roles.write_text("label,role\nx,therapist\n")
    found = read(tmp_path, text, Columns(time="t", sender="a", receiver="b", length="n"), roles=roles)
    assert [(x.audience, x.dur) for x in found.turns] == [("all", 2500), ("seats", None)]
    assert [s.role for s in found.seats] == ["therapist", "member"]
    found = read(tmp_path, text, Columns(time="t", sender="a", receiver="b", until_next=True, unit="min"))
    assert [x.dur for x in found.turns] == [180_000, None]
    roles.write_text("x,king\n")
    with pytest.raises(BadInput, match="no role king"):
        read(tmp_path, text, roles=roles)


def test_a_huge_line_needs_little_memory(tmp_path):
    """64 MiB without a newline are refused from their beginning."""
    file = tmp_path / "huge.csv"
    with file.open("wb") as out:
        out.write(b"t,a,b\n")
        out.truncate(64 << 20)
    tracemalloc.start()
    with pytest.raises(BadInput):
        read_turns(file, COLUMNS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=120))
def test_any_bytes(tmp_path, data):
    """Any bytes are a table or refused."""
    try:
        found = read(tmp_path, b"t,a,b\n" + data)
    except TkError as error:
        assert str(error)
    else:
        assert found.turns
