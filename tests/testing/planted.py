"""Modules of plugins made of source text, and the faults planted in them: (source, what the message says)."""

from __future__ import annotations

HEAD = """
import datetime, os, random, secrets, socket, subprocess, time, uuid
from time import time as now
from pathlib import Path
import click
from msgspec import Struct
from tkcore import (
    Alert, BadInput, Bar, Bars, Curve, Group, Imported, Paragraph, Said, Session, Table, Withheld, analysis, event_type, exporter,
    group_analysis, hookimpl, importer, query, section,
)
class R(Struct, frozen=True):
    "`n` is what was counted."
    n: float
class Wide(R, frozen=True):
    "More than `n`."
    more: int
class Bare(Struct, frozen=True):
    "Nothing is said of it."
    zeal: float
class Worded(Struct, frozen=True):
    "A sentence."
    said: Said
class Open(Struct):
    "`n` is what was counted."
    n: float
class Row(Struct, frozen=True):
    "`n` turns of a sender."
    sender: str
    n: int
STATE = []
CELL = []
TITLE = Said(id="giliran", en="turns")
"""
GOOD = """
def many(result):
    if result.n >= 5:
        yield Alert(alert="zoo.many", numbers={"n": int(result.n)})
@analysis("zoo.good", version=1, reads=("turn",), alert=many, says={"zoo.many": Said(id="{n} giliran", en="{n} turns")})
def good(session: Session, *, least: int = 3) -> R | Withheld:
    "How many turns there are."
    return R(len(session.turns)) if len(session.turns) >= least else Withheld("fewer than 3 turns", len(session.turns))
"""
GOOD_GROUP = """
@group_analysis("zoo.planted", version=1, needs=("zoo.good",))
def planted(group: Group) -> R | Withheld:
    "The mean of the meetings that are known."
    known = [r.value.n for r in group.results("zoo.good") if isinstance(r.value, R)]
    return R(sum(known) / len(known)) if known else Withheld("no meeting", 0)
"""
GOOD_EVENT = """
class Shifted(Struct, frozen=True):
    "Somebody looks elsewhere."
    seat: str
    aim: str | None = None
    steps: int = 1
planted = event_type("zoo.shifted", version=2, body=Shifted, family="gaze", upcasts={1: lambda b: {**b, "steps": 2}})
"""
GOOD_SECTION = """
@section("zoo.drawn", of="zoo.good", title=TITLE)
def planted(result):
    "The turns."
    return [Paragraph(TITLE), Table(columns=(TITLE,), rows=((result.n,),)), Bars(unit=TITLE, bars=(Bar(label="A", value=1.0, low=0.5),)),
            Curve(x=TITLE, y=TITLE, points=((0.0, 1.0), (1.0, 2.0)))]
"""
GOOD_IMPORTER = """
@importer("zoo.calls")
def planted(data: bytes) -> Imported:
    "Lines `time,sender,receiver`, with the first line `calls`."
    text = data.decode("ascii", "replace").splitlines()
    if not text or text[0] != "calls":
        raise BadInput("line 1: not a file of calls")
    parts = [line.split(",") for line in text[1:]]
    if any(len(part) != 3 for part in parts):
        raise BadInput("a line has not three parts")
    return Imported(seats=("T", "A", "B"), lines=tuple(f"@{t} {a}{b}" for t, a, b in parts), ends="1:00")
"""
CALLS = b"calls\n0:00,a,b\n0:05,b,a\n"
GOOD_EXPORTER = """
@exporter("zoo.counts", suffix=".csv")
def planted(session: Session) -> str:
    "One line with the number of turns."
    return f"turns,{len(session.turns)}"
"""
GOOD_COMMAND = """
@click.command("count")
@click.option("--seat", help="whose turns")
def planted(seat):
    "Count turns."
"""
CODEBOOK = """
name = "{name}"
title = {{ en = "Glances", id = "Lirikan" }}
version = 1
[[family]]
id = "glance"
key = "{family}"
author = "leader"
label = {{ en = "glance", id = "lirikan" }}
[[code]]
id = "{id}"
event = "mark.made"
author = "leader"
family = "glance"
key = "{family}q"
label = {{ en = "a glance", id = "lirikan" }}
"""

