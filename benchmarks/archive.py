"""Rows 7 to 9: four questions over many sessions, asked of the archive and of what one would have instead.

q1 turns and talk of each person in each session, q2 the edges of each session's network, q3 gaps and overlaps between
turns (LAG), q4 the Gini coefficient of talk. Each answer is brought down to a few sums, the same on every side and
compared: what is measured is the work, not how fast Python takes rows.

The archive is a part as `tk archive` writes it (`archive.copy_sorted`), asked through `relations.connect` as `tk
query` asks it: views, 1 GB, two threads, locked. The other sides are kindly treated: the native table is written in
the archive's order; SQLite has only the columns that are asked for, in the archive's order, and a second time clustered by
kind and session; Polars scans the same part; Python decodes only these columns, and skips what it need not decode by
the first bytes of a line. Opening and loading are before the clock, and everything is in memory: hot.
"""

from __future__ import annotations

import multiprocessing
import resource
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from math import isclose
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb
import msgspec
import polars as pl
from data import DATA, made, many_rows
from measure import Table, Target, at_least, at_most, interleave, paired, talk

from tkcore.archive import FORMAT, connected, copy_sorted
from tkcore.relations import PartFile, Sources, columns, connect, literal

Answer = Sequence[float]
Ask = Callable[[str], Answer]
Costs = dict[str, list[float]]

TEN_MILLION = 10_000_000
LIMITS = {"memory_limit": "1GB", "threads": 2}

TALK = "select session, sender, count(*) as turns, sum(dur) as talk from turn group by session, sender"
QUERIES = {
    "q1": f"select count(*), sum(turns), sum(talk) from ({TALK})",
    "q2": """select count(*), sum(acts), sum(weights) from (
        select session, sender, receiver, count(*) as acts, sum(weight) as weights from address group by 1, 2, 3)""",
    "q3": """select count(*), sum(gaps), sum(cuts), sum(total) from (
        select session, count(*) filter (where gap > 0) as gaps, count(*) filter (where gap < 0) as cuts,
               sum(gap) as total
        from (select session, ts - lag(ts + dur) over (partition by session order by ts, n) as gap from turn)
        group by session)""",
    "q4": f"""select count(*), sum(gini) from (
        select session, 2e0 * sum(place * talk) / (count(*) * sum(talk)) - (count(*) + 1e0) / count(*) as gini
        from (select session, talk, row_number() over (partition by session order by talk) as place from ({TALK}))
        group by session)""",
}
VIEWS = [
    f"create view {kind} as select * from event where kind = '{kind}' and counted"
    for kind in ("turn", "address")
]
ASKED = ("kind", "session", "seq", "n", "ts", "dur", "counted", "sender", "receiver", "weight")
PARTS, NATIVE, POLARS = "tkcore's archive, a part", "DuckDB table", "Polars, the same part"
SESSIONS, NDJSON = "tkcore, a Parquet a session", "DuckDB, NDJSON of the rows"
SQLITE, PYTHON = "SQLite, the same SQL", "Python and msgspec, NDJSON"
CLUSTERED = SQLITE + ", clustered"


def archive(rounds: int, events: int) -> Table:
    data = Data(min(events, TEN_MILLION))
    ours = data.archive()
    quick = {PARTS: ours, NATIVE: data.native(), POLARS: _polars(data.part)}
    slow = {
        PARTS: ours,
        SESSIONS: data.sessions(),
        NDJSON: data.ndjson(),
        SQLITE: data.sqlite(SQLITE),
        CLUSTERED: data.sqlite(CLUSTERED),
        PYTHON: _python(data.rows),
    }
    _agree(quick | slow)
    rows: dict[str, tuple[str, ...]] = {}
    slower = {}
    for sides, times in ((quick, min(rounds, 15)), (slow, min(rounds, 3))):
        single: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in sides}
        costs = interleave({n: _timed(ask, single[n]) for n, ask in sides.items()}, times, lambda: None)
        for name, cost in costs.items():
            slower[name] = paired(cost, costs[PARTS])
            each = (f"{1000 * median(single[name][q]):,.0f}" for q in QUERIES)
            row = (name, str(times), *each, f"{1000 * median(cost):,.0f}", str(slower[name]), data.size(name))
            rows.setdefault(name, row)
        if sides is quick:
            native = paired(costs[PARTS], costs[NATIVE])
    return Table(
        f"Four queries over {data.count / 1e6:.1f} million rows",
        f"{data.names:,} sessions, hot; milliseconds of each query and of all four.",
        ("side", "rounds", *QUERIES, "all", "x the archive", "MB"),
        list(rows.values()),
        (
            at_most(7, "four queries, archive / DuckDB table", 1.3, native),
            at_most(7, "a Parquet a session / archive", 4, slower[SESSIONS]),
            at_most(7, "NDJSON of the rows / archive", 7, slower[NDJSON]),
            at_least(8, "SQLite / archive", 10, slower[SQLITE]),
            at_least(8, "SQLite, clustered by kind and session / archive", 10, slower[CLUSTERED]),
            at_least(8, "pure Python / archive", 8, slower[PYTHON]),
            at_least(8, "Polars / archive", 1, slower[POLARS]),
        ),
    )


