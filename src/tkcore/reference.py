"""docs/reference.md, made from the code: `python -m tkcore.reference docs` writes, `--check docs` compares.

Hooks, public names, events, views, and what the plugins in `plugins/` beside the folder contribute. It takes text
from signatures and docstrings and has none of its own but headings.
"""

from __future__ import annotations

import enum
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pluggy
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields as struct_fields

import tkcore
from tkcore import hookspecs, testing
from tkcore.analyses import Analysis
from tkcore.errors import BadInput
from tkcore.events import ENVELOPE, EVENTS, Event
from tkcore.plugins import Broken, Plugin, find, load
from tkcore.relations import columns_of
from tkcore.rows import KINDS, RecordRow, Row

FILE = "reference.md"
HEAD = """\
# Reference

Made from the code by `make reference`; a test compares. Do not edit.

[Hooks](#hooks) · [public names](#public-names) · [tkcore.testing](#tkcoretesting) · [events](#events) ·
[relations and views](#relations-and-views) · [contributions of our plugins](#contributions-of-our-plugins) ·
what can be typed: [the line grammar](line-grammar.md)
"""


def text(folder: Path) -> str:
    """Return the whole reference; `folder` is docs/, beside which the first-party plugins lie."""
    parts = [HEAD, *_hooks(), *_public(), *_testing(), *_events(), *_views(), *_plugins(folder)]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


# -- signatures ------------------------------------------------------------------------------------------------


def signature(what: Callable[..., Any], name: str = "") -> str:
    """Return a function's name, parameters and types as they stand in its source."""
    given = inspect.signature(what)
    shown: list[str] = []
    keyword_only = False
    for p in given.parameters.values():
        if p.name in ("self", "cls"):
            continue
        if p.kind is p.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            shown.append("*")
        star = "*" if p.kind is p.VAR_POSITIONAL else "**" if p.kind is p.VAR_KEYWORD else ""
        keyword_only |= p.kind is p.VAR_POSITIONAL
        hint = "" if p.annotation is p.empty else f": {_hint(p.annotation)}"
        default = (
            "" if p.default is p.empty else f" = {_value(p.default)}" if hint else f"={_value(p.default)}"
        )
        shown.append(f"{star}{p.name}{hint}{default}")
    returns = "" if given.return_annotation is given.empty else f" -> {_hint(given.return_annotation)}"
    return f"{name or what.__name__}({', '.join(shown)}){returns}"


def struct_signature(kind: type[Struct]) -> str:
    """Return a Struct's name and fields as they are given to make one."""
    hints, defaults = _hints(kind), _defaults(kind)
    shown: list[str] = []
    for name, p in inspect.signature(kind).parameters.items():
        if p.kind is p.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        shown.append(f"{name}: {hints[name]}" + (f" = {defaults[name]}" if defaults[name] else ""))
    return f"{kind.__name__}({', '.join(shown)})"


def _defaults(kind: type[Struct]) -> dict[str, str]:
    """Return the default of each field as written; empty where it has none."""
    found = {}
    for one in struct_fields(kind):
        made = one.default if one.default_factory is NODEFAULT else one.default_factory()
        found[one.name] = "" if made is NODEFAULT else _value(made)
    return found


def _hints(kind: type) -> dict[str, str]:
    """Return the annotations of a class and its bases as written."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found |= {name: _hint(hint) for name, hint in inspect.get_annotations(base).items()}
    return found


def _hint(hint: Any) -> str:
    said = hint if isinstance(hint, str) else inspect.formatannotation(hint)
    return re.sub(r"\b[a-z]\.(?=[A-Z])", "", said)


def _resolved(hint: Any) -> str:
    """Return a type without the names a module gave it and without modules."""
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", inspect.formatannotation(hint))


def _value(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return value.name
    return repr(value).replace("'", '"')


# -- parts -----------------------------------------------------------------------------------------------------


def _code(line: str) -> str:
    return f"```python\n{line}\n```\n"


def _hooks() -> Iterator[str]:
    yield f"## Hooks\n\n{inspect.cleandoc(hookspecs.__doc__ or '')}\n"
    for name, spec in hooks().items():
        yield f"### {name}\n\n{_code(signature(spec))}\n{inspect.cleandoc(spec.__doc__ or '')}\n"


def hooks() -> dict[str, Callable[..., Any]]:
    """Return the hook specifications by name, as pluggy sees them."""
    manager = pluggy.PluginManager("tkcore")
    manager.add_hookspecs(hookspecs)
    found = {
        name: spec
        for name, spec in vars(hookspecs).items()
        if name.startswith("register_") and hasattr(manager.hook, name)
    }
    return dict(sorted(found.items()))


def _public() -> Iterator[str]:
    yield "## Public names\n\n`from tkcore import …`: these, and nothing else, are what a plugin may use.\n"
    for name in tkcore.__all__:
        yield from _name(name, getattr(tkcore, name))


def _testing() -> Iterator[str]:
    yield f"## tkcore.testing\n\n{inspect.cleandoc(testing.__doc__ or '')}\n"
    for name in testing.__all__:
        yield from _name(name, getattr(testing, name))
    for name, made in fixtures().items():
        yield f"### fixture {name}\n\n{_code(signature(made, name))}\n{inspect.cleandoc(made.__doc__ or '')}\n"


def fixtures() -> dict[str, Callable[..., Any]]:
    """Return the functions that are pytest fixtures of tkcore's, by name."""
    from tkcore.testing import fixtures as module

    made = {name: inspect.unwrap(one) for name, one in vars(module).items() if hasattr(one, "__wrapped__")}
    return dict(sorted(made.items()))


