"""Run every fault test and write the table of the README: `python tests/faults/table.py --write`.

Without `--write` it prints the table. Exit code 1 if a test failed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
FAMILIES = {
    "F1": "cut at every byte", "F2": "every bit flipped", "F3": "every sector lost, garbage, stale",
    "F4": "every record deleted, doubled, swapped, edited, forged", "F5": "a commit torn in every subset of its sectors",
    "F6": "kill -9 of the real recorder, the same log again", "F7": "every call failing, and the power at every call",
    "F8": "every commit's sync failing", "F9": "file limits, real short writes", "F10": "folders a crash may leave",
    "F11": "readers beside a writer", "F12": "two writers, lock of a dead one", "F13": "wrong segments and manifests",
    "F14": "receipts", "F15": "golden logs (tests/test_golden.py)", "F16": "random histories against a model",
    "machines": "clocks, sleep, full and read-only disks, no locks, copies, no fcntl",
}  # fmt: skip


def run(report: Path) -> None:
    golden = [str(p) for p in (ROOT / "tests/test_golden.py",) if p.is_file()]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", "", f"--junitxml={report}", str(HERE), *golden],
        cwd=ROOT, check=False,
    )  # fmt: skip


def table(report: Path) -> tuple[str, int]:
    """Return the table of a JUnit report, and how many tests failed."""
    cases: Counter[str] = Counter()
    seconds: defaultdict[str, float] = defaultdict(float)
    failed: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for case in ET.parse(report).getroot().iter("testcase"):
        said = [p.get("value", "").split("=") for p in case.iter("property") if p.get("name") == "cases"]
        if "golden" in case.get("classname", ""):
            said = [["F15", "1"]]
        short = case.get("name", "").removeprefix("test_").partition("_")[0].upper()
        families = [family for family, _ in said] or [short if short in FAMILIES else "machines"]
        for family, n in said:
            cases[family] += int(n)
        seconds[families[0]] += float(case.get("time", 0))
        failed[families[0]] += any(case.find(kind) is not None for kind in ("failure", "error"))
        skipped[families[0]] += case.find("skipped") is not None
    rows = ["| | family | cases | s | result |", "|---|---|---:|---:|---|"]
    for family, what in FAMILIES.items():
        result = (
            "no tests yet"
            if not seconds[family]
            else f"{failed[family]} failed"
            if failed[family]
            else "0 broken"
        )
        if skipped[family]:
            result += f", {skipped[family]} skipped"
        rows.append(f"| {family} | {what} | {cases[family]:,} | {seconds[family]:.1f} | {result} |")
    rows.append(
        f"| | **all** | **{cases.total():,}** | **{sum(seconds.values()):.0f}** | {failed.total()} tests failed |"
    )
    return "\n".join(rows), failed.total()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        run(report)
        text, failed = table(report)
    print(text)
    if "--write" in sys.argv[1:]:
        readme = HERE / "README.md"
        head, _, rest = readme.read_text().partition(BEGIN)
        readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