def hundred(rounds: int, events: int) -> Table:
    """Row 9: ten parts against one, with 4 GB, in a process of its own whose memory is its own."""
    if events < 10 * TEN_MILLION:
        return Table(
            "Four queries over 100 million rows",
            "Not measured: `--events 1e8` does.",
            ("side", *QUERIES),
            [],
            [Target(9, "1e8 rows, 4 GB: q1, q2, q4 / q1 over 1e7", "<= 15.00", "on request", None)],
        )
    data = Data(TEN_MILLION)
    parts = data.ten_parts()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        one, ten, peak = pool.apply(_linear, (str(data.part), parts, min(rounds, 5)))
    ratios = {q: paired(ten[q], one["q1"]) for q in QUERIES}
    return Table(
        f"Four queries over {10 * data.count / 1e6:.0f} million rows",
        f"{min(rounds, 5)} rounds, {10 * data.names:,} sessions in ten parts, memory_limit 4 GB, "
        f"peak resident {peak / 1e6:.1f} GB, no query refused; milliseconds.",
        ("side", *QUERIES),
        [
            (name, *(f"{1000 * median(costs[q]):,.0f}" for q in QUERIES))
            for name, costs in (("one part", one), ("ten parts", ten))
        ]
        + [("ten parts / q1 over one part", *(str(ratios[q]) for q in QUERIES))],
        [at_most(9, f"1e8 rows, 4 GB: {q} / q1 over 1e7", 15, ratios[q]) for q in ("q1", "q2", "q4")],
    )


