"""A new plugin as a folder: a complete package with an analysis of each form, whose own tests pass."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from string import Template

from tkcore.contributions import CORE
from tkcore.errors import BadInput, NotAllowed

FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "src/{module}/__init__.py": "init.py.txt",
    "src/{module}/analyses.py": "analyses.py.txt",
    "src/{module}/py.typed": None,
    "tests/test_conformance.py": "test_conformance.py.txt",
    "tests/test_{short}.py": "test_plugin.py.txt",
}
"""What is written, and the template it is made of; None is an empty file."""
NAME = re.compile(r"[a-z][a-z0-9]+(-[a-z0-9]+)*")
"""What the loader takes for a plugin's name."""
LONGEST = 20
"""Longer names would break the lines of the templates."""


def module_of(name: str) -> str:
    """Return the package of a plugin: `tkcore_gaze_shift` of `gaze-shift`."""
    return "tkcore_" + name.replace("-", "_")


def check_name(name: str, taken: Iterable[str]) -> None:
    """Raise BadInput for a name no plugin can have, or that is taken."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise BadInput(
            "{name} cannot be a plugin's name: small letters and digits, a letter first, parts joined with -, at most {longest} signs, such as gaze or turn-length",
            name=name,
            longest=LONGEST,
        )
    if name in CORE or keyword.iskeyword(name) or name in set(taken):
        raise BadInput(
            "{name} is taken by tkcore or by a plugin that is installed: choose another name", name=name
        )


def files_of(name: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a new plugin: path in its folder, and text."""
    module = module_of(name)
    short = module.removeprefix("tkcore_")
    home = resources.files("tkcore") / "templates" / "plugin"
    for path, template in FILES.items():
        text = "" if template is None else (home / template).read_text(encoding="utf-8")
        yield (
            path.format(module=module, short=short),
            Template(text).substitute(name=name, module=module, short=short),
        )


def write(name: str, into: Path, taken: Iterable[str] = ()) -> Path:
    """Write a new plugin into a folder of its own and return it. Raises BadInput, NotAllowed where it exists."""
    check_name(name, taken)
    folder = into / f"tkcore-{name}"
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise NotAllowed(
            "{folder} exists: choose another name, or another folder with --into", folder=folder
        ) from None
    except OSError as error:
        raise BadInput(
            "{folder} cannot be made: {error}", folder=folder, error=error.strerror or error
        ) from None
    for path, text in files_of(name):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    return folder
