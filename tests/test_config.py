"""`tk.toml`: what is stored is what is read, and two who change it at once lose nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tkcore import configuring
from tkcore.cli import run
from tkcore.config import Config, dump, load
from tkcore.disk import Disk, Locked
from tkcore.errors import BadInput
from tkcore.plugins import find
from tkcore.root import FILE

CODEBOOK = (Path(__file__).resolve().parent / "gaze.toml").read_text()
ONE = find()[0].name


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(language="id", codebooks=("a", "b"), retired=("c", "d"), plugins={"x": "1", "y-z": "2"}),
    ],
)
def test_settings_come_back(tmp_path, config):
    """Whatever is stored is read again; nobody sees a list of removed codebooks who has none."""
    file = tmp_path / FILE
    file.write_bytes(dump(config))
    assert load(file) == config
    assert ("retired" in file.read_text()) is bool(config.retired)


def with_plugin(name: str):
    return lambda config: replace(config, plugins={**config.plugins, name: "0"})


def test_a_change_is_one_step(desk):
    """Between reading and storing nobody else changes anything: the lock is held, and free afterwards."""

    def meanwhile(config):
        with pytest.raises(Locked, match="is being written by process"):
            desk.disk.lock(desk.workspace.root / configuring.LOCK, "another")
        return with_plugin("a")(config)

    configuring.change(desk, meanwhile)
    configuring.change(desk, with_plugin("b"))
    assert desk.workspace.config().plugins == {"a": "0", "b": "0"}


def test_a_change_that_fails_leaves_what_was(desk):
    """What is raised on the way changes nothing and gives the lock free."""
    before = (desk.workspace.root / FILE).read_bytes()

    def refuse(config):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        configuring.change(desk, refuse)
    assert (desk.workspace.root / FILE).read_bytes() == before
    configuring.change(desk, with_plugin("a"))


@pytest.fixture
def commands(desk, tmp_path, monkeypatch):
    """A workspace in which a plugin can be disabled, and a codebook's file."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    file = tmp_path / "gaze.toml"
    file.write_text(CODEBOOK)
    configuring.change(desk, with_plugin("gone"))
    return {
        "enable": (["plugins", "enable", ONE], lambda c: ONE in c.plugins),
        "disable": (["plugins", "disable", "gone"], lambda c: "gone" not in c.plugins),
        "add": (["codebook", "add", str(file)], lambda c: "gaze" in c.codebooks),
    }


@pytest.mark.parametrize("which", ["enable", "disable", "add"])
def test_a_command_reads_what_was_stored_while_it_waited(which, commands, desk, monkeypatch):
    """What another has changed until the command gets the lock stays, and so does what the command does."""
    argv, done = commands[which]
    lock = Disk.lock

    def late(self, path, holder, *, wait=0.0):
        if path == desk.workspace.root / configuring.LOCK:
            changed = with_plugin("other")(desk.workspace.config())
            desk.disk.store(desk.workspace.root / FILE, dump(changed))
        return lock(self, path, holder, wait=wait)

    monkeypatch.setattr(Disk, "lock", late)
    assert run(argv) == 0
    config = desk.workspace.config()
    assert "other" in config.plugins
    assert done(config)


@pytest.mark.parametrize("which", ["enable", "disable", "add"])
def test_a_command_that_gets_no_lock_changes_nothing(which, commands, desk, monkeypatch, capsys):
    """It names who holds the lock and ends with 4; neither tk.toml nor the workspace's log has anything of it."""
    monkeypatch.setattr(configuring, "PATIENCE", 0.0)
    before = (desk.workspace.root / FILE).read_bytes()
    held = desk.disk.lock(desk.workspace.root / configuring.LOCK, "somebody else")
    try:
        assert run(commands[which][0]) == 4
    finally:
        held.close()
    assert "is being written by somebody else" in capsys.readouterr().err
    assert (desk.workspace.root / FILE).read_bytes() == before
    assert not desk.workspace.log.exists()


ADDS = """
import os, sys
from pathlib import Path
from msgspec.structs import replace
from tkcore.config import Workspace
from tkcore.configuring import change
from tkcore.disk import Disk
from tkcore.opening import Desk
from tkcore.recorder import Clocks

desk = Desk(Workspace(Path(sys.argv[1])), Disk(), Clocks(), os.urandom)
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    change(desk, lambda c: replace(c, plugins={**c.plugins, f"{sys.argv[2]}{number}": "0"}))
"""


def test_two_processes_lose_nothing(desk):
    """Ten changes each, side by side: all twenty are there."""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", ADDS, str(desk.workspace.root), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in "pq"
    ]  # fmt: skip
    assert [one.stdout.readline() for one in both] == ["ready\n"] * 2
    for one in both:
        one.stdin.write("go\n")
        one.stdin.flush()
    assert [(one.communicate(timeout=60), one.returncode) for one in both] == [(("", None), 0)] * 2
    assert desk.workspace.config().plugins == {f"{name}{n}": "0" for name in "pq" for n in range(10)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = " + "9" * 5000, "4300 digits"),
        ("x = " + "[" * 5000, "recursion"),
        ('codebooks = ["../gaze"]', "'../gaze' cannot be a codebook's name"),
        ('codebooks = ["gaze"]\nretired = ["gaze"]', "the codebook gaze stands twice"),
    ],
)
def test_what_nobody_can_use_is_refused_by_its_file(tmp_path, text, says):
    """Whatever stands in it: the message names the file and the fault, and no error of Python's comes out."""
    (tmp_path / FILE).write_text(text)
    with pytest.raises(BadInput) as refused:
        load(tmp_path / FILE)
    assert str(refused.value).startswith(f"{tmp_path / FILE}: ")
    assert says in str(refused.value)


def test_what_can_be_read_can_be_changed(tmp_path):
    """Quotation marks, line breaks and odd keys come back as they were: a change leaves a file that can be read."""
    odd = Config(language='a"b', vault="c\nd\x7f\\", plugins={'a "b': "x\n[y]", "gaze": "00"})
    (tmp_path / FILE).write_bytes(dump(odd))
    assert load(tmp_path / FILE) == odd
