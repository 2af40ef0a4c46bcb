"""The project's own rules."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path

from tkcore.cli import COMMANDS
from tkcore.schemas import main

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")])


def test_schemas_are_what_the_types_say():
    """`make schemas` would change nothing."""
    assert main(["--check", str(ROOT / "schemas")]) == 0


def test_every_text_is_translated():
    """`make messages` finds nothing to do, and every text has its Indonesian with the same values."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tests/messages.py")
    messages = importlib.util.module_from_spec(spec)
    sys.modules["messages"] = messages
    spec.loader.exec_module(messages)
    assert messages.faults() == []


def test_modules_are_small_and_say_what_they_are():
    """Every module has a docstring and at most 460 lines."""
    for path in SOURCES:
        text = path.read_text()
        assert ast.get_docstring(ast.parse(text)), path
        assert len(text.splitlines()) <= 460, path


def test_only_the_disk_syncs_and_locks():
    """Nothing but disk.py imports fcntl or calls fsync."""
    for path in SOURCES:
        if path.name != "disk.py":
            assert not re.search(r"\bfsync\(|\bfdatasync\(|import fcntl", path.read_text()), path


def test_the_readme_names_commands_that_exist():
    """Every `tk …` in the README is a command of the program."""
    used = set(re.findall(r"\btk (\w+)", (ROOT / "README.md").read_text()))
    assert used <= set(COMMANDS)
    assert {"init", "session", "record", "query", "analyze", "verify"} <= used
