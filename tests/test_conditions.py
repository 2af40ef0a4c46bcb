"""When a caution holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tkcore.conditions import holds, terms


@pytest.mark.parametrize(
    ("conditions", "facts", "answer"),
    [
        ([], {}, True),
        (["setting == inpatient"], {"setting": "inpatient"}, True),
        (["setting == inpatient"], {"setting": "outpatient"}, False),
        (["setting == inpatient"], {"setting": None}, False),
        (["setting != inpatient"], {}, False),
        (["setting == inpatient and author == leader"], {"setting": "inpatient", "author": "member"}, False),
        (["psychotic > 2"], {"psychotic": 3}, True),
        (["psychotic > 2"], {"psychotic": 2}, False),
        (["planned_sessions < 6"], {"planned_sessions": 5}, True),
        (["planned_sessions < 6"], {"planned_sessions": "5"}, False),
        (["a == x", "b == y"], {"b": "y"}, True),
    ],
)
def test_a_condition_is_asked_of_what_is_known(conditions, facts, answer):
    """All terms of one condition, any of several; what is not known satisfies nothing, not even a `!=`."""
    assert holds(conditions, facts) is answer


@pytest.mark.parametrize(
    "text",
    ["inpatient", "setting = inpatient", "a == b and", "n < few", "a == b or c == d", "n > " + "9" * 5000],
)
def test_what_is_no_condition(text):
    """One form, joined by `and`; `<` and `>` ask for a number."""
    assert terms(text) is None


@given(
    st.text(max_size=60),
    st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=3),
)
def test_any_text_has_an_answer(text, facts):
    """No text and no facts raise."""
    assert holds([text], facts) in (True, False)
