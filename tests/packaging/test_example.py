"""The example of the documentation, from its own directory to its removal, where there is only the built wheel."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "tkcore-drift"

SHORTER, LONGER = "melati/s1", "melati/s2"


@pytest.fixture(scope="module")
def author(clean_venv):
    """Who has installed tkcore and pytest, and in the example's directory the example: his environment."""
    venv = clean_venv("tkcore", "pytest")
    where = venv.path.parent / "tkcore-drift"
    shutil.copytree(EXAMPLE, where, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "dist"))
    venv.run("pip", "install", "-q", ".", cwd=where)
    return venv


def _turns(*lengths: int) -> tuple[list[str], str]:
    """Return the lines of turns that last so many seconds, and when the last of them ends."""
    lines, now = [], 0
    for number, length in enumerate(lengths):
        lines.append(f"@{now // 60}:{now % 60:02d} {('ab', 'bc', 'ca')[number % 3]}")
        now += length
    return lines, f"{now // 60}:{now % 60:02d}"


@pytest.fixture(scope="module")
def workspace(author):
    """His workspace: a session whose turns shrink, with codes and events, and one whose turns grow."""
    author.run("tk", "--lang", "en", "init", "--plain", "klinik")
    tk = ("tk", "-w", "klinik")
    author.run(*tk, "plugins", "disable", "drift")
    author.run(*tk, "plugins", "enable", "drift")
    author.run(*tk, "codebook", "add", "drift")

    def typed(session: str, lines: list[str], end: str) -> None:
        author.run(*tk, "session", "open", session, "--seats", "T,A,B,C", "--clock", "given")
        (author.path.parent / "lines.txt").write_text("\n".join(lines) + "\n")
        author.run("sh", "-c", f"tk -w klinik record {session} --json < lines.txt")
        author.run(*tk, "session", "close", session, "--at", end)

    lines, end = _turns(*[60] * 12, *[10] * 12)
    lines += ["@13:50 !qq", "@13:52 !qq", "@13:55 !qh"]
    lines += ["@13:56 drift.noticed seat=C direction=shorter"]
    typed(SHORTER, lines, end)
    typed(LONGER, *_turns(*[10] * 6, *[15] * 6))
    return author.path.parent / "klinik"


@pytest.fixture
def uninstalled(author, workspace):
    """The same workspace where the plugin is gone; it comes back afterwards."""
    author.run("pip", "uninstall", "-q", "-y", "tkcore-drift")
    yield workspace
    author.run("pip", "install", "-q", ".", cwd=author.path.parent / "tkcore-drift")


def _values(author, workspace, session: str) -> dict:
    """Return the outcomes and values of all analyses over a session, by name."""
    done = author.run("tk", "-w", workspace, "analyze", session, "--json")
    return {
        one["analysis"]: (one["outcome"], one.get("value")) for one in json.loads(done.stdout)["outcomes"]
    }


def test_it_sees_the_wheel_alone(author):
    """Tkcore and the example are what is installed, not this source tree."""
    said = author.run("python", "-c", "import tkcore, tkcore_drift as d; print(tkcore.__file__, d.__file__)")
    assert all(place.startswith(str(author.path)) for place in said.stdout.split())


def test_its_own_tests_pass(author):
    """`pytest` in its directory passes, and has tested something."""
    said = author.run("pytest", "-q", cwd=author.path.parent / "tkcore-drift").stdout
    assert " passed" in said


def test_it_is_enabled(author, workspace):
    """It is listed as enabled and whole, `doctor` finds no fault and `check` holds it to the laws."""
    rows = json.loads(author.run("tk", "-w", workspace, "plugins", "list", "--json").stdout)
    assert [(row["plugin"], row["state"]) for row in rows] == [("drift", "enabled")]
    author.run("tk", "-w", workspace, "plugins", "doctor")
    author.run("tk", "-w", workspace, "plugins", "check", "drift")


def test_analyze(author, workspace):
    """Of 24 turns the first 8 last 60 s each, to 8:00, and the last 8 10 s each, from 12:40 to 14:00."""
    assert _values(author, workspace, SHORTER) == {
        "drift.length": (
            "done",
            {
                "measured": 24,
                "unmeasured": 0,
                "first": {"since_ms": 0, "until_ms": 480_000, "turns": 8, "median_ms": 60_000},
                "last": {"since_ms": 760_000, "until_ms": 840_000, "turns": 8, "median_ms": 10_000},
                "change_ms": -50_000,
                "direction": "shorter",
            },
        ),
        "drift.notices": (
            "done",
            [{"direction": "shorter", "times": 1, "since_ms": 836_000, "until_ms": 836_000}],
        ),
        "drift.pace": (
            "done",
            [{"code": "drift.pace.holds", "times": 1}, {"code": "drift.pace.quickens", "times": 2}],
        ),
    }


def test_looked_for_and_not_found(author, workspace):
    """Where the family was captured and nothing was typed there are no rows, and that is done."""
    found = _values(author, workspace, LONGER)
    assert found["drift.notices"] == found["drift.pace"] == ("done", [])


def test_query(author, workspace):
    """Its event is a view."""
    said = author.run(
        "tk", "-w", workspace, "query", "select session, ts, seat, direction from drift_noticed", "--json"
    )
    assert json.loads(said.stdout) == [
        {"session": SHORTER, "ts": 836_000, "seat": "C", "direction": "shorter"}
    ]


def test_report(author, workspace):
    """The section is in the report, in the language that is asked for."""
    english = author.run("tk", "-w", workspace, "--lang", "en", "report", SHORTER).stdout
    assert "Length of turns" in english
    assert "60000" in english
    indonesian = author.run("tk", "-w", workspace, "--lang", "id", "report", SHORTER).stdout
    assert "Panjang giliran bicara" in indonesian


def test_live(author, workspace):
    """The alert comes at 12:50, when it was said at two ticks; where turns grow nothing is said."""

    def shown(session: str) -> list[dict]:
        said = author.run("tk", "-w", workspace, "live", session, "--once", "--json").stdout
        return [row for row in map(json.loads, said.splitlines()) if row["line"] == "shown"]

    (alert,) = shown(SHORTER)
    # at 12:50 the 17th turn is open: of 16 the first five last 60 s, and of the last five four last 10 s
    assert (alert["alert"], alert["ts"]) == ("drift.shrinks", 770_000)
    assert alert["numbers"] == {"first": 60_000, "last": 10_000, "turns": 16}
    assert shown(LONGER) == []


def test_command(author, workspace):
    """`tk drift list` says each session's drift."""
    said = author.run("tk", "-w", workspace, "--lang", "en", "drift", "list").stdout
    assert said.splitlines() == [
        f"{SHORTER}  60000 -> 10000 ms  shorter",
        f"{LONGER}  10000 -> 15000 ms  longer",
    ]


def test_what_was_recorded_outlives_it(author, uninstalled):
    """Without the plugin every log is whole, and its records answer from `record`."""
    author.run("tk", "-w", uninstalled, "verify")
    said = author.run(
        "tk", "-w", uninstalled, "query", "select t, body from record where t = 'drift.noticed'", "--json"
    )
    (row,) = json.loads(said.stdout)
    assert (row["t"], json.loads(row["body"])) == ("drift.noticed", {"seat": "C", "direction": "shorter"})
    codes = author.run("tk", "-w", uninstalled, "query", "select count(*) as n from mark", "--json")
    assert json.loads(codes.stdout) == [{"n": 3}]
