"""Hostile plugins beside a session that is recorded and followed: named, begun again, given up, and nobody else hurt."""

from __future__ import annotations

import time

import pytest

from tkcore.following import Tail
from tkcore.lines import FailedLine, RaisedLine, WorkerLine
from tkcore.live import Around, Live, Pace
from tkcore.log import scan
from tkcore.plugins import find, fingerprint, runnable
from tkcore.workers import Crew, Limits

CODE = '''
import os
from msgspec import Struct
from tkcore import Alert, Said, analysis, hookimpl

while os.path.exists("HANGS"):
    pass

class Count(Struct, frozen=True):
    turns: int

def many(result):
    ALERT
    if result.turns % 20 > 8:
        yield Alert(alert="NAME.many", numbers={"turns": result.turns})

@analysis("NAME.count", version=1, reads=("turn",), alert=many, says={"NAME.many": Said(id="{turns}", en="{turns}")})
def count(session) -> Count:
    """Count the turns."""
    n = len(session.turns)
    if n > 12:
        DOES
    return Count(n)

@hookimpl
def register_analyses():
    return [count]
'''
LINES = [f"@{n // 60}:{n % 60:02d} {'ab' if n % 2 else 'ba'}" for n in range(0, 230, 5)]
ANIMALS = {
    "hanging": ("while True: pass", "took longer than 5 s"),
    "leaving": ("os._exit(7)", "exit 7"),
    "hungry": ("kept = [bytes(1 << 26) for _ in range(99)]", "needed more than"),
    "pressing": ("raise KeyboardInterrupt('nobody')", "KeyboardInterrupt: nobody"),
}
"""What it does from the thirteenth turn on, and what is said of it."""


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """Lay plugins where they are found, and return what may run."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def lay(**plugins: tuple[str, str]):
        for name, (does, alert) in plugins.items():
            hangs = str(tmp_path / f"{name}.hangs")
            code = (
                CODE.replace("HANGS", hangs)
                .replace("NAME", name)
                .replace("DOES", does)
                .replace("ALERT", alert)
            )
            (site / f"tk_{name}.py").write_text(code)
            info = site / f"tk_{name}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tk-{name}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[tkcore.v1]\n{name} = tk_{name}\n")
            (info / "RECORD").write_text(f"tk_{name}.py,,\n")
        found = [one for one in find() if one.name in plugins]
        return runnable(found, {one.name: fingerprint(one) for one in found})

    return lay


def followed(s, ready, deaths: int):
    """Type a session while it is followed; return what was said, and whether a plugin failed."""
    clock, steps = [0.0], iter([*LINES, None])

    def wait(seconds: float) -> None:
        clock[0] += seconds
        line = next(steps, "")
        if line:
            s.say(line)
        elif line is None:
            s.recorder.close_session()

    where = Tail(s.desk.workspace.session(s.name), s.name, s.desk.disk)
    with Crew(ready, Limits(memory=1 << 30)) as crew:
        live = Live(
            crew, str(s.desk.workspace.root), where, pace=Pace(deaths=deaths), around=Around(lambda: clock[0], wait)
        )  # fmt: skip
        return list(live.run()), live.failed


def by(lines, name):
    """Return the lines of one plugin."""
    return [line for line in lines if getattr(line, "alert", getattr(line, "plugin", "")).startswith(name)]


def whole(s) -> bool:
    """Whether the log is sound and has every line that was typed."""
    found = scan(s.desk.workspace.session(s.name), s.desk.disk, s.name)
    return found.damage is None and sum(x.observer == "obs1" for x in s.recorder.ledger) == len(LINES) + 2


@pytest.mark.parametrize(
    "animal",
    # its time has to run out, each time it is begun again
    [pytest.param(one, marks=pytest.mark.slow) if one == "hanging" else one for one in ANIMALS],
)
def test_a_hostile_plugin_is_left_out(animal, zoo, typed):
    """It is named, begun again, given up; the other plugin's lines are as without it, and the recording is whole."""
    does, says = ANIMALS[animal]
    ready = zoo(calm=("pass", ""), **{animal: (does, "")})
    with_it = typed()
    lines, failed = followed(with_it, ready, deaths=2)
    alone = typed("g/t")
    before, sound = followed(alone, [one for one in ready if one.name == "calm"], deaths=2)
    own = [w for w in lines if isinstance(w, WorkerLine) and w.plugin == animal]
    assert [w.state for w in own] == ["started", "failed", "stopped"]
    assert all(says in w.error for w in own[1:])
    assert own[1].retry_ms == 1000
    calm = by(lines, "calm")
    assert calm == before
    assert len([line for line in calm if isinstance(line, RaisedLine)]) > 1
    assert (failed, sound) == (True, False)
    assert whole(with_it)


def test_one_that_hangs_while_it_is_begun_again_holds_up_nobody(zoo, typed, tmp_path):
    """It is given up for what it is, and whatever the other one raises meanwhile has come out before."""
    s = typed()
    ready = zoo(calm=("pass", ""), stuck=("os._exit(7)", ""))
    alone, _ = followed(s, [one for one in ready if one.name == "calm"], deaths=2)
    later = [0.0]
    where = Tail(s.desk.workspace.session(s.name), s.name, s.desk.disk)
    with Crew(ready, Limits(memory=1 << 30), now=lambda: time.monotonic() + later[0]) as crew:
        (tmp_path / "stuck.hangs").touch()
        lines = []
        for line in Live(crew, str(s.desk.workspace.root), where, pace=Pace(deaths=2, first=0.0)).run():
            lines.append(line)
            if len(by(lines, "calm")) == len(alone):
                later[0] = 1000.0  # only now is anybody's patience over
    own = [at for at, line in enumerate(lines) if isinstance(line, WorkerLine) and line.plugin == "stuck"]
    assert [(lines[at].state, lines[at].error) for at in own[1:]] == [
        ("failed", "the plugin's process ended: exit 7"), ("stopped", "loading it took longer than 20 s"),
    ]  # fmt: skip
    assert own[-1] == len(lines) - 1
    assert by(lines, "calm") == alone
    assert len(by(lines[own[1] : own[2]], "calm")) > 1


def test_an_alert_that_fails_ends_no_process(zoo, typed):
    """What an alert raises is one line about its analysis; the process goes on."""
    lines, failed = followed(typed(), zoo(loud=("pass", "raise ValueError('no')")), deaths=2)
    assert [type(line) for line in lines] == [WorkerLine, FailedLine]
    assert (lines[1].analysis, lines[1].error) == ("loud.count", "its alert: ValueError: no")
    assert failed


def test_a_broken_plugin_is_named_at_the_start(zoo, typed):
    """What cannot be loaded is stopped from the beginning, and the others are followed."""
    ready = zoo(calm=("pass", ""), bad=("pass\nraise RuntimeError('no')", ""))
    lines, failed = followed(typed(), ready, deaths=2)
    assert [(w.plugin, w.state) for w in lines if isinstance(w, WorkerLine)] == [
        ("bad", "stopped"), ("calm", "started"),
    ]  # fmt: skip
    assert failed
