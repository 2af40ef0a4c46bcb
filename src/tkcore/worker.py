"""The process that runs one plugin: it loads it, says what it adds, then answers one job after the other.

`WORK` says who does a job; a module is loaded with the first job of its kind. Everything a plugin does wrong here is
an answer; what it does to this process stays in this process.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct, field, json

from tkcore import jobs as j
from tkcore.analyses import Analysis, Failed, Origin, Outcome, run, settle, where
from tkcore.codebook import Codebook, parse
from tkcore.config import Workspace
from tkcore.confinement import confined
from tkcore.disk import Disk
from tkcore.errors import TkError
from tkcore.groups import Group, meeting_result, run_group
from tkcore.plugins import Broken, Found, Plugin, Refusal, find, load, offered
from tkcore.presenting import presented
from tkcore.reading import books, families_by_kind, read_session
from tkcore.session import Session

WORK: dict[type[Struct], str] = {
    j.Analyze: "tkcore.worker:analyze",
    j.OfGroup: "tkcore.worker:of_group",
    j.Listen: "tkcore.listening:listen",
    j.GiveCodebook: "tkcore.worker:give_codebook",
    j.Draw: "tkcore.drawing:draw",
    j.ReadFile: "tkcore.converting:read_file",
    j.WriteFile: "tkcore.converting:write_file",
}
"""The function for each kind of job: of the job and the bench, it returns an answer or raises TkError."""


class Bench(Struct, kw_only=True):
    """What a worker has at hand: its plugin, and what it keeps from one job to the next."""

    plugin: Plugin
    memory: int
    largest: int
    disk: Disk = field(default_factory=Disk)
    books: dict[str, list[Codebook]] = {}
    lent: dict[str, Plugin | Broken] = {}
    kept: dict[str, Any] = {}
    """For jobs that follow something: whatever they keep, by a key of their own."""

    def codebooks(self, root: str) -> list[Codebook]:
        """Return the codebooks of a workspace, as they were when it was first asked about."""
        if root not in self.books:
            self.books[root] = books(Workspace(Path(root)))
        return self.books[root]

    def families(self, root: str) -> Mapping[str, frozenset[str]]:
        return families_by_kind(self.codebooks(root), self.plugin.events)

    def analysis(self, name: str) -> Origin[Analysis]:
        """Return an analysis of the plugin's. Raises TkError."""
        return origin_of(self.plugin, name)


def origin_of(plugin: Plugin, name: str) -> Origin[Analysis]:
    """Return an analysis of a plugin's and where it comes from. Raises TkError."""
    for one in plugin.analyses:
        if one.name == name:
            return Origin(one, plugin.found.distribution, plugin.found.version)
    raise TkError("the plugin {plugin} has no analysis {name}", plugin=plugin.found.name, name=name)


def main(channel: socket.socket, begun: bytes) -> None:
    """Be a worker until the channel ends."""
    start = json.decode(begun, type=j.Start)
    confined(
        lambda: serve(channel, start),
        channel,
        start.place,
        start.memory,
        aside=start.aside,
        debug=start.debug,
    )


def serve(channel: socket.socket, start: j.Start) -> None:
    """Load the plugin, say what it adds, and answer each line that comes with one line."""
    plugin, said = loaded(start)
    channel.sendall(json.encode(said) + b"\n")
    if plugin is None:
        return
    bench = Bench(plugin=plugin, memory=start.memory, largest=start.largest)
    for line in channel.makefile("rb"):
        channel.sendall(answer(json.decode(line, type=j.Job), bench) + b"\n")


def loaded(start: j.Start) -> tuple[Plugin | None, j.Loaded]:
    """Return the plugin, found again by its names, and what is said of it."""
    who = {"plugin": start.name, "distribution": start.distribution}
    found = _found(start.name, start.distribution)
    if found is None:
        gone = Refusal(**who, version="", stage="find", error="it is no longer installed")
        return None, j.Loaded(refusal=gone)
    try:
        plugin = load(found)
        said = offered(plugin)
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything; it is shown
        raised = f"{type(error).__name__}: {error}"
        return None, j.Loaded(refusal=Refusal(**who, version=found.version, stage="import", error=raised))
    if isinstance(said, Refusal):
        return None, j.Loaded(refusal=said)
    assert isinstance(plugin, Plugin)
    return plugin, j.Loaded(offer=said)


def _found(name: str, distribution: str | None = None) -> Found | None:
    return next((f for f in find() if f.name == name and distribution in (None, f.distribution)), None)


