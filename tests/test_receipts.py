"""Receipts as JSON and as eight words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from tkcore.errors import BadInput
from tkcore.receipts import Receipt, parse, words_of

H = "45618d3be9af1a84a67e6935752e563f94706b90bc2bd519831ae437c36bb937"


@given(st.integers(0, (1 << 20) - 1), st.binary(min_size=32, max_size=32))
def test_words_say_what_the_receipt_says(seq, digest):
    """Eight words hold the record's number and 64 bits of the chain; case, commas and four letters do for a word."""
    words = words_of(Receipt("g/s", seq, digest.hex()))
    assert len(words) == 8
    for text in (" ".join(words), ", ".join(words).upper(), " ".join(word[:4] for word in words)):
        assert parse(text) == Receipt("", seq, digest.hex()[:16])


def test_words_are_these_for_ever():
    """A sheet written years ago is still read: the coding never changes."""
    assert " ".join(words_of(Receipt("g/s", 49, H))) == "abandon board better coyote desk estate shop amused"


def test_json_is_a_receipt():
    """The line closing prints is taken back whole."""
    receipt = Receipt("g/s", 49, H)
    assert parse(json.encode(receipt).decode() + "\n") == receipt


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("abandon ability", "eight words, these are 2"),
        ("qwertz " * 8, "qwertz is no word of a receipt"),
        ("abandon " * 8, "copied wrongly"),
        ('{"session": 1}', "no receipt"),
        ("{", "no receipt"),
    ],
)
def test_what_is_no_receipt(text, says):
    """Each is refused with what is wrong with it."""
    with pytest.raises(BadInput, match=says):
        parse(text)


def test_a_wrong_word_is_nearly_always_seen():
    """Of all words that could stand in one place by mistake, at most a twelfth pass for a receipt."""
    from mnemonic import Mnemonic

    words = list(words_of(Receipt("g/s", 49, H)))
    passed = 0
    for word in Mnemonic("english").wordlist:
        try:
            parse(" ".join([*words[:3], word, *words[4:]]))
            passed += word != words[3]
        except BadInput:
            pass
    assert 0 < passed < 2048 / 12


def test_too_many_records_for_words():
    """Beyond a million records the JSON line is the receipt."""
    with pytest.raises(BadInput, match="beyond what eight words hold"):
        words_of(Receipt("g/s", 1 << 20, H))
