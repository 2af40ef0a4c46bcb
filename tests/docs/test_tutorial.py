"""docs/tutorial.md does what it says, from a clean virtual environment and the built wheel."""

from __future__ import annotations

import pytest
from pages import DOCS, blocks, changed, commands, run

PAGE = DOCS / "tutorial.md"


@pytest.mark.slow
def test_tutorial(clean_venv, tmp_path):
    """Every block of the tutorial, one after the other, prints what stands below it."""
    outside = clean_venv()
    env = {**outside.env, "COLUMNS": "100", "HOME": str(tmp_path)}
    wrong = run(blocks(PAGE), tmp_path, env)
    assert not wrong, "\n\n".join(wrong)


def test_every_block_is_run():
    """No block of the tutorial is only to be looked at."""
    for block in blocks(PAGE):
        assert block.language == "console" or block.file, f"line {block.line}: nobody runs this"
        if block.language == "console":
            assert commands(block), f"line {block.line}: no command"


def test_changed():
    """A hunk is applied where its lines stand, and refused where they do not."""
    assert changed("a\nb\nc\n", " a\n-b\n+x\n@@\n-c\n+y\n") == "a\nx\ny\n"
    with pytest.raises(ValueError, match="0 times"):
        changed("a\n", "-b\n+c\n")
