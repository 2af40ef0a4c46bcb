"""From nothing to a tested, installed analysis, where there is only the built wheel of tkcore."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def author(clean_venv):
    """Who has installed tkcore and pytest and has typed two commands: his environment."""
    venv = clean_venv("tkcore", "pytest")
    venv.run("tk", "plugins", "new", "gaze")
    venv.run("pip", "install", "-q", "./tkcore-gaze")
    return venv


@pytest.fixture(scope="module")
def workspace(author):
    """His workspace with two sessions of a group, made before he enabled his plugin; not what `tk init` enabled."""
    author.run("tk", "init", "--plain", "klinik")
    author.run("tk", "-w", "klinik", "plugins", "disable", "gaze")
    for session in ("s1", "s2"):
        author.run(
            "tk", "-w", "klinik", "simulate", "--group", "melati", "--session", session, "--minutes", "30"
        )
    author.run("tk", "-w", "klinik", "plugins", "enable", "gaze")
    return author.path.parent / "klinik"


def test_it_sees_the_wheel_alone(author):
    """Tkcore in the clean environment is the installed wheel, not this source tree."""
    where = author.run("python", "-c", "import tkcore; print(tkcore.__file__)").stdout
    assert where.startswith(str(author.path))


def test_its_own_tests_pass(author):
    """`pytest tkcore-gaze` passes at once, and has tested something."""
    said = author.run("pytest", "-q", "tkcore-gaze").stdout
    assert " passed" in said


def test_it_is_enabled(author, workspace):
    """`tk plugins enable gaze` has it listed as enabled and whole."""
    rows = json.loads(author.run("tk", "-w", workspace, "plugins", "list", "--json").stdout)
    assert [(row["plugin"], row["state"]) for row in rows] == [("gaze", "enabled")]


def test_doctor_has_nothing_to_say(author, workspace):
    """`tk plugins doctor` leaves with 0: what was written breaks no rule."""
    author.run("tk", "-w", workspace, "plugins", "doctor")


def test_check_passes(author, workspace):
    """`tk plugins check gaze` holds what was installed to the laws."""
    author.run("tk", "-w", workspace, "plugins", "check", "gaze")


def test_analyses_answer(author, workspace):
    """Its query, its function and its group function each answer, over a session and over a group."""
    listed = json.loads(author.run("tk", "-w", workspace, "analyze", "--list", "--json").stdout)
    names = {row["analysis"] for row in listed}
    assert len(names) >= 3
    assert all(name.startswith("gaze.") for name in names)
    of_session = _outcomes(author, workspace, "melati/s1", *names)
    of_group = _outcomes(author, workspace, "melati", *names)
    assert of_session
    assert of_group
    assert set(of_session) | set(of_group) == names
    assert {*of_session.values(), *of_group.values()} <= {"done", "withheld"}
    assert "done" in of_session.values()


def _outcomes(author, workspace, what: str, *names: str) -> dict[str, str]:
    """Return what came of each analysis that was asked for, over a session or over a group."""
    found = {}
    for name in sorted(names):
        done = author.run("tk", "-w", workspace, "analyze", what, name, "--json", code=None)
        document = json.loads(done.stdout) if done.returncode == 0 else {"outcomes": []}
        found.update({one["analysis"]: one["outcome"] for one in document["outcomes"]})
    return {name: outcome for name, outcome in found.items() if name in names}
