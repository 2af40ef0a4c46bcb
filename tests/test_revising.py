"""A newer version of a codebook: nothing that was recorded under the older one may come to mean something else."""

from __future__ import annotations

import pytest

from tkcore.cli import run
from tkcore.codebook import Lines, parse
from tkcore.errors import CodebookError, NotAllowed, NotFound
from tkcore.opening import Opening, open_session, seatings, start
from tkcore.reading import books, in_force, read_session, rows_of
from tkcore.revising import revise
from tkcore.rows import Mark
from tkcore.vocabulary import add, remove, update

GAZE = """name = "gaze"
title = { id = "Tatapan", en = "Gaze" }
version = 1

[[family]]
id = "gaze"
key = "q"
label = { id = "Tatapan", en = "gaze" }
author = "any"

[[family]]
id = "glance"
key = "z"
label = { id = "Lirikan", en = "glance" }
author = "any"

[[attribute]]
name = "gaze_manner"
values = [
    { id = "short", label = { id = "Sebentar", en = "short" } },
    { id = "long", label = { id = "Lama", en = "long" } },
]

[[code]]
id = "gaze.down"
key = "qd"
family = "gaze"
event = "mark.made"
label = { id = "Menunduk", en = "looks down" }

[[code]]
id = "gaze.meets/long"
key = "qm"
family = "gaze"
event = "mark.made"
label = { id = "Beradu pandang", en = "meets eyes" }
preset = { gaze_manner = "long" }

[[setting]]
id = "lighting"
of = "group"
label = { id = "Cahaya", en = "light" }
takes = "choice"
values = [{ id = "bright", label = { id = "Terang", en = "bright" } }]

[[phase_set]]
setting = "ward"
phases = [{ id = "morning", label = { id = "Pagi", en = "morning" } }]
"""
NEWER = GAZE.replace("version = 1", "version = 2")
MORE = """
[[code]]
id = "gaze.away"
key = "qa"
family = "gaze"
event = "mark.made"
label = { id = "Berpaling", en = "looks away" }
was = "gaze.down"
"""


def revised(text: str) -> None:
    old, new = parse(GAZE.encode(), "gaze.toml"), parse(text.encode(), "gaze.toml")
    revise(old, new, Lines(text, "gaze.toml"))


@pytest.mark.parametrize(
    "text",
    [
        GAZE,
        NEWER,
        NEWER + MORE,
        NEWER.replace('key = "qd"', 'key = "qe"\nretired = true') + MORE,
        NEWER.replace('en = "looks down" }', 'en = "looks at the floor" }\nwas = "gaze.down"'),
        NEWER.replace('id = "gaze.down"', 'id = "gaze.down"\nmeaning = { id = "Lama.", en = "For long." }'),
        NEWER.replace(
            '    { id = "long"', '    { id = "odd", label = { id = "Aneh", en = "odd" } },\n    { id = "long"'
        ),
    ],
    ids=["same", "version", "one more", "retired", "label mended", "meaning", "value more"],
)
def test_what_a_newer_version_may(text):
    """More codes, values and hints, another key, a retired code, a label that is mended and says so."""
    revised(text)


