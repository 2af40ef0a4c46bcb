"""What the how-tos show is a plugin that loads, passes its tests and does what the page says."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path

import pytest
from pages import DOCS, Block, blocks, run, same

from tkcore.alerts import FALL, RISE, Policy
from tkcore.plugins import Plugin, find, load, offered

PAGES = sorted((DOCS / "how-to").glob("*.md"))
IDS = [page.stem for page in PAGES]


def write(page: Path, root: Path) -> Path:
    """Write a page's package as if it were installed, and return the folder to import it from."""
    for block in blocks(page):
        if block.file:
            path = root / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
    site = root / "src"
    about = site / "tkcore_gaze-0.1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tkcore-gaze\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text("[tkcore.v1]\ngaze = tkcore_gaze\n")
    files = [
        *site.glob("tkcore_gaze/**/*.*"),
        about / "METADATA",
        about / "entry_points.txt",
        about / "RECORD",
    ]
    (about / "RECORD").write_text("".join(f"{path.relative_to(site)},,\n" for path in files))
    return site


@pytest.fixture
def site(request, tmp_path, monkeypatch):
    """The page's package, importable here and nowhere else."""
    made = write(request.param, tmp_path / "tkcore-gaze")
    monkeypatch.syspath_prepend(str(made))
    yield made
    for name in [n for n in sys.modules if n.partition(".")[0] in ("tkcore_gaze", "page_tests")]:
        del sys.modules[name]


@pytest.mark.parametrize("site", PAGES, ids=IDS, indirect=True)
def test_loads(site):
    """Each page's files are a plugin without a fault, and what it adds can be told in plain values."""
    (found,) = find(distributions(path=[str(site)]))
    loaded = load(found)
    assert isinstance(loaded, Plugin), loaded
    offer = offered(loaded)
    assert offer.plugin == "gaze"


@pytest.mark.parametrize("site", PAGES, ids=IDS, indirect=True)
def test_tests_pass(site, monkeypatch):
    """Each page's own tests pass; those that need fixtures run with the commands."""
    monkeypatch.syspath_prepend(str(site.parent / "tests"))
    for path in sorted((site.parent / "tests").glob("test_*.py")):
        sys.modules.pop(path.stem, None)
        module = import_module(path.stem)
        sys.modules["page_tests"] = sys.modules.pop(path.stem)
        tests = [f for name, f in vars(module).items() if name.startswith("test_")]
        assert tests
        for test in tests:
            if not inspect.signature(test).parameters:
                test()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands(page, tmp_path):
    """Each page's commands print what the page says, in a workspace with a simulated session `g/s1`."""
    site = write(page, tmp_path / "tkcore-gaze")
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "PYTHONPATH": str(site),
    }
    first = Block(
        "",
        0,
        "console",
        "",
        "$ tk init --plain klinik\n$ cd klinik\n$ tk simulate --group g --session s1 --minutes 10 --seed 1\n",
    )
    tests = Block("", 0, "console", "", "$ python -m pytest -q -p no:cacheprovider ../tkcore-gaze/tests\n")
    parts = [b for b in blocks(page) if b.language == "console"]
    has_tests = any(b.file.startswith("tests/") for b in blocks(page))
    wrong = run([first, *parts, *([tests] if has_tests else [])], tmp_path, env)
    assert not wrong, "\n\n".join(wrong)


def test_same():
    """`...` stands for anything, and nothing else does."""
    assert same("a ... c\n", "a b b c\n")
    assert same("...\nend\n", "x\ny\nend\n")
    assert not same("a c\n", "a b c\n")
    assert not same("a ... c\n", "a b d\n")


def test_rules_of_alerts():
    """What docs/how-to/go-live.md says of raised and shown alerts are the numbers in the code."""
    page, rules = (DOCS / "how-to" / "go-live.md").read_text("utf-8"), Policy()
    assert f"said at {RISE} ticks in a row; lowered when it was not said at {FALL} ticks in a row" in page
    assert f"not in the first {rules.quiet // 60_000} minutes; one a minute at most" in page
    assert rules.apart == 60_000
    assert f"not for {rules.snooze // 60_000} minutes after it was dismissed" in page


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_conforms(page, tmp_path):
    """What each page shows holds the laws that it preaches."""
    site = write(page, tmp_path / "tkcore-gaze")
    (tmp_path / "test_page.py").write_text(
        "import tkcore_gaze\nfrom tkcore.testing import conformance\n\ntest_conforms = conformance(tkcore_gaze, name='gaze')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_page.py")],
        check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(site)}, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
