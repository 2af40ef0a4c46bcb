"""`tk codebook show`, `search` and `new`: what the codebooks say, found by any of its words, and a new one."""

from __future__ import annotations

import json
import re

import pytest

from tkcore import browsing
from tkcore.cli import run
from tkcore.codebook import handbook, parse
from tkcore.drafting import draft
from tkcore.errors import BadInput, NotFound

BOOK = parse(handbook(), "handbook.toml")


@pytest.fixture
def tk(desk, monkeypatch, capsys):
    """Run `tk codebook`, and return its exit code, what it printed, and what it said beside."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))

    def codebook(*words: str):
        capsys.readouterr()
        code = run(["codebook", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return codebook


def test_families_with_keys_and_counts(tk):
    """Without a word the families are shown, with their letters and how many codes can be typed."""
    _, out, _ = tk("show")
    line = next(line for line in out.splitlines() if " conflict " in line)
    assert line.split() == ["b", "conflict", "conflict", "9", "handbook"]
    _, out, _ = tk("show", "--json")
    lines = json.loads(out)
    assert [(line["family"], line["key"]) for line in lines] == [(f.id, f.key) for f in BOOK.families]
    typed = [code for code in BOOK.codes if code.of == "session" and not code.retired]
    assert sum(line["codes"] for line in lines) == len(typed)
    assert json.loads(tk("show", "handbook", "--json")[1]) == lines


@pytest.mark.parametrize("word", ["conflict", "b", "B", "bentrok"])
def test_a_family_by_id_letter_or_label(tk, word):
    """A family's codes: key, label, id; it is named by its id, its letter or its label in either language."""
    _, out, _ = tk("show", word)
    assert out.startswith("b  conflict: conflict\n")
    assert re.search(r"^ bm +conflict: anger +conflict\.anger ", out, re.MULTILINE)
    lines = json.loads(tk("show", word, "--json")[1])
    assert {line["family"] for line in lines} == {"conflict"}


@pytest.mark.parametrize(
    "word", ["pp", "intervention.process_comment", "handbook.intervention.process_comment"]
)
def test_all_of_a_code(tk, word):
    """A code by key or id: labels, key, family, event, author, attributes with values, lines, cautions."""
    _, out, _ = tk("show", word)
    assert out.startswith("handbook.intervention.process_comment\n")
    told = dict(re.findall(r"^  (\w+) +(\S.*)$", out.partition("\n\n")[0], re.MULTILINE))
    assert told["key"] == "pp"
    assert told["family"] == "process"
    assert told["event"] == "intervention.made"
    assert told["author"] == "leader"
    assert told["label"].startswith("Komentar proses")
    assert told["lines"].startswith("L197")
    assert "\nstep (" in out
    assert re.search(r"^  =label +general label$", out, re.MULTILINE)
    assert "caution (population == psychotic)" in out
    found = json.loads(tk("show", word, "--json")[1])
    assert found["code"]["id"] == "intervention.process_comment"
    assert [a["name"] for a in found["attributes"]] == found["code"]["attributes"]


def test_what_a_code_presets_and_what_was_decided(tk):
    """The values a code always has, and the decision about it."""
    _, out, _ = tk("show", "resistance.acting_out/impulsive")
    code = next(c for c in BOOK.codes if c.id == "resistance.acting_out/impulsive")
    ((name, value),) = code.preset.items()
    assert re.search(rf"^  always +{name}={value}$", out, re.MULTILINE)
    assert "\ndecision 3\n" in out
    assert re.search(r"^  meaning +\S", out, re.MULTILINE)


def test_several_codes_and_none(tk):
    """A word that several codes end in lists them; one that none has is refused with the nearest."""
    _, out, _ = tk("show", "feedback")
    assert "intervention.feedback" in out
    assert "mark.feedback" in out
    code, _, err = tk("show", "conflict.angre")
    assert code == 3
    assert "no codebook, family or code conflict.angre. Near it are: " in err
    assert "conflict.anger" in err


