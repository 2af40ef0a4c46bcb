"""`tk record`: lines from a keyboard or a pipe, each answered once it is on the disk."""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from tkcore.cli import Shell
from tkcore.talk import N_, say

if TYPE_CHECKING:
    from tkcore.recorder import Answer, Recorder

LONGEST = 16_384
"""A line of JSON around a line of the grammar; what is longer is refused without being kept."""


@click.command()
@click.argument("name", metavar="[SESSION]", required=False)
@click.option("--json", "as_json", is_flag=True, help=N_("answer every line with a line of JSON"))
@click.option("--observer", metavar="ID", help=N_("who records (default: who leads)"))
@click.option(
    "--as",
    "role",
    type=click.Choice(["co_therapist", "observer", "from_video"]),
    default="observer",
    help=N_("what a further observer is, on joining"),
)
@click.option(
    "--captures", metavar="FAMILY,...", help=N_("what a further observer codes (default: as the lead)")
)
@click.pass_obj
def record(
    shell: Shell, name: str | None, as_json: bool, observer: str | None, role: str, captures: str | None
) -> int:
    """Record a session line by line, from the keyboard or from a pipe.

    Without a name it is the one session that is open. A line is stored whole or not at all, and answered once it is
    on the disk.
    """
    from tkcore.config import locate
    from tkcore.opening import families_of, start, the_open_one
    from tkcore.reading import books

    desk = shell.desk()
    full = the_open_one(desk) if name is None else locate(desk.workspace, name)
    codebooks = books(desk.workspace)
    families = None if captures is None else families_of(captures, codebooks)
    recorder, writer = start(desk, full, codebooks, observer, role=role, families=families)
    talk = Conversation(shell, recorder, as_json=as_json, terminal=sys.stdin.isatty() and not as_json)
    try:
        if talk.terminal:
            shell.tell(
                "{session}: ? shows the keys, Ctrl-D ends. The session stays open until: tk session close {session}",
                session=full,
            )
        if recorder.observer != recorder.now.lead:
            shell.tell(
                "you record as {observer}; {lead} leads: analyses count the lead's rows",
                observer=recorder.observer, lead=recorder.now.lead,
            )  # fmt: skip
        talk.run(sys.stdin.buffer)
    except KeyboardInterrupt:
        # the reading thread sits in the terminal and would hold up the end; everything answered is on the disk
        writer.close()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(130)
    finally:
        writer.close()
    return 3 if talk.refused else 0


class Conversation:
    """Reads lines beside the clock, so that a silent room still ticks."""

    def __init__(self, shell: Shell, recorder: Recorder, *, as_json: bool, terminal: bool) -> None:
        self.shell, self.recorder, self.as_json, self.terminal = shell, recorder, as_json, terminal
        self.refused = 0
        self.number = 0

    def run(self, source: BinaryIO) -> None:
        # bounded: a sender that is faster than the disk waits in its pipe, not in our memory
        lines: queue.Queue[bytes | None] = queue.Queue(64)
        threading.Thread(target=_read, args=(source, lines), daemon=True).start()
        self._prompt()
        while True:
            try:
                line = lines.get(timeout=1)
            except queue.Empty:
                self.recorder.tick()
                continue
            if line is None:
                break
            self.number += 1
            if line.strip():
                self._line(line)
            self._prompt()
        if self.terminal:
            click.echo(err=True)

    def _prompt(self) -> None:
        if self.terminal:
            from tkcore.recorder import clock_text

            click.echo(f"{clock_text(self.recorder.clock())} › ", nl=False, err=True)

    def _line(self, data: bytes) -> None:
        from tkcore.errors import GrammarError, TkError

        entry: str | None = None
        try:
            text, entry = _unwrap(data)
            if self.terminal and text.strip().startswith("?"):
                click.echo(keys(self.shell, self.recorder.books, text.strip()[1:].strip()), err=True)
                return
            answer = self.recorder.enter(text, entry)
        except TkError as error:
            self.refused += 1
            column = error.column if isinstance(error, GrammarError) else 1
            near = list(error.near) if isinstance(error, GrammarError) else []
            self._refuse(entry, column, say(error, self.shell.t), near)
            return
        except Exception as error:  # noqa: BLE001 - one line must not end the recording of the others
            self.refused += 1
            fault = self.shell._("a fault of tkcore, not yours ({kind}: {error}): nothing of this line is stored", kind=type(error).__name__, error=error)  # fmt: skip
            self._refuse(entry, 1, fault, [])
            return
        self._acknowledge(answer, text)

    def _acknowledge(self, answer: Answer, text: str) -> None:
        from msgspec import json

        from tkcore.recorder import clock_text

        if self.as_json:
            sys.stdout.buffer.write(json.encode(answer) + b"\n")
            sys.stdout.buffer.flush()
            return
        again = self.shell._(" (stored before)") if answer.again else ""
        last = f"–{answer.seq + answer.count - 1}" if answer.count > 1 else ""
        undone = self.recorder.undone(answer)
        back = self.shell._(" (takes back {records})", records=", ".join(f"#{n}" for n in undone)) if undone else ""  # fmt: skip
        click.echo(f"{clock_text(answer.ts)} #{answer.seq}{last} {text.strip()}{back}{again}", err=True)
        for warned in answer.cautions or ():
            self.shell.tell(
                "#{seq}, a caution: {caution}", seq=warned.seq, caution=self.shell.label(warned.text)
            )

    def _refuse(self, entry: str | None, column: int, reason: str, near: list[str]) -> None:
        from msgspec import json

        if self.as_json:
            answer: dict[str, Any] = {
                "id": entry,
                "error": {"column": column, "reason": reason, "near": near},
            }
            sys.stdout.buffer.write(json.encode(answer) + b"\n")
            sys.stdout.buffer.flush()
        elif self.terminal:
            self.shell.tell("not stored, column {column}: {reason}", column=column, reason=reason)
        else:
            self.shell.tell(
                "line {line}, column {column}: {reason}", line=self.number, column=column, reason=reason
            )


