"""Plugins that are there to be counted and to be run beside a recording: as many as wanted, as if installed.

A folder with a package and a dist-info for each, to be put on PYTHONPATH: what an installer leaves behind, without an
installer.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

from tkcore.plugins import find, fingerprint

PLAIN = '''
"""Turns, and a command."""

import tkcore


@tkcore.hookimpl
def register_analyses():
    from {package}.analyses import turns

    return [turns]


@tkcore.hookimpl
def register_commands():
    import click

    @click.command("hello")
    @click.pass_obj
    def hello(reader):
        """Say hello."""
        click.echo("hello")

    return [hello]
'''
BURNING = '''
"""Turns, and a thread that never ends."""

import threading

import tkcore


def burn():
    while True:
        pass


@tkcore.hookimpl
def register_analyses():
    from {package}.analyses import turns

    threading.Thread(target=burn, daemon=True).start()
    return [turns]
'''
ANALYSES = '''
"""How many turns there were, and an alert that is always raised."""

import msgspec

from tkcore import Alert, Said, Session, analysis


class Turns(msgspec.Struct, frozen=True):
    """How many turns."""

    turns: int


def many(found):
    return [Alert(alert="{name}.many", numbers={{"turns": found.turns}})]


@analysis("{name}.turns", version=1, reads=("turn",), alert=many, says={{"{name}.many": Said(id="{{turns}}", en="{{turns}}")}})
def turns(session: Session) -> Turns:
    """How many turns there were."""
    {body}
'''
COUNTING = "return Turns(len(session.turns))"
HANGING = "while True: pass"
"""What an analysis does that never answers."""


def install(folder: Path, names: Sequence[str], module: str = PLAIN, body: str = COUNTING) -> dict[str, str]:
    """Write a plugin for each name, of `module`, whose analysis does `body`.

    Return what enables all of the folder: name to digest.
    """
    for name in names:
        package = f"generated_{name}"
        texts = {
            f"{package}/__init__.py": module.format(package=package, name=name),
            f"{package}/analyses.py": ANALYSES.format(package=package, name=name, body=body),
        }
        info = f"{package}-1.0.dist-info"
        texts[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: generated-{name}\nVersion: 1.0\n"
        texts[f"{info}/entry_points.txt"] = f"[tkcore.v1]\n{name} = {package}\n"
        texts[f"{info}/INSTALLER"] = "benchmarks\n"
        texts[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*texts, f"{info}/RECORD"])
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text.lstrip(), encoding="utf-8")
    return {found.name: fingerprint(found) for found in find(distributions(path=[str(folder)]))}