def test_a_retired_code_is_shown_by_its_id():
    """Old records have it: it is found by its id, said to be retired, and listed nowhere."""
    text = (
        handbook().decode().replace('id = "conflict.anger"\n', 'id = "conflict.anger"\nretired = true\n', 1)
    )
    book = parse(text.encode(), "h.toml")
    (code,) = browsing.look_up([book], "conflict.anger")
    assert code.retired
    family = browsing.look_up([book], "conflict")
    assert "conflict.anger" not in [c.id for c in browsing.codes_of([book], family)]
    assert "conflict.anger" not in [hit.id for hit in browsing.search([book], ["conflict.anger"])]
    with pytest.raises(NotFound):
        browsing.look_up([book], "bm")


@pytest.mark.parametrize(
    ("word", "table", "said"),
    [
        ("settings", "setting", "population"),
        ("cautions", "caution", "no_confrontation"),
        ("decisions", "decision", "Acting-out has two opposite meanings"),
    ],
)
def test_lists(tk, word, table, said):
    """Settings, cautions and decisions: all of the codebook, and each as it stands in it."""
    _, out, _ = tk("show", word)
    assert said in out
    assert len(json.loads(tk("show", word, "--json")[1])) == len(getattr(BOOK, table))


def test_checklists_of_session_group_member_and_leader(tk):
    """The items of all checklists, a session's first; the others say whose they are."""
    lines = json.loads(tk("show", "checklist", "--json")[1])
    of = [line["of"] for line in lines]
    assert set(of) == {"session", "group", "member", "leader"}
    assert of[: of.count("session")] == ["session"] * of.count("session")
    _, out, _ = tk("show", "checklist")
    assert re.search(
        r"checklist\.competence_teaching\s+\(leader\)|checklist\.competence_teaching \(leader\)", out
    )


@pytest.mark.parametrize("language", ["en", "id"])
def test_80_columns_in_both_languages(desk, monkeypatch, capsys, language):
    """Whatever is shown fits 80 columns: each list, each family, and the codes of which there is most to say."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    longest = sorted(BOOK.codes, key=lambda code: len(repr(browsing.explained([BOOK], code))))[-12:]
    words = [*browsing.LISTS, "handbook", *(f.id for f in BOOK.families), *(c.id for c in longest)]
    for word in words:
        assert run(["--lang", language, "codebook", "show", word]) == 0, word
        out = capsys.readouterr().out
        assert max(map(len, out.splitlines())) <= 80, (word, max(out.splitlines(), key=len))


def test_labels_are_in_the_users_language(desk, monkeypatch, capsys):
    """In Indonesian a family's codes are those the page shows."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    assert run(["--lang", "id", "codebook", "show", "conflict"]) == 0
    assert "b  conflict: Bentrok\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["conflict.anger"], "conflict.anger"),
        (["bm"], "conflict.anger"),
        (["mirror"], "conflict.mirror_reaction"),
        (["KONFLIK"], "conflict.settled"),
        (["agreement", "enough"], "resistance.acting_out/impulsive"),
        (["L241"], "mark.removal"),
        (["l267"], "intervention.confront"),
        (["fear_of_scolding"], "intervention.interpretation"),
        (["co-therapist", "removed"], None),
        (["kaplan"], "kaplan_type"),
    ],
)
def test_search(words, found):
    """Every word stands in an id, a key, a label, a meaning, a value or a line of the manual, or nothing is found."""
    hits = [hit.id for hit in browsing.search([BOOK], words)]
    assert found in hits if found else hits == []


def test_a_family_is_searched_for_by_its_name():
    """`waspada` and `safety` find the codes of that family, though none of them says so itself."""
    own = {code.id for code in BOOK.codes if code.family == "safety"}
    assert {hit.id for hit in browsing.search([BOOK], ["waspada"])} >= own
    assert {hit.id for hit in browsing.search([BOOK], ["safety"])} >= own
    assert [hit.id for hit in browsing.search([BOOK], ["waspada", "tenang"])] == ["mark.calmed"]


def test_a_line_is_searched_whole():
    """L24 is a line, and not the beginning of L240."""
    lines = {line for hit in browsing.search([BOOK], ["L24"]) for line in _lines(hit.id)}
    assert "L240" in {line for c in BOOK.codes for line in c.source}
    assert not lines or "L24" in lines