OWN_CODES = """
from importlib.resources import files
from tkcore.rows import Mark
@hookimpl
def register_codebooks():
    return [files(__package__) / "zoo.toml"]
"""


def function(body: str, doc: str = '"Counts."', name: str = "zoo.planted", result: str = "R", reads: str = '("turn",)', more: str = ""):  # fmt: skip
    return f'@analysis("{name}", version=1, reads={reads}{more})\ndef planted(session: Session) -> {result}:\n    {doc}\n    {body}\n'


def by_sql(sql: str):
    return (
        f'planted = query("zoo.planted", version=1, reads=("turn",), row=Row, doc="Counts.", sql="{sql}")\n'
    )


def group(body: str):
    return f'{GOOD}\n@group_analysis("zoo.planted", version=1, needs=("zoo.good",))\ndef planted(group: Group) -> R:\n    "Of `n`."\n    {body}\n'


def alerting(alert: str, says: str = '{"zoo.many": Said(id="{n} giliran", en="{n} turns")}'):
    return f"def raised(result):\n    {alert}\n" + function("return R(len(session.turns))", more=f", alert=raised, says={says}")  # fmt: skip


def rare(alert: str, sentence: str):
    """Return an alert that no sample raises."""
    return alerting(f"if result.n > 1e9: yield {alert}", says=f'{{"zoo.many": Said(id="{sentence}", en="{sentence}")}}')  # fmt: skip


def counting(more: str):
    """Return a query of the plugin's own code."""
    sql = "select session, author as sender, count(*) as n from mark where code = 'zoo.mark.glance' and author is not null group by all order by all"
    return f'planted = query("zoo.planted", version=1, reads=("mark",), row=Row, doc="Counts.", sql="{sql}"{more})\n'


def drawing(body: str):
    return f'{GOOD}\n@section("zoo.drawn", of="zoo.good", title=TITLE)\ndef planted(result):\n    "The turns."\n    {body}\n'


def importing(body: str):
    return f'@importer("zoo.calls")\ndef planted(data: bytes) -> Imported:\n    "Calls."\n    {body}\n'


def exporting(body: str):
    return f'@exporter("zoo.counts", suffix=".csv")\ndef planted(session: Session) -> str:\n    "Counts."\n    {body}\n'


def event(fields: str, version: int = 1, name: str = "zoo.shifted", more: str = ""):
    return f'class Shifted(Struct, frozen=True):\n    "Somebody looks elsewhere."\n    {fields}\nplanted = event_type("{name}", version={version}, body=Shifted, family="gaze"{more})\n'


