"""The README does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
ENV = {
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "HOME": os.environ.get("HOME", "/"),
    "LC_ALL": "C.UTF-8",
}


def blocks() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)


def test_five_minutes(tmp_path):
    """Every command of the five minutes runs, one after the other, in a new folder."""
    script = "set -e\n" + "\n".join(blocks())
    done = subprocess.run(["bash", "-c", script], check=False, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=ENV, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(blocks()) >= 2
    assert "whole and unaltered" in done.stdout


def test_every_line_of_the_table_is_a_line(typed):
    """What the README's table shows is what the recorder takes."""
    s = typed(seats="T,A,B,C", clock="live")
    s.say("ba", "ab", "ca")
    rows = re.findall(r"^\| (`.*`) \|", README.read_text(), re.MULTILINE)
    lines = [line.replace("\\|", "|") for row in rows for line in re.findall(r"`([^`]+)`", row)]
    assert len(lines) > 15
    for line in lines:
        text = line
        if line == "@-20 b!uu":
            text = "@-0 b!uu"
        elif line == "<":
            s.say("ab")
        elif line == "~17: ac":
            s.say("ab")
            text = f"~{s.recorder.head.seq}: ac"
        s.say(text)