def _name(name: str, what: Any) -> Iterator[str]:
    doc = inspect.cleandoc(what.__doc__ or "")
    if isinstance(what, type) and issubclass(what, Row):
        view = str(what.__struct_config__.tag or "")
        where = f"[view {view}](#view-{view})" if view in KINDS else "every view"
        yield f"### {name}\n\n{doc}\n\nA row; its fields are columns of {where}.\n"
    elif isinstance(what, type) and issubclass(what, Struct):
        yield f"### {name}\n\n{_code(struct_signature(what))}\n{doc}\n\n{_members(what)}"
    elif isinstance(what, type):
        yield f"### {name}\n\n{doc}\n\n{_members(what)}"
    elif inspect.isroutine(what) or hasattr(what, "__wrapped__"):
        yield f"### {name}\n\n{_code(signature(what, name))}\n{doc}\n"
    elif isinstance(what, (int, str)):
        yield f"### {name}\n\n{_code(f'{name} = {_value(what)}')}"
    elif isinstance(what, pluggy.HookimplMarker):
        yield f"### {name}\n\n{_code(f'@{name}')}\nMarks a function of the plugin's module as its answer to a hook.\n"
    elif isinstance(what, Struct):
        yield f"### {name}\n\n{_code(f'{name} = {_value(what)}')}"
    else:
        yield f"### {name}\n\n{_code(f'{name} = {_resolved(what)}')}"


def _members(kind: type) -> str:
    """Return the public methods and properties of a class, each with the first sentence said of it."""
    lines = [f"- `{name}`" for name in _attributes(kind)]
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        made = member.func if isinstance(member, cached_property) else getattr(member, "fget", None)
        if made is not None:
            hint = _hint(inspect.signature(made).return_annotation)
            lines.append(f"- `{name}: {hint}`{_said(made)}")
        elif inspect.isfunction(member):
            lines.append(f"- `{signature(member)}`{_said(member)}")
    return "\n".join(lines) + "\n" if lines else ""


def _attributes(kind: type) -> list[str]:
    """Return what a class that is no Struct keeps under public names, as its __init__ says."""
    if issubclass(kind, (Struct, BaseException)):
        return []
    kept = dict.fromkeys(re.findall(r"self\.([a-z]\w*)(?:: [^=\n]+)? = ", inspect.getsource(kind.__init__)))
    hints = {n: p.annotation for n, p in inspect.signature(kind).parameters.items()}
    return [f"{name}: {_hint(hints[name])}" if name in hints else name for name in kept]


def _said(what: Any) -> str:
    doc = inspect.cleandoc(what.__doc__ or "").replace("\n", " ")
    return f": {doc}" if doc else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def _cell(said: str) -> str:
    return said.replace("|", "\\|")


def _fields(kind: type[Struct], without: Iterable[str] = ()) -> str:
    left = set(without)
    hints = {name: _resolved(hint) for name, hint in typing.get_type_hints(kind).items()}
    rows = [
        (f"`{name}`", f"`{_cell(hints[name])}`", f"`{default}`" if default else "")
        for name, default in _defaults(kind).items()
        if name not in left
    ]
    return _table(("field", "type", "default"), rows) if rows else "No fields of its own.\n"


def _events() -> Iterator[str]:
    yield (
        "## Events\n\nThe core's own types, as the log holds them. Each has the envelope `t`, "
        + ", ".join(f"`{name}`" for name in ENVELOPE)
        + f".\n\n{inspect.cleandoc(Event.__doc__ or '')}\n"
    )
    for name, kind in sorted(EVENTS.items()):
        yield f"### {name}\n\n{_own_doc(kind)}{_fields(kind, ENVELOPE)}"


