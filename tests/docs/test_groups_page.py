"""What docs/groups.md shows is what happens."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pages import DOCS, Block, blocks, run


def test_the_commands_print_what_the_page_says(tmp_path):
    """Each command, one after the other, in a workspace made for it."""
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }
    first = Block(
        "",
        0,
        "console",
        "",
        "$ tk --lang en init --plain --language en klinik\n$ export TK_WORKSPACE=klinik\n",
    )
    wrong = run([first, *blocks(DOCS / "groups.md")], tmp_path, env)
    assert not wrong, "\n\n".join(wrong)
