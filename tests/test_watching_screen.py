"""`tk live` on a terminal: a screen that is taken, drawn on where something changed, and given back on every way out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time as clock

import pytest

from tkcore.cli.screen import ENTER, LEAVE, Screen

ITS_OWN = (
    "import fcntl,os,sys,termios; fcntl.ioctl(0,termios.TIOCSCTTY,0); os.execv(sys.argv[1],sys.argv[1:])"
)
"""Begin a program with the terminal as its own, so that Ctrl-C is heard."""
FAULT = """
import tkcore.cli.watch as watch
from tkcore.cli import main
def table(*_): raise ZeroDivisionError("sic")
watch.table = table
main(["live", "g/s"])
"""
PATIENCE = 60
"""Seconds after which a test has failed: nothing is asserted of how long anything takes."""


class Terminal:
    """A program on a terminal of its own, and all it has written."""

    def __init__(self, place, *words, width=80, height=24, **env) -> None:
        self.leader, self.follower = pty.openpty()
        self.size(width, height)
        self.before = termios.tcgetattr(self.follower)
        self.written = ""
        self.child = subprocess.Popen(
            [sys.executable, "-c", ITS_OWN, sys.executable, *words],
            stdin=self.follower, stdout=self.follower, stderr=self.follower, start_new_session=True,
            env={**os.environ, "TK_WORKSPACE": str(place.root), "TERM": "xterm-256color", **env},
        )  # fmt: skip

    def size(self, width, height) -> None:
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read(self) -> bool:
        if not select.select([self.leader], [], [], 0.1)[0]:
            return False
        self.written += os.read(self.leader, 1 << 16).decode(errors="replace")
        return True

    def until(self, pattern, since=0) -> int:
        """Read until something is written, and return where it ends."""
        end = clock.monotonic() + PATIENCE
        while not (found := re.compile(pattern).search(self.written, since)):
            assert clock.monotonic() < end, f"{pattern!r} never came: {self.written[since:]!r}"
            assert self.read() or self.child.poll() is None or self.read(), self.written[since:]
        return found.end()

    def press(self, keys: bytes) -> None:
        os.write(self.leader, keys)

    def over(self) -> int:
        code = self.child.wait(PATIENCE)
        while self.read():
            pass
        return code

    def given_back(self) -> bool:
        """Whether the terminal is as it was: its modes, the first screen, the cursor."""
        modes = termios.tcgetattr(self.follower) == self.before
        return modes and self.written.count(ENTER) == self.written.count(LEAVE) > 0

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.leader)
        os.close(self.follower)


TK = ("-m", "tkcore", "--lang", "en", "live", "g/s")


@pytest.fixture
def terminal(tk_workspace):
    """Begin a program beside the session `terminal.sitting`."""
    begun = []

    def begin(*words, **more):
        begun.append(Terminal(tk_workspace, *(words or TK), **more))
        return begun[-1]

    begin.sitting = tk_workspace.open("g/s").say("@0:00 ab", "@0:30 ba")
    yield begin
    for one in begun:
        one.close()


WAYS = {
    "q": (lambda t: t.press(b"q"), 0),
    "Ctrl-C": (lambda t: t.press(b"\x03"), 130),
    "SIGTERM": (lambda t: t.child.send_signal(signal.SIGTERM), 143),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_gives_the_terminal_back(terminal, way):
    """However one leaves: the first screen, the cursor, the echo; nothing is written behind it."""
    leaves, code = WAYS[way]
    t = terminal()
    t.until("alerts +none")
    leaves(t)
    assert t.over() == code
    assert t.given_back()
    assert t.written.rstrip().endswith(LEAVE)


def test_a_fault_gives_it_back_too(terminal):
    """What is said of it stands on the first screen."""
    t = terminal("-c", FAULT)
    assert t.over() == 70
    assert t.given_back()
    assert "ZeroDivisionError: sic" in t.written.split(LEAVE)[1]


def test_ctrl_z_gives_it_back_for_a_while(terminal):
    """Stopped, it is on the first screen; going on, it draws everything again."""
    t = terminal()
    at = t.until("alerts +none")
    t.press(b"\x1a")
    at = t.until(re.escape(LEAVE), at)
    os.waitid(os.P_PID, t.child.pid, os.WSTOPPED | os.WNOWAIT)
    assert termios.tcgetattr(t.follower)[3] == t.before[3]
    t.child.send_signal(signal.SIGCONT)
    t.until("alerts +none", t.until(re.escape(ENTER), at))
    t.press(b"q")
    assert t.over() == 0
    assert t.given_back()


def test_it_follows_the_log_and_the_size(terminal):
    """A turn that is typed is written at its place alone; another size is drawn whole."""
    t = terminal()
    at = t.until("alerts +none")
    assert re.search(r"\x1b\[\d+;1H A +1 ", t.written)
    terminal.sitting.say("@0:40 ab")
    end = t.until(r" A +2 ", at)
    assert "\x1b[2J" not in t.written[at:end]
    t.size(60, 40)
    at = t.until(r"\x1b\[40;1H q leaves", end)
    assert "\x1b[2J" in t.written[end:at]
    t.press(b"q")
    assert t.over() == 0


def test_a_closed_session_says_so_and_stays(terminal):
    """The last table has it in the title; q leaves."""
    t = terminal()
    at = t.until("alerts +none")
    terminal.sitting.close("1:00")
    at = t.until("1:00 · closed", at)
    t.press(b"\x1b[A")  # an arrow is no key of ours
    t.press(b"q")
    assert t.over() == 0


@pytest.mark.parametrize(
    ("words", "env"), [((*TK, "--lines"), {}), (TK, {"TERM": "dumb"}), ((*TK, "--once"), {})]
)
def test_lines_where_they_are_wanted(terminal, words, env):
    """--lines, --once and a terminal without a screen print as a pipe gets it."""
    terminal.sitting.close("1:00")
    t = terminal(*words, **env)
    assert t.over() == 0
    assert "\x1b" not in t.written
    assert "no enabled plugin has an alert" in t.written


def test_no_colour_is_ever_written(terminal):
    """Bold is all there is: NO_COLOR has nothing to take away."""
    t = terminal(NO_COLOR="1")
    t.until("alerts +none")
    t.press(b"q")
    assert t.over() == 0
    assert set(re.findall(r"\x1b\[([0-9;]*)m", t.written)) == {"1", "0"}


# -- drawing -----------------------------------------------------------------------------------------------------


@pytest.fixture
def screen(monkeypatch):
    """A screen whose writing is kept in `screen.out`."""
    made = Screen()
    made.out = []
    monkeypatch.setattr(made, "_write", made.out.append)
    return made


def test_only_what_changed_is_written(screen):
    """The same lines again write nothing, one other line writes that line over what was there."""
    screen.draw(["title", "one", "two"], 10)
    screen.draw(["title", "one", "two"], 10)
    screen.draw(["title", "one", "2"], 10)
    assert len(screen.out) == 2
    assert screen.out[1] == "\x1b[3;1H2         "


def test_another_size_is_drawn_whole(screen):
    """What the old one left behind is wiped first."""
    screen.draw(["title", "one"], 10)
    screen.draw(["title", "one"], 9)
    assert screen.out[1].startswith("\x1b[2J\x1b[1;1H")
    assert screen.out[1].count(";1H") == 2


def test_a_terminal_without_the_signs_gets_simple_ones(screen):
    """A bar of # where there is no block; nothing breaks."""
    screen._simple = True
    screen.draw(["a ██·· – …", "●○"], 10)
    assert "##.. - ~" in screen.out[0]
    assert "*o" in screen.out[0]
