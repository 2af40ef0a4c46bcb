"""Tables of turns: what is taken, what is refused before anything is stored."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tkcore.errors import BadInput, TkError
from tkcore.exchange.turns import MOST, Columns, People, read_turns

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
        ('t,a,b\n1,"A,B\n', "row 2"), ('t,a,b\n1,"A,B\n', "quotation mark"),
        ("t,a,b\n1_000,A,B\n", "'1_000' is no number"), ("t,a,b\n1e16,A,B\n", "is no number"), ("t,a,b\n٣,A,B\n", "is no number"),
        ("t,a,b\n0,A,B\n604801,A,B\n", "row 3, column t: that is more than 7 days"),
        ("t,a,b\n1,A,B,x\n", "row 2: 4 fields where the header has 3"), ("t,a,b,a\n1,A,B,C\n", "the column a twice"),
        ("t,a,b\n1,?,B\n", "nobody speaks"), ("t,a,b\n1,A,B;B\n", "a receiver stands twice"),
        ("t,a,b\n1," + "x" * 201 + ",B\n", "longer than 200 characters"), ("t,a,b\n1,A," + "x" * 201 + "\n", "longer than 200"),
        ("t,a,b\n1,A," + "B," * 501 + "\n", "row 2"), (b"\xff\xfe" + b"a", "UTF-16"),
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


@pytest.mark.parametrize(
    ("cell", "heard"),
    [
        ("Ani Wijaya", "Ani Wijaya"), ("Ani Wijaya,Budi", "Ani Wijaya|Budi"), ("Smith, John", "Smith, John"),
        ("Budi;Smith, John", "Budi;Smith, John"), ("Rossi; Budi", "Rossi|Budi"), ("Rossi,Nobody", "Rossi,Nobody"),
        ("7+12", "7|12"), ("7 12", "7 12"), ("t,budi", "t,budi"), ("t,Budi", "T|Budi"), ("B,all", "*"), ("all", "*"), ("Budi,?", ""),
    ],
)  # fmt: skip
def test_a_cell_is_divided_only_where_every_part_is_somebody(tmp_path, cell, heard):
    """A name with a space, or with a comma and a part nobody else has, is one person."""
    columns = Columns(time="t", sender="a", receiver="b", group_value="all")
    text = f't,a,b\n1,Budi,X1\n2,"Smith, John",Rossi\n3,Ani Wijaya,Rossi\n4,T9,"{cell}"\n'
    found = read(tmp_path, text, columns)
    turn = found.turns[-1]
    label = dict(found.pairing)
    said = "|".join(label.get(seat, seat) for seat in turn.receivers)
    assert {"all": "*", "unknown": ""}.get(turn.audience, said) == heard


def test_a_length_is_bounded(tmp_path):
    """A turn that would end after seven days is refused in its row."""
    with pytest.raises(BadInput, match="row 3, column n: the turn ends more than 7 days"):
        read(
            tmp_path,
            "t,a,b,n\n0,A,B,1\n1,A,B,604800\n",
            Columns(time="t", sender="a", receiver="b", length="n"),
        )
    assert read(tmp_path, "t,a,b\n1700000000000,A,B\n1700000001000,B,A\n", Columns(time="t", unit="ms", sender="a", receiver="b")).turns[1].ts == 1000  # fmt: skip


def test_the_number_of_turns_is_bounded(tmp_path):
    """A file of more turns than any session has is refused before it fills the memory."""
    with pytest.raises(BadInput, match="more than 250000 turns"):
        read(tmp_path, "t,a,b\n" + "1,A,B\n" * (MOST + 1))


def test_quotation_marks(tmp_path):
    """A mark inside a field is a sign like others; quoted fields hold commas and line ends; rows are rows."""
    found = read(tmp_path, 't,a,b,c\n1,A,B,5" long\n2,B,A,"x\ny, ""z"""\n3,Budi "Bu,A,\n')
    assert found.pairing == (("C", 'Budi "Bu'),)
    with pytest.raises(BadInput, match="row 3, column t"):
        read(tmp_path, 't,a,b,c\n1,A,B,"x\ny\nz"\n?,A,B,\n')


@pytest.mark.parametrize("line", ["x\n", '","\n'])
def test_an_open_quotation_mark_needs_little_memory(tmp_path, line):
    """A quotation mark that is never closed, or opened ever again, is refused within a MiB."""
    file = tmp_path / "open.csv"
    file.write_text(
        't,a,b\n1,A,"' + line * (32 << 20) if len(line) == 2 else 't,a,b\n1,A,"' + line * (8 << 20)
    )
    tracemalloc.start()
    with pytest.raises(BadInput, match="quotation mark left open"):
        read_turns(file, COLUMNS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 << 20


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16-le", "utf-16", "utf-8"])
def test_a_named_encoding(tmp_path, encoding):
    """A file in another encoding is read where that is named; unnamed it is refused with row and byte."""
    data = "t,a,b\n1,André,B\n".encode(encoding)
    assert read(tmp_path, data, encoding=encoding).pairing == (("A", "André"),)
    with pytest.raises(BadInput, match=r"row 2: byte 7 is not UTF-8.*--encoding cp1252"):
        read(tmp_path, "t,a,b\n1,André,B\n".encode("cp1252"))


@pytest.mark.parametrize("encoding", ["klingon", "hex", "rot13", ""])
def test_no_such_encoding(tmp_path, encoding):
    """What is no encoding of text is refused."""
    with pytest.raises(BadInput, match=r"no encoding|is not"):
        read(tmp_path, "t,a,b\n1,é,\ud800\n".encode("utf-8", "surrogatepass"), encoding=encoding)


def test_a_wrong_sign_of_utf_16_is_refused_in_its_row(tmp_path):
    """Half a pair of surrogates is found in the row where it stands, not where the reader's buffer ends."""
    data = "t,a,b\n1,A,B\n2,A,".encode("utf-16") + b"\x00\xd8" + "x\n3,A,B\n".encode("utf-16-le")
    with pytest.raises(BadInput, match="row 3: character 5 is not UTF-16"):
        read(tmp_path, data)


def test_people_of_the_group_keep_their_seats(tmp_path):
    """A taken seat goes to nobody else; a known label has its seat and its role again."""
    people = People(roles={"A": "visitor", "B": "member"}, seats={"Budi": "A"})
    found = read(tmp_path, "t,a,b\n1,Sari,Budi\n2,Budi,Dewi\n", people=people)
    assert dict(found.pairing) == {"C": "Sari", "A": "Budi", "D": "Dewi"}
    assert found.known == {"Budi"}
    assert {s.seat: s.role for s in found.seats} == {"C": "member", "A": "visitor", "D": "member"}


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
