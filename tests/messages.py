"""Texts for translation: `python tests/messages.py --write` updates the catalogue, `--check` compares."""

from __future__ import annotations

import ast
import io
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tkcore.honesty.gates import fewer, more

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "src/tkcore/locale/id/LC_MESSAGES/tkcore.po"
GATES = {"gate", "cap"}
MARKS = {"N_", "_", "tell", "shell_line", "gettext", "Withheld", "_refused"}
ERRORS = set(re.findall(r"^class (\w+)\(", (ROOT / "src/tkcore/errors.py").read_text(), re.MULTILINE)) | {
    "Locked"
}


def texts() -> dict[str, list[str]]:
    """Return every text that is said to a user, with the files that say it."""
    found: dict[str, list[str]] = {}
    for path in sorted([*ROOT.glob("src/tkcore/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")]):
        where = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            for text in said(node):
                if where not in found.setdefault(text, []):
                    found[text].append(where)
    return found


PARSER = (
    "Usage:", "Options", "Commands", "Show this message and exit.", "Show the version and exit.", "Error: {message}",
    "Try '{command} {option}' for help.", "No such command {name!r}.", "No such option {name!r}.", "Missing command.",
    "Missing argument", "Missing option", "Invalid value: {message}", "Invalid value for {param_hint}: {message}",
    "default: {default}", "Option {name!r} does not take a value.", "Aborted!", "required",
    "{value} is not in the range {range}.", "{value!r} is not a valid {number_type}.", "{name} {filename!r} does not exist.",
)  # fmt: skip
"""What the argument parser says by itself."""


def said(node: ast.AST) -> list[str]:
    if (
        isinstance(node, ast.FunctionDef)
        and any(command(d) for d in node.decorator_list)
        and ast.get_docstring(node)
    ):
        return [" ".join(part.split()) for part in str(ast.get_docstring(node)).split("\n\n")]
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in GATES:
        return gated(name, node)
    if name == "error" and len(node.args) == 4:
        return strings(node.args[3])
    if name not in MARKS | ERRORS or not node.args:
        return []
    return strings(node.args[1] if name == "shell_line" else node.args[0])


def gated(name: str, node: ast.Call) -> list[str]:
    """Return what a gate says; its numbers stand in the call, so that the whole sentence can be translated."""
    given = [a.value for a in node.args if isinstance(a, ast.Constant)]
    if name == "gate" and len(node.args) == 3 and isinstance(node.args[2], ast.Constant):
        return [fewer(given[0], given[-1])] if len(given) == 2 else []
    percent = [
        k.value.value for k in node.keywords if k.arg == "percent" and isinstance(k.value, ast.Constant)
    ]
    return [more(given[0], percent[0] if percent else 20)] if name == "cap" and given else []


def strings(node: ast.expr) -> list[str]:
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def command(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("command", "group")
    )


WORDS = (
    "open", "closed", "damaged", "enabled", "changed", "installed", "broken", "member", "therapist", "co_therapist",
    "visitor", "staff", "volunteer", "none", "talks_most", "dominant", "monopolising", "silent", "very_quiet",
    "not_enough", "never_addressed", "addressed_not_answering", "vertical", "triangular", "circular", "horizontal_c",
    "horizontal_d", "insufficient", "everyone", "members", "turns", "ms",
)  # fmt: skip
"""Words that come out of data."""


class Kept(Catalog):
    """A catalogue whose header is the same whichever version of Babel writes it."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        own = {"Plural-Forms": "nplurals=1; plural=0;"}  # Indonesian has none; older versions did not know
        return [
            (name, own.get(name, value)) for name, value in super().mime_headers if name != "Generated-By"
        ]


def catalogue() -> Catalog:
    old = read_po(io.BytesIO(PO.read_bytes()), locale="id") if PO.exists() else Catalog()
    known = {m.id: m.string for m in old if m.id}
    fixed = datetime(2026, 1, 1, tzinfo=UTC)
    new = Kept(locale="id", project="tkcore", version="0.1", creation_date=fixed, revision_date=fixed, fuzzy=False, last_translator="", language_team="", charset="utf-8")  # fmt: skip
    new.header_comment = "# What tkcore says, in Indonesian."
    for text, where in sorted(
        {**{w: ["click"] for w in PARSER}, **texts(), **{w: ["data"] for w in WORDS}}.items()
    ):
        new.add(text, known.get(text, ""), locations=[(w, None) for w in where])
    return new


def rendered() -> tuple[bytes, bytes]:
    made = catalogue()
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, made, width=118, omit_header=False, include_lineno=False)
    write_mo(mo, made)
    return po.getvalue(), mo.getvalue()


def faults() -> list[str]:
    """Return what is wrong with the catalogue, in sentences."""
    made = catalogue()
    wrong = [f"not translated: {m.id}" for m in made if m.id and not m.string]
    for m in made:
        if m.id and m.string and fields(m.id) != fields(m.string):
            wrong.append(f"other values than its source: {m.string}")
    po, mo = rendered()
    if not PO.exists() or PO.read_bytes() != po or PO.with_suffix(".mo").read_bytes() != mo:
        wrong.append("the catalogue is not up to date: make messages")
    return wrong


def fields(text: str) -> set[str]:
    return set(re.findall(r"(?<!\{)\{(\w+)", text))


def main(argv: list[str]) -> int:
    if argv == ["--write"]:
        po, mo = rendered()
        PO.write_bytes(po)
        PO.with_suffix(".mo").write_bytes(mo)
    wrong = faults()
    for fault in wrong:
        sys.stderr.write(fault + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