@pytest.mark.parametrize(
    ("old", "new", "line", "name", "says"),
    [
        ('event = "mark.made"\nlabel = { id = "Menunduk"', 'event = "resistance.shown"\nlabel = { id = "Menunduk"', 24, "gaze.down", "event was mark.made and is resistance.shown"),
        ('key = "qd"\nfamily = "gaze"', 'key = "zd"\nfamily = "glance"', 24, "gaze.down", "family was gaze and is glance"),
        ('preset = { gaze_manner = "long" }', 'preset = { gaze_manner = "short" }', 31, "gaze.meets/long", "preset was"),
        ('en = "looks down"', 'en = "looks up"', 24, "gaze.down", "its label was Menunduk / looks down"),
        ('id = "Menunduk"', 'id = "Melihat ke atas"', 24, "gaze.down", "its label was Menunduk / looks down"),
        ('id = "gaze.down"', 'id = "gaze.away"', 24, "gaze.down", "it is gone: keep it, and say retired = true"),
        ('    { id = "short", label = { id = "Sebentar", en = "short" } },\n', "", 17, "gaze_manner", "its value short is gone"),
        ('takes = "choice"', 'takes = "choices"', 39, "lighting", "of and takes were group and choice"),
        ('of = "group"', 'of = "session"', 39, "lighting", "of and takes were group and choice"),
        ('{ id = "bright"', '{ id = "dark"', 39, "lighting", "its value bright is gone"),
        ('id = "lighting"', 'id = "lamp"', 39, "lighting", "it is gone, and records may have it"),
        ('{ id = "morning"', '{ id = "evening"', 46, "ward", "its value morning is gone"),
    ],
)  # fmt: skip
def test_a_changed_meaning_is_named_with_file_line_and_code(old, new, line, name, says):
    """What would say something else of older records is refused: with the file, the line and the entry's name."""
    assert NEWER.count(old) == 1
    with pytest.raises(CodebookError) as refused:
        revised(NEWER.replace(old, new))
    assert str(refused.value).startswith(f"gaze.toml, line {line}, {name}: ")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('was = "gaze.down"', 'was = "gaze.never"'), "was = 'gaze.never': there is no such code"),
        (('id = "gaze.away"\nkey = "qa"\nfamily = "gaze"', 'id = "gaze.meets"\nkey = "za"\nfamily = "glance"'),
         "records of gaze.meets/long would become its own"),
    ],
)  # fmt: skip
def test_a_new_code_that_takes_what_is_recorded_is_refused(change, says):
    """A new code replaces one that there is, and takes no record of another's into its family."""
    with pytest.raises(CodebookError) as refused:
        revised(NEWER + MORE.replace(*change))
    assert str(refused.value).startswith("gaze.toml, line 50, ")
    assert says in str(refused.value)


def test_another_content_is_another_version():
    """Two files of one version that differ cannot be told apart by those who have one: the number is raised."""
    with pytest.raises(CodebookError, match="version = 1: the workspace has version 1 of gaze"):
        revised(GAZE + MORE)


