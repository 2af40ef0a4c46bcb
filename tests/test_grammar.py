"""What a line says, by its shape alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tkcore import grammar as g
from tkcore.errors import GrammarError

GOOD = {
    "a>b": g.Turn(sender="A", how="seats", receivers=("B",), column=1),
    "A>B": g.Turn(sender="A", how="seats", receivers=("B",), column=1),
    "ab": g.Turn(sender="A", how="seats", receivers=("B",), column=1),
    "a7b12": g.Turn(sender="A7", how="seats", receivers=("B12",), column=1),
    "t>a,b": g.Turn(sender="T", how="seats", receivers=("A", "B"), column=1),
    "a>*": g.Turn(sender="A", how="all", column=1),
    "a>.": g.Turn(sender="A", how="all", column=1),
    "a.": g.Turn(sender="A", how="all", column=1),
    "a>?": g.Turn(sender="A", how="unknown", column=1),
    "a>b=12.5": g.Turn(sender="A", how="seats", receivers=("B",), dur=12_500, column=1),
    "ab=3": g.Turn(sender="A", how="seats", receivers=("B",), dur=3000, column=1),
    "a.=0.125": g.Turn(sender="A", how="all", dur=125, column=1),
    "12>3": g.Turn(sender="12", how="seats", receivers=("3",), column=1),
    "a": g.Turn(sender="A", how="quick", column=1),
    "t1": g.Turn(sender="T1", how="quick", column=1),
    "a<": g.Turn(sender="A", how="reply", column=1),
    "<": g.Turn(sender=None, how="swap", column=1),
    "!gg": g.Code(word="gg", column=1),
    "T!gg>A^2": g.Code(word="gg", author="T", targets=("A",), intensity=2, column=1),
    "b!bm>c,d^3": g.Code(word="bm", author="B", targets=("C", "D"), intensity=3, column=1),
    "!gg>*": g.Code(word="gg", everybody=True, column=1),
    "!ig=4": g.Code(word="ig", value="4", column=1),
    "!js~17": g.Code(word="js", ref=17, column=1),
    "!mark.insight/interpersonal": g.Code(word="mark.insight/interpersonal", column=1),
    "a!bm>c^1=x~4": g.Code(word="bm", author="A", targets=("C",), intensity=1, value="x", ref=4, column=1),
    "_": g.Hush(column=1),
    "_30": g.Hush(since=30_000, column=1),
    "_1.5": g.Hush(since=1500, column=1),
    "%kerja": g.Phase(word="kerja", column=1),
    ";": g.Star(column=1),
    "&": g.Crowd(column=1),
    "~": g.Undo(column=1),
    "~17": g.Undo(seq=17, column=1),
    "~b=f,f=b": g.Exchange(seats={"B": "F", "F": "B"}, column=1),
    "{doa}": g.Activity(word="doa", column=1),
    "{}": g.Activity(word="", column=1),
    "||": g.Pause(column=1),
    "||escort": g.Pause(reason="escort", column=1),
    "-c": g.Leave(seat="C", column=1),
    "-c:escorted": g.Leave(seat="C", reason="escorted", column=1),
    "c)": g.Leave(seat="C", column=1),
    "+c": g.Come(seat="C", column=1),
    "c(": g.Come(seat="C", column=1),
    "+g:visitor": g.Come(seat="G", word="visitor", column=1),
    "+g:floor_only": g.Come(seat="G", word="floor_only", column=1),
}
BAD = {
    "aa": 1, "a>a": 1, "a>b,b": 1, "a>": 1, ">b": 1, "ab cd": 4, "!": 1, "!gg^4": 1, "a>b=": 1, "@": 1, "@12": 1,
    "@12:60 ab": 1, "@1:60:00 ab": 1, "@12:04": 1, "ab @12:04": 4, "?": 1, "#": 1, "ab #  ": 4, "~3: ab !gg": 1, "~3:": 1,
    "~a=b,a=c": 1, "~a=c,b=c": 1, "ab\x07": 3, "1a": 1, "a>b>c": 1, "||!": 1, "%": 1, "a123": 1, "+": 1, "b!": 1, "a.b": 1,
}  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_an_item(text):
    """Each form of capture.md §3a says what it should, in either case."""
    assert g.parse(text).items == (GOOD[text],)
    assert g.parse(text.upper()).items == (GOOD[text],)


@pytest.mark.parametrize("text", BAD)
def test_a_refusal(text):
    """What is no line is refused with the column where it goes wrong."""
    with pytest.raises(GrammarError) as refused:
        g.parse(text)
    assert refused.value.column == BAD[text]
    assert str(refused.value)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("@12:04 a.", g.Time(ms=724_000)),
        ("@1:02:03.5 a.", g.Time(ms=3_723_500)),
        ("@75:00 a.", g.Time(ms=4_500_000)),
        ("@0:00.125 a.", g.Time(ms=125)),
        ("@-20 a.", g.Time(ms=20_000, sign="-")),
        ("@+1.5 a.", g.Time(ms=1500, sign="+")),
    ],
)
def test_a_time(text, time):
    """Session time, back from now, on from the line before; fractions of a second."""
    assert g.parse(text).time == time


def test_a_whole_line():
    """Time, turn, codes and a note about two seats stand on one line."""
    line = g.parse("@14:53 bt !jj !uw #b,t: istri saya diracun tetangga")
    assert [type(item) for item in line.items] == [g.Turn, g.Code, g.Code]
    assert [item.column for item in line.items] == [8, 11, 15]
    assert (line.note.text, line.note.about) == ("istri saya diracun tetangga", ("B", "T"))


@pytest.mark.parametrize(
    ("text", "about", "kept"),
    [
        ("#menyuruh pulang", None, "menyuruh pulang"),
        ("#b: teks", ("B",), "teks"),
        ("ab #catatan: bukan kursi", None, "catatan: bukan kursi"),
        ("# Selamat Pagi ", None, "Selamat Pagi"),
    ],
)
def test_a_note(text, about, kept):
    """A note keeps its case; a seat and a colon say about whom it is."""
    note = g.parse(text).note
    assert (note.about, note.text) == (about, kept)


def test_an_amendment():
    """`~17:` stands before one item, with or without a space."""
    for text in ("~17: ac", "~17:ac"):
        line = g.parse(text)
        assert (line.amends, line.items[0].receivers) == (17, ("C",))


def test_a_line_too_long():
    """More than 4096 bytes are refused."""
    with pytest.raises(GrammarError, match="4096"):
        g.parse("#" + "é" * 2500)


@given(st.text(max_size=60))
def test_any_text_is_a_line_or_refused(text):
    """Nothing but a Line or a GrammarError with a column inside the text comes out."""
    try:
        line = g.parse(text)
    except GrammarError as error:
        assert 1 <= error.column <= max(1, len(text) + 1)
    else:
        assert isinstance(line, g.Line)
