"""What a command gets to say what went wrong, where it goes on after it."""

from __future__ import annotations

import pytest

from tkcore import BadInput, Reader, TkError


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "there is no session nowhere"), ("id", "pertemuan nowhere tidak ada")],
)
def test_an_error_is_said_in_the_users_language(desk, language, says):
    """An error of tkcore's that a command has caught is said as `tk` would say it, in each language."""
    reader = Reader(desk.workspace, desk.disk, language)
    with pytest.raises(TkError) as raised:
        reader.session("nowhere")
    assert says in reader.say(raised.value)


def test_an_error_of_the_plugins_own(desk):
    """What no catalogue has is said as it was written, with its values."""
    reader = Reader(desk.workspace, desk.disk, "id")
    assert reader.say(BadInput("{n} glances are too many", n=7)) == "7 glances are too many"


def test_an_error_within_an_error(desk):
    """A value that is an error itself is said in the same language."""
    reader = Reader(desk.workspace, desk.disk, "id")
    with pytest.raises(TkError) as raised:
        reader.session("nowhere")
    inner = reader.say(raised.value)
    assert reader.say(BadInput("left out: {error}", error=raised.value)) == f"left out: {inner}"