def _read(source: BinaryIO, lines: queue.Queue[bytes | None]) -> None:
    while True:
        try:
            line = source.readline(LONGEST)
        except (OSError, ValueError):
            line = b""
        if not line:
            lines.put(None)
            return
        if len(line) == LONGEST and not line.endswith(b"\n"):
            while (rest := source.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
        lines.put(line)


def _unwrap(data: bytes) -> tuple[str, str | None]:
    """Return the line and the sender's id: as typed, or as `{"id": …, "line": …}`."""
    import re

    from msgspec import DecodeError, json

    from tkcore.errors import GrammarError

    try:
        text = data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise GrammarError("not UTF-8", column=error.start + 1) from None
    if not re.match(r'\s*\{\s*"', text):
        return text, None
    try:
        wrapped = json.decode(text, type=dict[str, str])
    except DecodeError as error:
        raise GrammarError("neither a line nor JSON with id and line: {error}", error=error) from None
    entry = wrapped.get("id", "")
    if set(wrapped) != {"id", "line"} or not re.fullmatch(r"[0-9a-f]{30}", entry):
        raise GrammarError('write {{"id": 30 hex digits a-f and 0-9, "line": ...}}')
    return wrapped["line"], entry


def keys(shell: Shell, books: Any, family: str = "") -> str:
    """Return the keys in the user's language: of one family, or the grammar and the families."""
    if family:
        lines = []
        for book in books:
            for code in book.codes:
                if code.key and code.key.startswith(family[:1].lower()):
                    lines.append(f"  !{code.key}  {shell.label(code.label)}")
        return "\n".join(lines) or shell._("no family {family}", family=family)
    rules = [
        ("ab  a>b,c  a.  a>?", N_("A speaks to B, to several, to the group, to unknown")),
        ("<  a<  a", N_("answer, A answers, A speaks (receiver inferred)")),
        ("_  _30  &", N_("silence now, for 30 s already; several at once")),
        ("a!uu>b^2", N_("code: author ! key > target ^ intensity")),
        ("!ig=4  !js~17", N_("rating; belongs to record 17")),
        ("%kerja  {doa} {}", N_("phase; activity starts, ends")),
        ("||break  ||", N_("recording stops, goes on")),
        ("-c:excused  +c  +g:member", N_("C leaves, returns; G is new")),
        ("~  ~17  ~17: ac", N_("take back the last, record 17; correct it")),
        ("@-300 ~b=f,f=b", N_("B and F were exchanged for 300 s")),
        ("@-20 ...  @12:04 ...", N_("20 s ago; at 12:04")),
        (";  #b: ...", N_("look again; note about B")),
        ("gaze.shifted seat=A level=3", N_("a plugin's event, alone on its line")),
    ]
    lines = [f"  {what:<26}{shell._(text)}" for what, text in rules]
    lines.append("")
    lines += [f"  ?{f.key}  {shell.label(f.label)}" for book in books for f in book.families if f.key]
    return "\n".join(lines)