def _own_doc(kind: type) -> str:
    """Return the docstring a class has itself or from a base that is not the root of all."""
    for base in kind.__mro__:
        if base in (Event, Row, Struct):
            break
        if base.__dict__.get("__doc__"):
            return inspect.cleandoc(str(base.__doc__)) + "\n\n"
    return ""


def _views() -> Iterator[str]:
    from tkcore import rows

    yield f"## Relations and views\n\n{inspect.cleandoc(rows.__doc__ or '')}\n"
    yield (
        "`record` and `event` are the two relations; `event` has `kind` and every column of every view. All else are "
        "views on `event` with the counted rows of one kind. A plugin's type of event is a view too: its name with "
        "`_` for `.`.\n"
    )
    kinds: dict[str, type[Struct]] = {"record": RecordRow, **KINDS}
    for name, kind in kinds.items():
        hints = _hints(kind)
        columns = [(f"`{n}`", f"`{_cell(hints[n])}`", sql) for n, sql in columns_of(kind).items()]
        yield f"### view {name}\n\n{_own_doc(kind)}{_table(('column', 'in Python', 'in DuckDB'), columns)}"


# -- plugins ---------------------------------------------------------------------------------------------------


def first_party(folder: Path) -> list[Plugin]:
    """Return the loaded plugins whose packages lie in `plugins/` beside a folder. Raises BadInput if one is broken."""
    names = {path.parent.name for path in folder.resolve().parent.glob("plugins/*/pyproject.toml")}
    loaded = [load(one) for one in find() if one.distribution in names]
    for one in loaded:
        if isinstance(one, Broken):
            raise BadInput(
                "{plugin} stopped at {stage}: {error}",
                plugin=one.found.name,
                stage=one.stage,
                error=one.error,
            )
    return [one for one in loaded if isinstance(one, Plugin)]


def _plugins(folder: Path) -> Iterator[str]:
    yield "## Contributions of our plugins\n"
    for plugin in first_party(folder):
        found = plugin.found
        yield f"### {found.distribution} {found.version}\n"
        for one in sorted(plugin.analyses, key=lambda a: a.name):
            yield from _analysis(one)
        rest = [
            *(
                f"event type `{x.name}` version {x.version}, family `{x.family}`: {x.doc}"
                for x in plugin.events
            ),
            *(f"codebook `{x.name}`" for x in plugin.codebooks),
            *(f"section `{x.name}` of `{x.of}`: {x.title.en}" for x in plugin.sections),
            *(f"importer `{x.name}`: {_first(x.doc)}" for x in plugin.importers),
            *(f"exporter `{x.name}`: {_first(x.doc)}" for x in plugin.exporters),
            *(f"command `{found.name} {x.name}`: {_first(x.help or '')}" for x in plugin.commands),
        ]
        if rest:
            yield "\n".join(f"- {line}" for line in rest) + "\n"


def _first(doc: str) -> str:
    return doc.partition("\n")[0]


def _analysis(one: Analysis) -> Iterator[str]:
    form = "query" if one.sql else "group function" if one.needs else "function"
    taken = f"needs {_names(one.needs)}" if one.needs else f"reads {_names(one.reads)}"
    yield f"#### {one.name}\n\nA {form}, version {one.version}, {taken}.\n\n{one.doc}\n"
    if one.params:
        yield _table(("parameter", "default"), [(f"`{n}`", f"`{_value(v)}`") for n, v in one.params.items()])
    for kind in _structs(one.result):
        yield f"**{kind.__name__}**: {inspect.cleandoc(kind.__doc__ or '')}\n\n{_fields(kind)}"
    if one.says:
        yield "\n".join(f"- alert `{key}`: {said.en}" for key, said in sorted(one.says.items())) + "\n"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _structs(hint: Any) -> list[type[Struct]]:
    """Return the Structs of a result's type, outermost first, without those a plugin takes from tkcore."""
    found: list[type[Struct]] = []

    def visit(part: Any) -> None:
        own = (
            isinstance(part, type) and issubclass(part, Struct) and not part.__module__.startswith("tkcore.")
        )
        if own and part not in found:
            found.append(part)
            for inner in typing.get_type_hints(part).values():
                visit(inner)
        for inner in typing.get_args(part):
            visit(inner)

    visit(hint)
    return found


def main(argv: Sequence[str]) -> int:
    """Write the reference, or with `--check` say whether it is what the code says."""
    folder = Path(argv[-1])
    path, made = folder / FILE, text(folder)
    if argv[0] == "--check":
        same = path.is_file() and path.read_text("utf-8") == made
        if not same:
            sys.stderr.write(f"{path} is not what the code says: make reference\n")
        return 0 if same else 1
    path.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