ANALYSES = {
    "is_declared_well": [
        (function("return R(1)", doc="pass"), "no docstring"),
        (function("return R(1)", name="other.planted"), "does not start with"),
        (function("return Open(1)", result="Open"), "frozen=True"),
        (function("return 1.0", result="float"), "no Struct"),
    ],
    "says_what_its_numbers_are": [(function("return Bare(1.0)", result="Bare"), "nothing says what zeal is")],
    "gives_an_outcome_everywhere": [
        (function("return R(session.turns[0].ts / len(session.members))"), "Return Withheld"),
        (function("return R(len(session.opened.zone))", reads='("seat",)'), "over the session 'empty'"),
    ],
    "keeps_the_uncaptured_apart": [
        (OWN_CODES + counting(""), "captures=('glance',)"),
        (OWN_CODES + function("return R(len([m for m in session.rows(Mark) if m.code == 'zoo.mark.glance']))", reads='("mark",)'), "where there were none"),
        (OWN_CODES + counting(', captures=("glanse",)'), "captures names glanse"),
    ],
    "is_deterministic": [
        (function("STATE.append(1); return R(len(STATE))"), "two runs"),
        (function('return R(float(hash("A") % 1000))'), "sort it"),
    ],
    "ignores_a_second_observer": [
        (by_sql("select session, sender, count(*) as n from event where kind = 'turn' group by all order by all"), "second observer"),
    ],
    "ignores_foreign_records": [(function("return R(max((t.seq for t in session.turns), default=0) + 0.5)"), "foreign records")],
    "ignores_the_head": [(function("return R(session.head.seq)"), "session.random alone")],
    "never_changes_an_earlier_result": [
        (function("n = len(session.turns); CELL.append(n); return R(max(CELL))"), "kept between runs"),
    ],
    "is_the_same_live": [
        (function("CELL.append(len(session.turns)); return R(max(CELL))"), "keep nothing between runs"),
        (alerting("STATE.append(1); return [Alert(alert='zoo.many', numbers={'n': len(STATE)})]"), "a replay raises other alerts"),
        (alerting("raise ValueError(result)"), "gave no answer live"),
    ],
    "alerts_can_be_said": [
        (alerting("yield Alert(alert='zoo.more', numbers={'n': 1})"), "has no sentence"),
        (alerting("yield Alert(alert='zoo.many', numbers={})"), "its sentence needs n"),
        (alerting("yield Alert(alert='zoo.many', seat='Z', numbers={'n': 1})"), "which nobody has"),
        (alerting("yield Alert(alert='zoo.many', numbers={'n': 0.5})"), "no whole number"),
        (alerting("yield from ()", says='{"zoo.many": Said(id="{n} giliran", en="{m} turns")}'), "the two languages"),
        (alerting("raise ValueError(result)"), "its alert raised ValueError"),
        (alerting("yield Alert(alert='zoo.many', numbers={'n': 1})", says='{"zoo.many": Said(id="{seat} {n}", en="{seat} {n}")}'), "its sentence needs seat"),
        (rare("Alert(alert='zoo.many', numbers={'n': 1})", "{m}"), "its sentence needs m, and nothing in the alert has that name"),
        (rare("Alert(alert='zoo.many', numbers={'n': 1})", "{seat}: {n}"), "its sentence needs seat, and nothing"),
        (rare("Alert(alert='zoo.many', numbers={'n': 1})", "{n:d}"), "'{n:d}' has a brace that nothing fills"),
        (rare("Alert(alert='zoo.many', numbers={'n': 1})", "{n"), "'{n' has a brace that nothing fills"),
        (rare("Alert(alert='zoo.many', numbers={'n': 1})", "{}"), "'{}' has a brace that nothing fills"),
    ],
    "is_worded_honestly": [
        (alerting("yield from ()", says='{"zoo.many": Said(id="{n} giliran", en="the worst member: {n} turns")}'), "the sentence of zoo.many says 'worst member'"),
        (function("return Worded(Said(id='gangguan kepribadian', en='talks'))", result="Worded"), "'gangguan kepribadian'"),
    ],
    "survives_json": [(function("return Wide(1, 2)"), "return exactly the type that is declared")],
    "matches_its_schema": [(function("return R(1)"), "is another schema than the result has now")],
    "asks_nobody": [
        (function("return R(time.time() * 0)"), "Time is in the rows"),
        (function("return R(now() * 0)"), "a clock"),
        (function("return R(datetime.datetime.now().year * 0)"), "a clock"),
        (function("return R(datetime.date.today().year * 0)"), "a clock"),
        (function("return R(random.random() * 0)"), "Draw from `session.random`"),
        (function("return R(random.Random().random() * 0)"), "unseeded"),
        (function("return R(os.urandom(1)[0] * 0)"), "unseeded"),
        (function("return R(secrets.randbelow(9) * 0)"), "unseeded"),
        (function("return R(uuid.uuid4().int * 0)"), "unseeded"),
        (function("import numpy; return R(float(numpy.random.default_rng().random()) * 0)"), "unseeded"),
        (function("f = open('/etc/hostname'); f.close(); return R(0)"), "a file"),
        (function("Path('/etc/hostname').read_text(); return R(0)"), "a file"),
        (function("os.listdir('/'); return R(0)"), "a folder"),
        (function("socket.socket().close(); return R(0)"), "the network"),
        (function("subprocess.run(['true'], check=True); return R(0)"), "another process"),
        ("def sly():\n    try:\n        open('/etc/hostname').close()\n    except OSError:\n        pass\n" + function("sly(); return R(0)"), "a file"),
    ],
    "is_local": [
        (by_sql("select any_value(session) as session, sender, count(*) as n from turn group by sender order by all"), "group by session"),
        (function("CELL.append(len(session.turns)); return R(max(CELL))"), "keep nothing between sessions"),
    ],
}  # fmt: skip
GROUPS = {
    "is_declared_well": [(group("return R(1)").replace('"zoo.planted"', '"other.planted"'), "does not start with")],
    "says_what_its_numbers_are": [(group("return Bare(1.0)").replace("-> R:", "-> Bare:"), "nothing says what zeal is")],
    "needs_are_there": [(group("return R(1)").replace('needs=("zoo.good",)', 'needs=("zoo.gone",)'), "register it, or correct needs")],
    "gives_an_outcome_of_every_group": [
        (group('return R(len(group.results("zoo.good")) / len(group.sessions))'), "over no meeting it failed"),
        (group('return R(sum(r.value.n for r in group.results("zoo.good")))'), "may be None"),
    ],
    "is_deterministic_over_meetings": [
        (group("STATE.append(1); return R(len(STATE))"), "group.random"),
        (group('return R(float(hash("A") % 1000))'), "sort it"),
    ],
    "does_not_mind_the_order": [(group("STATE.append(1); return R(len(STATE))"), "all at once")],
    "keeps_the_missing_missing": [
        (group('found = [r.value.n if isinstance(r.value, R) else 0 for r in group.results("zoo.good")]; return R(sum(found) / max(1, len(found)))'), "counts as zero"),
    ],
    "is_worded_honestly_over_meetings": [
        (group("return Worded(Said(id='kelompok yang baik', en='talk'))").replace("-> R:", "-> Worded:"), "no grade of a person or a group"),
    ],
    "survives_json_over_meetings": [(group("return Wide(1, 2)"), "return exactly the type that is declared")],
    "matches_its_schema_over_meetings": [(group("return R(1)"), "is another schema than the result has now")],
    "asks_nobody_over_meetings": [(group("return R(time.time() * 0)"), "a clock")],
}  # fmt: skip
EVENTS = {
    "event_is_declared_well": [
        (event("ts: int = 0"), "a name of the record's own"),
        (event("seat: float = 0"), "none of str, int, bool"),
        (event("seat: str = 'A'", name="other.shifted"), "does not start with"),
    ],
    "view_can_be_asked": [(event("order: str = 'A'"), "choose another one")],
    "record_can_be_kept": [
        (event("aim: str = 'the floor'"), "may not stand in a record"),
        (event("seat: str\n    def __post_init__(self):\n        raise ValueError('only X')"), "only X"),
    ],
    "upcasts_lead_to_the_newest": [
        (event("seat: str\n    steps: int", 2, more=", upcasts={1: lambda b: b}"), "must add what is new"),
        (event("seat: str\n    steps: int", 2, more=', upcasts={1: lambda b: {"seat": b["who"], "steps": 1}}'), "as version 1 wrote it"),
    ],
}  # fmt: skip
SECTIONS = {
    "section_is_declared_well": [(drawing("return []").replace('"The turns."', "pass"), "no docstring")],
    "section_can_be_drawn": [
        (drawing("return [Table(columns=(TITLE,), rows=((1, 2),))]"), "a row has 2 cells"),
        (drawing("return [Paragraph(Said(id='', en='x'))]"), "missing in one of the two languages"),
        (drawing("return ['text']"), "is no part"),
        (drawing("return [Curve(x=TITLE, y=TITLE, points=((2.0, 1.0), (1.0, 1.0)))]"), "sort them"),
        (drawing("return [Bars(unit=TITLE, bars=(Bar(label='A', value=1.0, low=2.0),))]"), "is not between"),
        (drawing("STATE.append(1); return [Table(columns=(TITLE,), rows=((len(STATE),),))]"), "the second time"),
        (drawing("return [result.gone]"), "it raised AttributeError"),
        (drawing("return []").replace('of="zoo.good"', 'of="zoo.gone"'), "does not register"),
    ],
    "section_is_worded_honestly": [
        (drawing("return [Paragraph(Said(id='urutan', en='members ranked by talk'))]"), "says 'ranked'"),
        (drawing("return []").replace("title=TITLE", "title=Said(id='diagnosis', en='turns')"), "the title says 'diagnosis'"),
    ],
}  # fmt: skip
IMPORTERS = {
    "importer_is_declared_well": [(importing("...").replace("data: bytes)", "data: bytes, *, sep: str)"), "no default")],
    "garbage_is_refused": [
        (importing("return Imported(seats=('A',), lines=())"), "was taken for a session"),
        (importing("data.decode(); raise BadInput('no')"), "UnicodeDecodeError"),
        (importing("data[0]; raise BadInput('no')"), "an empty file raised IndexError"),
        (importing("raise SystemExit(1)"), "raised SystemExit"),
    ],
    "a_file_can_be_recorded": [
        (importing("raise BadInput('no')"), "it refuses the file"),
        (importing("return Imported(seats=('T', 'A'), lines=('@0:00 zq',))"), "the recorder refuses"),
    ],
}  # fmt: skip
EXPORTERS = {
    "exporter_is_declared_well": [(exporting("return ''").replace(".csv", "csv"), "the suffix")],
    "exports_the_same_twice": [
        (exporting("STATE.append(1); return str(len(STATE))"), "the second time"),
        (exporting("return None"), "return a text or bytes"),
        (exporting("return str(session.turns[0].ts)"), "it raised IndexError"),
        (exporting("return str(time.time() * 0)"), "a clock"),
    ],
}
COMMANDS = {
    "command_is_declared_well": [("@click.command('Count')\ndef planted():\n    'Count.'\n", "small letters")],
    "command_shows_its_help": [
        ("@click.command('count')\n@click.option('--seat')\ndef planted(seat):\n    'Count.'\n", "has no help"),
        ("class Sly(click.Command):\n    def get_help(self, ctx):\n        raise ValueError('no')\n@click.command('count', cls=Sly)\ndef planted():\n    'Count.'\n", "leaves with 1"),
    ],
}  # fmt: skip
MODULE = {
    "registers": [
        ("planted = 3", "is not an analysis"),
        (
            "class Sly:\n    @property\n    def name(self):\n        raise ValueError('no name')\nplanted = Sly()",
            "could not be asked what it adds: ValueError: no name",
        ),
    ],
}
ZOO = {
    "module": MODULE, "analyses": ANALYSES, "groups": GROUPS, "events": EVENTS, "sections": SECTIONS, "importers": IMPORTERS,
    "exporters": EXPORTERS, "commands": COMMANDS,
}  # fmt: skip
"""By kind and check; codebooks are files, which their own tests write."""
GOODS = {
    "analyses": GOOD + "planted = good\n", "groups": GOOD + GOOD_GROUP, "events": GOOD_EVENT, "sections": GOOD + GOOD_SECTION,
    "importers": GOOD_IMPORTER, "exporters": GOOD_EXPORTER, "commands": GOOD_COMMAND,
}  # fmt: skip


def registering(source: str, kind: str) -> str:
    """Return the hooks that register what a source has."""
    mine = {"groups": "analyses", "module": "analyses"}.get(kind, kind)
    hooks = {mine: ["planted"]}
    if "def good" in source and "planted = good" not in source:
        hooks.setdefault("analyses", []).insert(0, "good")
    return "".join(
        f"\n@hookimpl\ndef register_{name}():\n    return [{', '.join(found)}]\n"
        for name, found in hooks.items()
    )