def _lines(id_: str) -> set[str]:
    return {line for c in BOOK.codes if c.id == id_ for line in c.source}


def test_search_prints_key_id_and_label(tk):
    """A table of key, id and label; as JSON with both labels."""
    code, out, _ = tk("search", "mirror")
    assert code == 0
    assert re.search(r"^ bc +conflict\.mirror_reaction +conflict: mirror reaction", out, re.MULTILINE)
    hits = json.loads(tk("search", "mirror", "--json")[1])
    assert hits[0]["label"]["en"] == "conflict: mirror reaction"


def test_nothing_found_says_the_nearest(tk):
    """It leaves with 1, and names what looks like it; as JSON an empty list."""
    code, out, err = tk("search", "mirrror_reaction")
    assert (code, out) == (1, "")
    assert "nothing has mirrror_reaction. Near it are: " in err
    assert "conflict.mirror_reaction" in err
    code, out, _ = tk("search", "mirrror_reaction", "--json")
    assert (code, json.loads(out)) == (1, [])


def test_a_new_codebook_is_accepted_as_it_is(tk, tmp_path, desk):
    """`new` writes it, `check` accepts it, `add` takes it in, and its codes can be shown."""
    code, out, _ = tk("new", "gaze", str(tmp_path / "own"))
    file = tmp_path / "own" / "gaze.toml"
    assert (code, out) == (0, f"{file}\n")
    assert tk("check", str(file))[:2] == (0, "gaze: 1 families, 2 codes\n")
    assert tk("add", str(file))[0] == 0
    key = browsing.look_up([parse(file.read_bytes(), "gaze.toml")], "gaze").key
    assert key not in {f.key for f in BOOK.families} | {"t", "k"}
    assert "gaze.gaze.second" in tk("show", f"{key}b")[1]


def test_new_writes_over_nothing(tk, tmp_path):
    """A file that is there stays as it is."""
    (tmp_path / "gaze.toml").write_text("mine")
    code, _, err = tk("new", "gaze", str(tmp_path))
    assert code == 4
    assert "gaze.toml exists" in err
    assert (tmp_path / "gaze.toml").read_text() == "mine"


@pytest.mark.parametrize("name", ["Gaze", "g-z", '"', "../x", "9", "", "gaze2"])
def test_a_name_that_cannot_be_is_refused(name, tk, tmp_path):
    """No file is made for it."""
    code, _, err = tk("new", name, str(tmp_path / "own"))
    assert code == 3
    assert "cannot be a codebook's name" in err
    assert not (tmp_path / "own").exists()


def test_a_taken_name_and_a_full_keyboard_are_refused():
    """A draft stands beside the codebooks there are: neither its name nor its letter is another's."""
    with pytest.raises(BadInput, match="handbook"):
        draft("handbook", [BOOK])
    with pytest.raises(BadInput, match="a family conflict already"):
        draft("conflict", [BOOK])
    shelf = [BOOK]
    for name in ("one", "two", "three", "four", "five", "six"):
        shelf.append(parse(draft(name, shelf).encode(), f"{name}.toml"))
    with pytest.raises(BadInput, match="every letter is a family's already"):
        draft("seven", shelf)


@pytest.mark.parametrize(("ends", "shown"), [("low = 3", "number 3–"), ("high = 9", "number –9")])
def test_a_number_with_one_end_shows_that_one(ends, shown, desk, tk):
    """What is not said is left out."""
    text = desk.workspace.codebooks.joinpath("handbook.toml").read_text("utf-8")
    more = '\n[[setting]]\nid = "pulse"\nof = "member"\nlabel = { id = "nadi", en = "pulse" }\ntakes = "number"\n'
    desk.workspace.codebooks.joinpath("handbook.toml").write_text(text + more + ends + "\n", "utf-8")
    (line,) = [line for line in tk("show", "settings")[1].splitlines() if "pulse" in line]
    assert line.rstrip().endswith(shown)