def answer(job: j.Job, bench: Bench) -> bytes:
    """Return the answer to a job as JSON; whatever goes wrong is one too."""
    module, _, name = WORK[type(job)].partition(":")
    try:
        said = json.encode(getattr(import_module(module), name)(job, bench))
    except TkError as error:
        said = json.encode(j.refused(error))
    except MemoryError:
        said = json.encode(j.Stopped(stage="memory", error=too_much(bench)))
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything; it is an answer
        said = json.encode(j.Stopped(stage="run", error=f"{type(error).__name__}: {error}"))
    if len(said) > bench.largest:
        said = json.encode(j.Stopped(stage="size", error=too_large(len(said), bench.largest)))
    return said


def too_much(bench: Bench) -> str:
    return f"needed more than {bench.memory >> 20} MB"


def too_large(size: int, largest: int) -> str:
    return f"the answer has {size:,} bytes; at most {largest:,} are taken"


def give_codebook(job: j.GiveCodebook, bench: Bench) -> j.CodebookFile:
    """Return the file of a codebook of the plugin's. Raises TkError."""
    for file in bench.plugin.codebooks:
        text = file.read_bytes()
        if parse(text, file.name).name == job.name:
            return j.CodebookFile(text.decode())
    raise TkError("the plugin {plugin} has no codebook {name}", plugin=bench.plugin.found.name, name=job.name)


# -- analyses --------------------------------------------------------------------------------------------------


def session_of(bench: Bench, job: j.Analyze | j.WriteFile) -> tuple[Session, frozenset[str]]:
    """Return a session as far as its head in the job, and the families captured in it. Raises TkError."""
    read = read_session(Workspace(Path(job.root)), job.session, bench.disk)
    read.records = [record for record in read.records if record.seq <= job.head.seq]
    made = presented(read.records, job.session, job.head, bench.codebooks(job.root), bench.plugin.events)
    return made.session, made.captured


def analyze(job: j.Analyze, bench: Bench) -> j.Analysed:
    """Return what comes of each analysis over a session. Raises TkError where it cannot be read."""
    session, captured = session_of(bench, job)
    families = bench.families(job.root)
    outcomes = []
    for asked in job.asked:
        origin = bench.analysis(asked.name)

        def of(origin: Origin[Analysis] = origin, asked: j.Asked = asked) -> Outcome:
            return run(origin, session, captured=captured, families=families, params=asked.params)

        outcomes.append(_bounded(origin, asked, of, bench))
    return j.Analysed(tuple(outcomes))


def of_group(job: j.OfGroup, bench: Bench) -> j.Analysed:
    """Return what comes of a group function over the outcomes of its meetings. Raises TkError."""
    origin = bench.analysis(job.asked.name)

    def of() -> Outcome:
        results = {
            need: [
                meeting_result(lent(bench, job.lenders[need], need), job.meetings[h.meeting], h.outcome)
                for h in held
            ]
            for need, held in job.results.items()
        }
        return run_group(origin, Group(job.group, job.meetings, results), job.asked.params)

    return j.Analysed((_bounded(origin, job.asked, of, bench),))


def lent(bench: Bench, name: str, analysis: str) -> Origin[Analysis]:
    """Return an analysis; another plugin's is loaded here, for the types of its results. Raises TkError."""
    if name == bench.plugin.found.name:
        return bench.analysis(analysis)
    if name not in bench.lent:
        found = _found(name)
        if found is None:
            raise TkError("the plugin {plugin} is no longer installed", plugin=name)
        bench.lent[name] = load(found)
    lender = bench.lent[name]
    if isinstance(lender, Broken):
        raise TkError("the plugin {plugin} is broken: {error}", plugin=name, error=lender.error)
    return origin_of(lender, analysis)


def _bounded(
    origin: Origin[Analysis], asked: j.Asked, of: Callable[[], Outcome], bench: Bench
) -> j.AnyOutcome:
    """Return an outcome that can be told: whatever was raised is Failed, and so is a giant."""
    stage = "run"
    try:
        outcome: Any = of()
        if not isinstance(outcome, Failed):
            size = len(json.encode(outcome))
            if size <= bench.largest // 4:
                return outcome  # type: ignore[no-any-return]
            stage, error = "size", too_large(size, bench.largest // 4)
        elif outcome.error.startswith("MemoryError"):
            stage, error = "memory", too_much(bench)
        else:
            return outcome
    except MemoryError:
        stage, error = "memory", too_much(bench)
    except BaseException as raised:  # noqa: BLE001 - not even KeyboardInterrupt ends the others
        error = str(raised) if isinstance(raised, TkError) else f"{type(raised).__name__}: {raised}"
    params: Mapping[str, Any] = asked.params
    with suppress(TkError):
        params = settle(origin.what, asked.params)
    return Failed(**where(origin, params), stage=stage, error=error)
