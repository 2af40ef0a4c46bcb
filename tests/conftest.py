"""Plugins laid on a path, and clean environments for slow tests: wheels of what stands here, virtual environments of them.

What runs in a clean one sees no source tree, no index and no network: a distribution that is not among the wheels
cannot be had. Building the wheels needs a package index once a run (about five seconds with pip's cache).
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ("hatchling", "pytest")
"""What a plugin's author has beside tkcore: what builds his package, and what tests it."""
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


@dataclass(frozen=True)
class CleanVenv:
    """A virtual environment in a folder of its own."""

    path: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def bin(self) -> Path:
        return self.path / "bin"

    def run(
        self, *words: str | Path, cwd: Path | None = None, code: int | None = 0, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, its own programs first on the path; `code` is what it must leave with, None whatever."""
        done = subprocess.run(
            [str(word) for word in words], cwd=cwd or self.path.parent, env={**self.env, **env},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        if code is not None and done.returncode != code:
            said = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            pytest.fail(f"{' '.join(map(str, words))}: left with {done.returncode}, not {code}\n{said}")
        return done


def lay(site: Path, name: str, code: str, distribution: str = "") -> None:
    """Lay a plugin of one module into a folder, as an installation would: it is there where the folder is on the path."""
    distribution = distribution or f"tk-{name}"
    site.mkdir(exist_ok=True)
    (site / f"tk_{name}.py").write_text(code)
    info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[tkcore.v1]\n{name} = tk_{name}\n")
    (info / "RECORD").write_text(f"tk_{name}.py,,\n")


@pytest.fixture(scope="session")
def laid() -> Callable[..., None]:
    """Lay a plugin on a path: `laid(folder, "gaze", CODE)`, then `PYTHONPATH=folder`."""
    return lay


@pytest.fixture(scope="session")
def bundler():
    """The module `release/bundle.py`, which is in no package."""
    spec = importlib.util.spec_from_file_location("bundle", ROOT / "release" / "bundle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory, bundler) -> Path:
    """A folder with wheels of tkcore, our plugins, all they need, hatchling and pytest: `pip install --find-links`."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # the processes of one run share it
    folder, ready = base / "wheelhouse", base / "wheelhouse-ready"
    with (base / "wheelhouse-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            bundler.wheels(folder, BESIDE)
            ready.touch()
    return folder


@pytest.fixture(scope="session")
def clean_venv(wheelhouse, tmp_path_factory) -> Callable[..., CleanVenv]:
    """Make a virtual environment with these packages: `clean_venv("tkcore", "pytest").run("tk", "--version")`."""

    def make(*packages: str | Path) -> CleanVenv:
        place = tmp_path_factory.mktemp("clean")
        home = place / "home"
        home.mkdir()
        made = CleanVenv(
            place / "venv",
            {
                "PATH": f"{place / 'venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin",
                "HOME": str(home), "LC_ALL": "C.UTF-8", "TMPDIR": str(place),
                "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1", **NO_NETWORK,
            },
        )  # fmt: skip
        subprocess.run(
            [sys.executable, "-m", "venv", made.path], check=True, env={**os.environ, "PYTHONPATH": ""}
        )
        if packages:
            made.run("pip", "install", "-q", *packages)
        return made

    return make
