"""The reference says what the code says, and the public names are all there is."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import typing
from functools import cached_property
from pathlib import Path

import pluggy
import pytest
from msgspec import Struct

import tkcore
import tkcore.testing
from tkcore import reference
from tkcore.rows import Row

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
TEXT = (DOCS / reference.FILE).read_text("utf-8")
PUBLIC = {name: getattr(tkcore, name) for name in tkcore.__all__}
TESTING = {name: getattr(tkcore.testing, name) for name in tkcore.testing.__all__}
EVERY = sorted({**PUBLIC, **TESTING}.items())


def test_no_drift():
    """docs/reference.md is what `make reference` writes."""
    assert reference.text(DOCS) == TEXT, "docs/reference.md is not what the code says: make reference"


def test_check_says_stale(tmp_path, capsys):
    """`--check` leaves with 1 and says what to do where the file is another one, and 0 where it is the same."""
    (tmp_path / "docs").mkdir()
    assert reference.main(["--check", str(tmp_path / "docs")]) == 1
    assert "make reference" in capsys.readouterr().err
    assert reference.main([str(tmp_path / "docs")]) == 0
    assert reference.main(["--check", str(tmp_path / "docs")]) == 0


def test_seven_hooks():
    """There are seven hooks."""
    assert list(reference.hooks()) == [
        "register_analyses", "register_codebooks", "register_commands", "register_events", "register_exporters",
        "register_importers", "register_sections",
    ]  # fmt: skip


@pytest.mark.parametrize("name", list(reference.hooks()))
def test_hook(name):
    """A hook is documented with its exact signature, what it returns and since when."""
    hook = reference.hooks()[name]
    given = inspect.signature(hook)
    assert f"```python\n{name}({', '.join(given.parameters)}) -> {given.return_annotation}\n```" in TEXT
    assert inspect.cleandoc(hook.__doc__) in TEXT
    assert re.search(r"Since \d+\.\d+\.$", inspect.cleandoc(hook.__doc__))


def _documented(what: object) -> str:
    made = what.func if isinstance(what, cached_property) else what
    return inspect.cleandoc(getattr(made, "__doc__", None) or "")


@pytest.mark.parametrize(("name", "what"), EVERY, ids=[name for name, _ in EVERY])
def test_public_name(name, what):
    """A public name stands in the reference under its own heading, with what is said of it in the code."""
    assert f"\n### {name}\n" in TEXT
    if isinstance(what, (int, pluggy.HookimplMarker)) or typing.get_origin(what) is not None:
        return  # a number, a mark or a type written as a formula has no docstring of its own
    assert _documented(what), f"{name} has no docstring"
    if isinstance(what, type) and issubclass(what, Struct):
        assert not what.__doc__.startswith(f"{name}("), f"{name} has no docstring of its own"
    assert _documented(what) in TEXT
    if inspect.isfunction(what):
        assert f"```python\n{reference.signature(what)}\n```" in TEXT
    elif isinstance(what, type) and issubclass(what, Struct) and not issubclass(what, Row):
        assert f"```python\n{reference.struct_signature(what)}\n```" in TEXT


def _functions():
    for name, what in EVERY:
        if inspect.isfunction(what):
            yield name, what
        elif isinstance(what, type):
            for own, member in vars(what).items():
                made = member.func if isinstance(member, cached_property) else getattr(member, "fget", member)
                if not own.startswith("_") and inspect.isfunction(made):
                    yield f"{name}.{own}", made


@pytest.mark.parametrize(("name", "what"), [pytest.param(n, f, id=n) for n, f in _functions()])
def test_typed_and_documented(name, what):
    """Every public function, method and property has a docstring, and a type for each parameter and its answer."""
    given = inspect.signature(what)
    bare = [p.name for p in given.parameters.values() if p.annotation is p.empty and p.name != "self"]
    assert not bare, f"{name}: {bare} have no type"
    assert given.return_annotation is not given.empty, f"{name} has no type of its answer"
    assert _documented(what), f"{name} has no docstring"


@pytest.mark.parametrize("module", [tkcore, tkcore.testing], ids=lambda m: m.__name__)
def test_all_is_sorted(module):
    """`__all__` is sorted, as ruff sorts it, and no name stands twice."""
    given = list(module.__all__)
    order = sorted(given, key=lambda n: (0 if n.isupper() else 1 if n[0].isupper() else 2, n))
    assert given == order
    assert len(given) == len(set(given))


def test_lazy_table_is_all():
    """What tkcore looks up on first use is exactly `__all__`."""
    assert sorted(name for names in tkcore._HOME.values() for name in names) == sorted(tkcore.__all__)


def _imported(text: str, module: str) -> set[str]:
    """Return the names a Python text takes from a module."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            found |= {alias.name for alias in node.names}
    return found


def _sources():
    yield from (
        (str(p.relative_to(ROOT)), p.read_text("utf-8")) for p in sorted(ROOT.glob("plugins/*/src/**/*.py"))
    )
    yield from (
        (str(p.relative_to(ROOT)), p.read_text("utf-8")) for p in sorted(ROOT.glob("examples/*/src/**/*.py"))
    )
    for page in sorted(DOCS.glob("**/*.md")):
        for n, block in enumerate(re.findall(r"```python.*?\n(.*?)```", page.read_text("utf-8"), re.DOTALL)):
            if "import " in block:
                yield f"{page.relative_to(ROOT)}[{n}]", block


@pytest.mark.parametrize("text", [pytest.param(t, id=n) for n, t in _sources()])
def test_only_public_names_are_used(text):
    """Plugins and documentation take from tkcore only what is in its `__all__`."""
    assert _imported(text, "tkcore") <= set(tkcore.__all__) | {"__version__"}
    assert _imported(text, "tkcore.testing") <= set(tkcore.testing.__all__)
    others = {
        node.module
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tkcore.")
    }
    assert others <= {"tkcore.testing"}


def test_every_result_type_of_a_public_name_is_public():
    """A tkcore Struct that a public function takes or answers is a public name, or said not to be one."""
    known = {id(what) for what in PUBLIC.values()} | {id(what) for what in TESTING.values()}
    private = {"Outcome", "Sources"}
    for name, what in [(n, f) for n, f in _functions() if n.partition(".")[0] in PUBLIC]:
        try:
            hints = typing.get_type_hints(what, vars(importlib.import_module(what.__module__)))
        except NameError:
            continue  # a name that is imported for types only
        for hint in hints.values():
            for part in (hint, *typing.get_args(hint)):
                if isinstance(part, type) and issubclass(part, Struct) and part is not Struct:
                    assert id(part) in known or part.__name__ in private, (
                        f"{name}: {part.__name__} is not public"
                    )
