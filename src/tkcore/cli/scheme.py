"""`tk codebook show`, `search` and `new`: what the codebooks of a workspace say, and a new one to write on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tkcore.cli import Shell
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.browsing import Explained
    from tkcore.cli.documents import FamilyLine
    from tkcore.scheme import Caution, Code, Codebook, Family, Setting

WIDTH = 80


@click.command()
@click.argument(
    "word", metavar="[NAME|FAMILY|CODE|KEY|settings|checklist|cautions|decisions]", required=False
)
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def show(shell: Shell, word: str | None, as_json: bool) -> None:
    """Show what the codebooks say: their families, the codes of a family, or all of one code.

    Settings, the items of checklists, cautions and decisions are listed by these words.
    """
    from tkcore import browsing
    from tkcore.reading import books
    from tkcore.scheme import Codebook, Family

    shelf = books(shell.desk().workspace)
    match word:
        case None:
            _families(shell, shelf, as_json)
        case "settings":
            _settings(shell, shelf, as_json)
        case "checklist":
            _codes(shell, browsing.items(shelf), as_json)
        case "cautions":
            _cautions(shell, shelf, as_json)
        case "decisions":
            _decisions(shell, shelf, as_json)
        case _:
            found = browsing.look_up(shelf, word)
            if isinstance(found, Codebook):
                _families(shell, [found], as_json)
            elif isinstance(found, Family):
                _family(shell, shelf, found, as_json)
            elif len(found) == 1:
                _code(shell, browsing.explained(shelf, found[0]), as_json)
            else:
                _codes(shell, found, as_json)


@click.command()
@click.argument("words", metavar="WORD...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_context
def search(ctx: click.Context, words: Sequence[str], as_json: bool) -> None:
    """Find codes and settings by words: in ids, labels of both languages, meanings, values, lines of the manual (L267)."""
    from tkcore import browsing
    from tkcore import codebook as cb
    from tkcore.cli.printing import document, table
    from tkcore.reading import books

    shell: Shell = ctx.obj
    shelf = books(shell.desk().workspace)
    hits = browsing.search(shelf, words)
    if as_json:
        document(hits)
    elif hits:
        table(
            [shell._("key"), shell._("id"), shell._("label")],
            [[hit.key, hit.id, shell.label(hit.label)] for hit in hits],
        )
    if not hits:
        near = dict.fromkeys(name for word in words for name in cb.near(shelf, word))
        shell.tell(
            "nothing has {words}. Near it are: {near}", words=" ".join(words), near=", ".join(near) or "–"
        )
        ctx.exit(1)


@click.command()
@click.argument("name")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.pass_obj
def new(shell: Shell, name: str, folder: Path) -> None:
    """Write a small codebook with comments, to be changed; it is valid as it is."""
    from tkcore.drafting import write
    from tkcore.reading import books

    workspace = shell.desk().workspace
    file = write(name, folder.expanduser(), books(workspace), workspace.config().retired)
    click.echo(file)
    shell.tell("change it, then: tk codebook check {file}, tk codebook add {file}", file=file)


# -- lists -----------------------------------------------------------------------------------------------------


def _families(shell: Shell, shelf: Iterable[Codebook], as_json: bool) -> None:
    from tkcore.browsing import codes_of
    from tkcore.cli.documents import FamilyLine
    from tkcore.cli.printing import document, table

    lines = [
        FamilyLine(
            codebook=book.name, family=family.id, key=family.key, label=family.label, author=family.author,
            codes=len(codes_of([book], family)),
        )
        for book in shelf
        for family in book.families
    ]  # fmt: skip
    if as_json:
        document(lines)
        return
    columns = [shell._("key"), shell._("family"), shell._("label"), shell._("codes"), shell._("codebook")]
    table(columns, [_family_cells(shell, line) for line in lines], right=[3])


def _family_cells(shell: Shell, line: FamilyLine) -> list[object]:
    return [line.key, line.family, shell.label(line.label), line.codes, line.codebook]


def _family(shell: Shell, shelf: Sequence[Codebook], family: Family, as_json: bool) -> None:
    from tkcore.browsing import codes_of

    codes = codes_of(shelf, family)
    if not as_json:
        click.echo(f"{family.key}  {family.id}: {shell.label(family.label)}")
    _codes(shell, codes, as_json)


def _codes(shell: Shell, codes: Iterable[Code], as_json: bool) -> None:
    from tkcore.cli.documents import CodeLine
    from tkcore.cli.printing import document, table

    lines = [
        CodeLine(codebook=c.book, code=c.id, key=c.key, family=c.family or None, of=c.of, label=c.label)
        for c in codes
    ]
    if as_json:
        document(lines)
        return
    # whose item it is goes with the id only where it is not the session's
    table(
        [shell._("key"), shell._("label"), shell._("id")],
        [
            [line.key, shell.label(line.label), line.code if line.of == "session" else f"{line.code} ({shell._(line.of)})"]
            for line in lines
        ],
    )  # fmt: skip


def _settings(shell: Shell, shelf: Iterable[Codebook], as_json: bool) -> None:
    from tkcore.cli.printing import document, table

    settings = [setting for book in shelf for setting in book.setting]
    if as_json:
        document(settings)
        return
    table(
        [shell._("of"), shell._("setting"), shell._("label"), shell._("takes")],
        [[shell._(s.of), s.id, shell.label(s.label), _takes(s)] for s in settings],
    )


def _takes(setting: Setting) -> str:
    if setting.values:
        return " ".join(value.id for value in setting.values)
    if setting.low is not None or setting.high is not None:
        low, high = ("" if end is None else str(end) for end in (setting.low, setting.high))
        return f"{setting.takes} {low}–{high}"
    return setting.takes


def _cautions(shell: Shell, shelf: Iterable[Codebook], as_json: bool) -> None:
    from tkcore.cli.printing import document

    cautions = [caution for book in shelf for caution in book.caution]
    if as_json:
        document(cautions)
        return
    for caution in cautions:
        click.echo(caution.id)
        _sheet(
            [
                ("", shell.label(caution.text)),
                (shell._("when"), _when(shell, caution)),
                (shell._("codes"), ", ".join(caution.codes)),
                (shell._("moments"), ", ".join(caution.at)),
                (shell._("lines"), ", ".join(caution.source)),
            ]
        )
        click.echo()


def _when(shell: Shell, caution: Caution) -> str:
    return shell._(" or ").join(caution.conditions) or shell._("always")


def _decisions(shell: Shell, shelf: Iterable[Codebook], as_json: bool) -> None:
    from tkcore.cli.printing import document

    decisions = [one for book in shelf for one in sorted(book.decision, key=lambda one: one.n)]
    if as_json:
        document(decisions)
        return
    for decision in decisions:
        about = shell._("about: {codes}", codes=", ".join(decision.codes)) if decision.codes else ""
        _sheet([(f"{decision.n}.", shell.label(decision.text)), ("", about)])
        click.echo()


# -- one code --------------------------------------------------------------------------------------------------


def _code(shell: Shell, found: Explained, as_json: bool) -> None:
    from tkcore.cli.printing import document

    if as_json:
        document(found)
        return
    code = found.code
    flags = [
        (code.floor, shell._("said")),
        (code.discreet, shell._("not shown where others see the screen")),
        (code.private, shell._("private: in no analysis, exported on request only")),
        (code.retired, shell._("retired: no longer typed")),
    ]
    click.echo(f"{code.book}.{code.id}")
    _sheet(
        [
            (shell._("label"), f"{code.label.id} / {code.label.en}"),
            (shell._("meaning"), "" if code.meaning is None else shell.label(code.meaning)),
            (shell._("key"), code.key or "–"),
            (shell._("family"), code.family or "–"),
            (shell._("event"), code.event),
            (shell._("of"), shell._(code.of) if code.of != "session" else ""),
            (shell._("author"), code.author),
            (shell._("scale"), "" if code.scale is None else f"{code.scale[0]}–{code.scale[1]}"),
            (shell._("always"), ", ".join(f"{name}={value}" for name, value in code.preset.items())),
            (shell._("replaces"), code.was or ""),
            (shell._("lines"), ", ".join(code.source)),
            ("", "; ".join(text for is_so, text in flags if is_so)),
        ]
    )
    for attribute in found.attributes:
        asked = "" if attribute.label is None else f" ({shell.label(attribute.label)})"
        later = shell._(", set afterwards") if attribute.review else ""
        click.echo(f"\n{attribute.name}{asked}{later}")
        _sheet([(f"={value.id}", shell.label(value.label)) for value in attribute.values])
    for caution in code.caution:
        click.echo("\n" + shell._("caution ({when})", when=_when(shell, caution)))
        _sheet([("", shell.label(caution.text))])
    for decision in found.decisions:
        click.echo("\n" + shell._("decision {n}", n=decision.n))
        _sheet([("", shell.label(decision.text))])


def _sheet(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and what they say, folded to the width; what says nothing is left out."""
    from textwrap import wrap

    said = [(name, text) for name, text in pairs if text]
    widest = max((len(name) for name, _ in said), default=0)
    indent = " " * (widest + 4 if widest else 2)
    for name, text in said:
        first = f"  {name.ljust(widest)}  " if widest else "  "
        click.echo("\n".join(wrap(text, WIDTH, initial_indent=first, subsequent_indent=indent)))
