"""Where a workspace lies, and the language written there: known before anything heavier is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

FILE = "tk.toml"
_LANGUAGE = re.compile(r"^\s*language\s*=\s*[\"'](\w+)[\"']", re.MULTILINE)


def root_of(option: str | None, environ: Mapping[str, str], here: Path) -> Path | None:
    """Return the folder named by the option or TK_WORKSPACE, workspace or not; else the nearest upward that is one."""
    given = option or environ.get("TK_WORKSPACE")
    if given:
        return Path(given).expanduser()
    return next((folder for folder in (here, *here.parents) if (folder / FILE).is_file()), None)


def language_at(root: Path | None) -> str | None:
    """Return the language a workspace has chosen."""
    try:
        text = (root / FILE).read_text("utf-8") if root else ""
    except (OSError, UnicodeDecodeError):
        return None
    found = _LANGUAGE.search(text)
    return found[1] if found else None