@pytest.fixture
def files(tmp_path, desk, monkeypatch):
    """A workspace with no phases of its own beside the handbook's, and a codebook in two versions."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    older, newer = (text.partition("[[phase_set]]")[0] for text in (GAZE, NEWER))
    (tmp_path / "gaze.toml").write_text(older)
    (tmp_path / "newer.toml").write_text(newer + MORE)
    return tmp_path


def test_update_puts_a_newer_version_in_its_place(files, desk, capsys):
    """Sessions opened before are read as they were, the older file stays by its digest, new ones have the new code."""
    old = add(desk, (files / "gaze.toml").read_bytes(), "gaze.toml")
    open_session(
        desk, "g/s", Opening(seats=seatings(["T", "A", "B"]), clock="given"), in_force(desk.workspace)
    )
    recorder, writer = start(desk, "g/s", books(desk.workspace))
    for line in ("@0:00 ab", "@0:01 !qd", "@0:02 !qm"):
        recorder.enter(line)
    writer.close()
    before = rows_of(read_session(desk.workspace, "g/s", desk.disk), books(desk.workspace))
    assert run(["codebook", "add", str(files / "newer.toml"), "--update"]) == 4
    assert "g/s is open and has the codebook gaze" in capsys.readouterr().err
    assert run(["session", "close", "g/s", "--at", "1:00"]) == 0
    assert run(["codebook", "add", str(files / "newer.toml"), "--update"]) == 0
    home = desk.workspace.codebooks
    assert (home / "gaze.toml").read_bytes() == (files / "newer.toml").read_bytes()
    assert (home / f"gaze-{old.sha256[:12]}.toml").read_bytes() == (files / "gaze.toml").read_bytes()
    assert desk.workspace.config().codebooks == ("handbook", "gaze")
    after = rows_of(read_session(desk.workspace, "g/s", desk.disk), books(desk.workspace))
    assert [x for x in after if isinstance(x, Mark)] == [x for x in before if isinstance(x, Mark)]
    open_session(
        desk, "g/t", Opening(seats=seatings(["T", "A", "B"]), clock="given"), in_force(desk.workspace)
    )
    recorder, writer = start(desk, "g/t", books(desk.workspace))
    recorder.enter("@0:01 !qa")
    assert recorder.ledger[recorder.head.seq].code == "gaze.gaze.away"
    writer.close()


def test_update_of_a_changed_meaning_changes_nothing(files, desk):
    """The file of the workspace stays, byte for byte, and `check` refuses the newer one with the same words."""
    add(desk, (files / "gaze.toml").read_bytes(), "gaze.toml")
    bad = (files / "newer.toml").read_text().replace('en = "looks down"', 'en = "looks up"')
    with pytest.raises(CodebookError, match=r"^bad\.toml, line 24, gaze\.down: its label was"):
        update(desk, bad.encode(), "bad.toml")
    assert (desk.workspace.codebooks / "gaze.toml").read_bytes() == (files / "gaze.toml").read_bytes()
    (files / "bad.toml").write_text(bad)
    assert run(["codebook", "check", str(files / "bad.toml")]) == 3
    assert run(["codebook", "check", str(files / "newer.toml")]) == 0


def test_update_takes_what_is_here(files, desk):
    """A codebook that is not here is added, not updated; without --update one that is here is refused."""
    text = (files / "gaze.toml").read_bytes()
    with pytest.raises(NotFound, match="no codebook gaze is here to update"):
        update(desk, text, "gaze.toml")
    add(desk, text, "gaze.toml")
    with pytest.raises(CodebookError, match="--update"):
        add(desk, (files / "newer.toml").read_bytes(), "newer.toml")


def test_update_of_a_removed_one_brings_it_back(files, desk):
    """What was removed comes back in its newer version, also where sessions have the older one."""
    add(desk, (files / "gaze.toml").read_bytes(), "gaze.toml")
    open_session(
        desk, "g/s", Opening(seats=seatings(["T", "A", "B"]), clock="given"), in_force(desk.workspace)
    )
    with pytest.raises(NotAllowed, match="g/s is open"):
        remove(desk, "gaze")
    assert run(["session", "close", "g/s", "--at", "1:00"]) == 0
    remove(desk, "gaze")
    update(desk, (files / "newer.toml").read_bytes(), "newer.toml")
    config = desk.workspace.config()
    assert (config.codebooks, config.retired) == (("handbook", "gaze"), ())


def test_our_own_handbook_is_updated_by_its_name(desk, monkeypatch, capsys):
    """A workspace made by an older tkcore takes the handbook of this one."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    file = desk.workspace.codebooks / "handbook.toml"
    text = file.read_text()
    file.write_text(text.replace("\nversion = ", "\nversion = -", 1))
    assert run(["codebook", "add", "handbook", "--update"]) == 0
    assert file.read_text() == text
    assert len(list(desk.workspace.codebooks.glob("handbook-*.toml"))) == 1
    assert "handbook: 18 families" in capsys.readouterr().out


APART = GAZE.replace('author = "any"', 'author = "any"\napart = true', 1)
PRIVATE = GAZE.replace('en = "looks down" }', 'en = "looks down" }\nprivate = true')
KEPT = GAZE.replace('takes = "choice"', 'takes = "choice"\nprivate = true')


@pytest.mark.parametrize(
    ("older", "newer", "name", "says"),
    [
        (APART, GAZE, "gaze", "it was apart"),
        (PRIVATE, GAZE, "gaze.down", "it was private"),
        (KEPT, GAZE, "lighting", "it was private"),
        (
            PRIVATE,
            PRIVATE + MORE.replace("gaze.away", "gaze.down/long") + 'preset = { gaze_manner = "long" }\n',
            "gaze.down/long",
            "records of gaze.down, which is private",
        ),
    ],
    ids=["family", "code", "setting", "another code"],
)
def test_what_was_kept_from_the_analyses_stays_so(older, newer, name, says):
    """What was recorded as private or apart is not opened by a newer file; the other way round it may be closed."""
    old = parse(older.encode(), "gaze.toml")
    text = newer.replace("version = 1", "version = 2")
    with pytest.raises(CodebookError) as refused:
        revise(old, parse(text.encode(), "gaze.toml"), Lines(text, "gaze.toml"))
    assert f", {name}: " in str(refused.value)
    assert says in str(refused.value)
    if newer == GAZE:
        closing = older.replace("version = 1", "version = 2")
        revise(
            parse(GAZE.encode(), "gaze.toml"),
            parse(closing.encode(), "gaze.toml"),
            Lines(closing, "gaze.toml"),
        )
