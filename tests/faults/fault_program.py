"""The real program: `python -m tkcore record g/s --json` in a workspace, and what became of its log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tkcore.codebook import handbook, parse
from tkcore.config import Config, Workspace, dump
from tkcore.disk import Disk
from tkcore.log import Scan, hash_of, scan, walk
from tkcore.opening import Desk, Opening, open_session, seatings
from tkcore.recorder import Clocks

BOOKS = [parse(handbook(), "handbook.toml")]


class Place:
    """A workspace with one open live session, g/s."""

    def __init__(self, root: Path, clock: str = "live") -> None:
        self.root = root
        workspace = Workspace(root)
        for folder in (workspace.groups, workspace.vault, workspace.codebooks):
            folder.mkdir(parents=True)
        (workspace.codebooks / "handbook.toml").write_bytes(handbook())
        (root / "tk.toml").write_bytes(dump(Config(language="en")))
        self.desk = Desk(workspace, Disk(), Clocks(), os.urandom)
        open_session(self.desk, "g/s", Opening(seats=seatings(list("TABCDE")), clock=clock), BOOKS)
        self.folder = workspace.session("g/s")
        self.sent = 0

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tkcore", "-w", str(self.root), *(words or ("record", "g/s", "--json"))]

    def lines(self, n: int) -> bytes:
        """The next n lines, each with an id of its own."""
        made = []
        for _ in range(n):
            self.sent += 1
            made.append(
                json.dumps({"id": f"{self.sent:030x}", "line": ("ab", "b>c,d !uu", "ca")[self.sent % 3]})
            )
        return ("\n".join(made) + "\n").encode()

    def run(self, n: int, *before: str, **given) -> tuple[list[dict], subprocess.CompletedProcess]:
        """Record n lines; return the answers that acknowledge something, and how the program ended."""
        done = subprocess.run(
            [*before, *self.command()],
            input=self.lines(n),
            capture_output=True,
            timeout=60,
            check=False,
            **given,
        )
        return acks(done.stdout), done

    def stored(self) -> dict[str, tuple[int, str]]:
        """The entries in the log, each with its last record's number and hash; the log must be whole."""
        found = Scan(log="g/s")
        entries = {}
        for line in walk(self.folder, Disk(), found):
            entries[json.loads(line.data)["id"][:30]] = (line.seq, hash_of(line.data))
        self.damage = found.damage
        return entries

    def holds(self, acked: list[dict]) -> None:
        """Assert that all that was acknowledged is in the log, and that the next recorder goes on with it."""
        entries = self.stored()
        assert self.damage is None or self.damage.kind in ("torn", "missing_newline"), self.damage
        lost = [a["id"] for a in acked if entries.get(a["id"]) != (a["seq"] + a["count"] - 1, a["h"])]
        assert lost == []

    def goes_on(self, acked: list[dict]) -> None:
        answers, done = self.run(1)
        assert len(answers) == 1, (done.stdout, done.stderr)
        self.holds([*acked, *answers])
        assert scan(self.folder, Disk(), "g/s").damage is None


def acks(out: bytes) -> list[dict]:
    """The whole lines of the program's answers that acknowledge something."""
    whole = out[: out.rfind(b"\n") + 1]
    return [one for one in map(json.loads, whole.splitlines()) if "error" not in one]


def refusals(out: bytes) -> list[str]:
    return [one["error"]["reason"] for one in map(json.loads, out.splitlines()) if "error" in one]