def _linear(one: str, ten: list[str], rounds: int) -> tuple[Costs, Costs, int]:
    def side(paths: list[str]) -> tuple[Ask, Costs]:
        con = connect(Sources(event_parts=tuple(map(PartFile, paths))), "turn address", memory="4GB")
        return _duck(con), defaultdict(list)

    sides = {"one": side([one]), "ten": side(ten)}
    interleave({name: _timed(ask, costs) for name, (ask, costs) in sides.items()}, rounds, lambda: None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return sides["one"][1], sides["ten"][1], peak


def _timed(ask: Ask, costs: Costs) -> Callable[[], float]:
    def once() -> float:
        whole = 0.0
        for name in QUERIES:
            start = perf_counter()
            ask(name)
            costs[name].append(perf_counter() - start)
            whole += costs[name][-1]
        return whole

    return once


def _agree(sides: dict[str, Ask]) -> None:
    """Stop where two sides do not say the same; each has been asked once then, and is hot."""
    first: dict[str, Answer] = {}
    for side, ask in sides.items():
        talk(f"  {side}\n")
        for name in QUERIES:
            answer = ask(name)
            wanted = first.setdefault(name, answer)
            if not all(isclose(a, b, rel_tol=1e-9) for a, b in zip(answer, wanted, strict=True)):
                raise SystemExit(f"{side} answers {answer} to {name}, {next(iter(sides))} {wanted}")


# -- the sides -------------------------------------------------------------------------------------------


class Data:
    """The rows, and the files made of them in benchmarks/.data."""

    def __init__(self, events: int) -> None:
        self.folder = DATA / f"{events}-{FORMAT}"
        self.rows = many_rows(events, self.folder)
        self.part = made(self.folder / "event.parquet", self._part)
        with duckdb.connect(":memory:") as con:
            found = con.execute(
                f"select count(*), count(distinct session) from read_parquet({literal(str(self.part))})"
            ).fetchone()
        self.count, self.names = found or (0, 0)
        self.files: dict[str, Path] = {
            PARTS: self.part,
            POLARS: self.part,
            NDJSON: self.rows,
            PYTHON: self.rows,
        }

    def size(self, side: str) -> str:
        path = self.files[side]
        each = path.iterdir() if path.is_dir() else (path,)
        return f"{sum(file.stat().st_size for file in each) / 1e6:,.0f}"

    def _part(self, draft: Path) -> None:
        with TemporaryDirectory(dir=draft.parent) as place, connected(Path(place)) as con:
            copy_sorted(con, "event", [], self.rows, draft)

    def archive(self) -> Ask:
        return _duck(connect(Sources(event_parts=(PartFile(str(self.part)),)), "turn address"))

    def sessions(self) -> Ask:
        """Each session in the file that closing makes of it."""

        def make(draft: Path) -> None:
            draft.mkdir()
            with duckdb.connect(":memory:") as con:
                con.execute(
                    f"create table event as from read_parquet({literal(str(self.part))}) where session like 'c000/%'"
                )
                real = [
                    name
                    for (name,) in con.execute("select distinct session from event order by 1").fetchall()
                ]
                for at, session in enumerate(real):
                    con.execute(
                        f"create or replace temp table own as from event where session = {literal(session)}"
                    )
                    for copy in range(self.names // len(real)):
                        name = f"c{copy:03d}/{session.partition('/')[2]}"
                        con.execute(
                            f"copy (select * replace ({literal(name)} as session) from own order by kind, session, seq, n) "
                            f"to {literal(str(draft / name.replace('/', '-')))} (format parquet, compression zstd)"
                        )
                    talk(f"\r  session {at + 1} of {len(real)} ")
            talk("\n")

        self.files[SESSIONS] = folder = made(self.folder / "sessions", make)
        paths = tuple(sorted(map(str, folder.iterdir())))
        return _duck(connect(Sources(event_parquet=paths), "turn address"))

    def native(self) -> Ask:
        def make(draft: Path) -> None:
            with duckdb.connect(draft) as con:
                con.execute(f"create table event as from read_parquet({literal(str(self.part))})")
                for view in VIEWS:
                    con.execute(view)

        self.files[NATIVE] = path = made(self.folder / "native.duckdb", make)
        return _duck(duckdb.connect(path, read_only=True, config=LIMITS))

    def ndjson(self) -> Ask:
        con = duckdb.connect(":memory:", config=LIMITS)
        shape = ", ".join(f"{name}: '{kind}'" for name, kind in columns("event").items())
        con.execute(
            f"create view event as from read_json({literal(str(self.rows))}, format = 'newline_delimited', columns = {{{shape}}})"
        )
        for view in VIEWS:
            con.execute(view)
        return _duck(con)

    def sqlite(self, side: str) -> Ask:
        key = ", primary key (kind, session, seq, n)) without rowid" if side == CLUSTERED else ")"

        def make(draft: Path) -> None:
            db, con = sqlite3.connect(draft), duckdb.connect(":memory:")
            db.execute("pragma journal_mode = off")
            db.execute(f"create table event ({', '.join(ASKED)}{key}")
            rows = con.execute(f"select {', '.join(ASKED)} from read_parquet({literal(str(self.part))})")
            while some := rows.fetchmany(100_000):
                db.executemany(f"insert into event values ({', '.join('?' * len(ASKED))})", some)
            for view in VIEWS:
                db.execute(view)
            db.commit()
            db.close()

        name = "clustered" if side == CLUSTERED else "plain"
        self.files[side] = path = made(self.folder / f"{name}.sqlite", make)
        db = sqlite3.connect(path)
        db.execute("pragma mmap_size = 8000000000")
        db.execute("pragma temp_store = memory")
        return lambda name: db.execute(QUERIES[name]).fetchone()

    def ten_parts(self) -> list[str]:
        """Return ten parts of ten times the sessions, each in the archive's order like the one they come from."""

        def make(draft: Path) -> None:
            draft.mkdir()
            with duckdb.connect(":memory:", config=LIMITS) as con:
                for copy in range(10):
                    con.execute(
                        f"copy (select * replace ('{copy}' || session as session) from read_parquet({literal(str(self.part))})) "
                        f"to {literal(str(draft / f'event-{copy:06d}.parquet'))} (format parquet, compression zstd)"
                    )

        return sorted(map(str, made(self.folder / "ten", make).iterdir()))


def _duck(con: duckdb.DuckDBPyConnection) -> Ask:
    return lambda name: con.execute(QUERIES[name]).fetchone() or ()


def _polars(part: Path) -> Ask:
    event = pl.scan_parquet(part).filter(pl.col("counted"))
    turn, address = (event.filter(pl.col("kind") == kind) for kind in ("turn", "address"))
    talked = turn.group_by("session", "sender").agg(turns=pl.len(), talk=pl.col("dur").sum())
    edges = address.group_by("session", "sender", "receiver").agg(
        acts=pl.len(), weights=pl.col("weight").sum()
    )
    last = (pl.col("ts") + pl.col("dur")).shift()
    gaps = (
        turn.sort("session", "ts", "n")
        .select(
            "session", gap=pl.when(pl.col("session") == pl.col("session").shift()).then(pl.col("ts") - last)
        )
        .group_by("session")
        .agg(gaps=(pl.col("gap") > 0).sum(), cuts=(pl.col("gap") < 0).sum(), total=pl.col("gap").sum())
    )
    place, talk_, n = pl.col("talk").rank("ordinal"), pl.col("talk"), pl.len()
    gini = talked.group_by("session").agg(gini=2.0 * (place * talk_).sum() / (n * talk_.sum()) - (n + 1) / n)
    asked = {
        "q1": talked.select(pl.len(), pl.col("turns").sum(), pl.col("talk").sum()),
        "q2": edges.select(pl.len(), pl.col("acts").sum(), pl.col("weights").sum()),
        "q3": gaps.select(pl.len(), pl.col("gaps").sum(), pl.col("cuts").sum(), pl.col("total").sum()),
        "q4": gini.select(pl.len(), pl.col("gini").sum()),
    }
    return lambda name: asked[name].collect().row(0)


class Line(msgspec.Struct, gc=False):
    """Of a row what the four queries ask for."""

    session: str
    n: int
    ts: int
    counted: bool
    sender: str
    dur: int | None = None
    receiver: str = ""
    weight: int = 0


def _python(rows: Path) -> Ask:
    decode = msgspec.json.Decoder(Line).decode

    def lines(kind: bytes) -> Iterator[Line]:
        begin = b'{"kind":"%s",' % kind
        with rows.open("rb") as file:
            for line in file:
                if line.startswith(begin):
                    row = decode(line)
                    if row.counted:
                        yield row

    def talked() -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
        turns, length = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for turn in lines(b"turn"):
            key = (turn.session, turn.sender)
            turns[key] += 1
            length[key] += turn.dur or 0
        return turns, length

    def q1() -> Answer:
        turns, length = talked()
        return len(turns), sum(turns.values()), sum(length.values())

    def q2() -> Answer:
        acts, weights = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
        for address in lines(b"address"):
            key = (address.session, address.sender, address.receiver)
            acts[key] += 1
            weights[key] += address.weight
        return len(acts), sum(acts.values()), sum(weights.values())

    def q3() -> Answer:
        turns: defaultdict[str, list[tuple[int, int, int | None]]] = defaultdict(list)
        for turn in lines(b"turn"):
            turns[turn.session].append((turn.ts, turn.n, turn.dur))
        found = []
        for own in turns.values():
            own.sort()
            found += [b[0] - a[0] - a[2] for a, b in zip(own, own[1:], strict=False) if a[2] is not None]
        return len(turns), sum(gap > 0 for gap in found), sum(gap < 0 for gap in found), sum(found)

    def q4() -> Answer:
        sessions: defaultdict[str, list[int]] = defaultdict(list)
        for (session, _), length in talked()[1].items():
            sessions[session].append(length)
        whole = 0.0
        for own in sessions.values():
            n = len(own)
            whole += (
                2 * sum(at * length for at, length in enumerate(sorted(own), 1)) / (n * sum(own))
                - (n + 1) / n
            )
        return len(sessions), whole

    asked: dict[str, Callable[[], Answer]] = {"q1": q1, "q2": q2, "q3": q3, "q4": q4}
    return lambda name: asked[name]()
