"""Measure tkcore side by side with what one would use instead: `make bench`.

Rows 1 to 13 are those of "Targets" in the storage reference, 14 to 16 are of plugins, the others of the capture page. Nothing here passes or fails:
a table says what was measured and which targets were missed; with --write it becomes a generated part of README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import append
import archive
import closing
import live
import network
import page
import query
import replay
import startup
from measure import Table, file_system, load, machine, markdown, talk

import plugins

TABLES: tuple[tuple[tuple[int, ...], Callable[[argparse.Namespace], Table | list[Table]]], ...] = (
    ((1, 2), lambda asked: append.durable(asked.rounds, asked.folder)),
    ((3,), lambda asked: append.batched(asked.rounds, asked.folder)),
    ((4,), lambda asked: append.buffered(asked.rounds, asked.folder)),
    ((5,), lambda asked: replay.replay(asked.rounds, asked.folder)),
    ((6,), lambda asked: query.query(asked.rounds, asked.folder)),
    ((7, 8), lambda asked: archive.archive(asked.rounds, asked.events)),
    ((9,), lambda asked: archive.hundred(asked.rounds, asked.events)),
    ((10, 11), lambda asked: startup.startup(asked.rounds, asked.folder)),
    ((12,), lambda asked: network.network(asked.rounds, asked.folder)),
    ((13,), lambda asked: closing.closing(asked.rounds, asked.folder)),
    ((14, 15), lambda asked: plugins.plugins(asked.rounds, asked.folder)),
    ((16,), lambda asked: live.live(asked.rounds, asked.folder)),
    (tuple(range(17, 27)), lambda asked: page.page(asked.rounds, asked.folder)),
)
ROWS = tuple(row for rows, _ in TABLES for row in rows)
MET = {True: "yes", False: "NO", None: "-"}
README = Path(__file__).with_name("README.md")
END = "<!-- end -->"
PARTS = {
    tuple(range(1, 14)): "<!-- begin: benchmarks/run.py --write -->",
    (14, 15, 16): "<!-- begin: benchmarks/run.py --only plugins live --write -->",
    tuple(range(17, 27)): "<!-- begin: benchmarks/run.py --only page --write -->",
}
"""The parts of README.md that are measured and written apart: their rows, and the line each begins with."""
NAMES = {"plugins": (14, 15), "live": (16,), "page": tuple(range(17, 27))}


def main() -> None:
    asked = _arguments()
    if file_system(asked.folder) in ("tmpfs", "ramfs"):
        sys.exit(f"{asked.folder} is in memory: no sync costs anything there. Choose a disk with --folder")
    before, tables = load(), list[Table]()
    for rows, measured in TABLES:
        if set(rows) & set(asked.rows):
            talk(f"rows {', '.join(map(str, rows))}\n")
            found = measured(asked)
            tables += found if isinstance(found, list) else [found]
    text = _report(tables, [*machine(asked.folder), f"load: {before} before, {load()} after"])
    print(text)
    if asked.write:
        _write(text, PARTS[asked.rows])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "--rows", type=int, nargs="+", choices=ROWS, help="the targets to measure (default: 1 to 13)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, metavar="NAME", help=f"by name: {', '.join(NAMES)}"
    )
    parser.add_argument("--rounds", type=int, default=51, help="interleaved rounds (default 51; 15 to claim)")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(sys.prefix),
        help="where to write (default: this Python's own folder)",
    )
    parser.add_argument(
        "--events",
        type=lambda text: int(float(text)),
        choices=(1_000_000, 10_000_000, 100_000_000),
        default=10_000_000,
        help="rows of the archive: 1e6 to try, 1e7 (default); 1e8 measures row 9 too",
    )
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/README.md")
    asked = parser.parse_args()
    storage, *_ = PARTS
    if asked.only:
        asked.rows = [*(asked.rows or ()), *(row for name in asked.only for row in NAMES[name])]
    asked.rows = tuple(sorted(set(asked.rows or storage)))
    if asked.write and (asked.rows not in PARTS or asked.rounds < 15):
        parser.error(
            "--write needs all rows of a part (1 to 13, --only plugins live, or --only page), and at least 15 rounds"
        )
    if asked.write and asked.rows == storage and asked.events < 10_000_000:
        parser.error("--write of rows 1 to 13 needs 1e7 events")
    return asked


def _report(tables: Sequence[Table], described: Sequence[str]) -> str:
    targets = [target for table in tables for target in table.targets]
    parts = [
        "```",
        *described,
        f"command: python benchmarks/{' '.join([Path(sys.argv[0]).name, *sys.argv[1:]])}",
        "```",
    ]
    parts += [
        "",
        "## Targets",
        "",
        "Medians of the paired per-round ratios, [least..most] of all rounds.",
        "",
    ]
    parts.append(
        markdown(
            ("row, target", "bound", "measured", "met"),
            [(f"{t.row}, {t.what}", t.bound, t.measured, MET[t.met]) for t in targets],
        )
    )
    for table in tables:
        parts += (
            ["", f"## {table.title}", "", table.note, "", markdown(table.head, table.rows)]
            if table.rows
            else ["", f"## {table.title}", "", table.note]
        )
    return "\n".join(parts)


def _write(text: str, begin: str) -> None:
    """Replace what stands between a part's two markers."""
    page = README.read_text(encoding="utf-8")
    before, rest = page.split(begin)
    _, after = rest.split(END, 1)
    README.write_text(f"{before}{begin}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
