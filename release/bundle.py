# ruff: noqa: INP001 - a script of the repository, in no package
"""`make bundle`: one zip from which a computer without a network installs tkcore and its plugins.

It knows wheels, hashes and how to make the same bytes of the same sources. The versions of what others wrote are those
of the environment that runs it, which are the ones that were tested. What pip resolves or builds is pip's affair.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterable, Sequence
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
INSTALL = Path(__file__).with_name("INSTALL.txt")
WHEN = (2020, 2, 2, 0, 0, 0)
"""The time of every file in the zip, as hatchling has it in its wheels."""


def sources() -> list[Path]:
    """Return the folders of our own distributions, tkcore first."""
    return [ROOT, *sorted(project.parent for project in ROOT.glob("plugins/*/pyproject.toml"))]


def name_and_version(source: Path) -> tuple[str, str]:
    """Return what a distribution is called in its pyproject.toml, and its version."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["name"]), str(project["version"])


def tested(ours: Iterable[str]) -> list[str]:
    """Return the installed versions of what others wrote, as constraints."""
    own = {_normal(name) for name in ours} | {"pip", "setuptools"}
    found = {_normal(one.metadata["Name"]): one.version for one in distributions()}
    return sorted(f"{name}=={version}" for name, version in found.items() if name not in own)


def wheels(into: Path, also: Sequence[str] = ()) -> list[Path]:
    """Put wheels of our distributions, of `also`, and of all that they need into a folder; return ours.

    Ours go to pip as files: an index is never asked for their names.
    """
    with TemporaryDirectory() as scratch:
        built = Path(scratch, "ours")
        # hatchling is in this environment (extra "test"): with no isolation nothing is fetched to build
        _pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(built), *map(str, sources()))
        constraints = Path(scratch, "constraints.txt")
        constraints.write_text("\n".join(tested(name_and_version(s)[0] for s in sources())) + "\n", "utf-8")
        own = sorted(built.glob("*.whl"))
        _pip("wheel", "--prefer-binary", "-c", str(constraints), "-w", str(into), *map(str, own), *also)
        return [into / wheel.name for wheel in own]


def requirements(folder: Path) -> str:
    """Return the lines of a requirements file that admits the wheels of a folder and nothing else."""
    lines = []
    for wheel in sorted(folder.glob("*.whl"), key=lambda wheel: wheel.name.lower()):
        name, version = wheel.name.split("-")[:2]
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{_normal(name)}=={version} --hash=sha256:{digest}\n")
    return "".join(lines)


def bundle(into: Path) -> Path:
    """Build and collect the wheels, write the zip into a folder, and return it."""
    with TemporaryDirectory() as scratch:
        wheels(Path(scratch))
        return pack(Path(scratch), into)


def pack(folder: Path, into: Path) -> Path:
    """Write the zip of a folder of wheels into another folder and return it: the same bytes for the same wheels."""
    _, version = name_and_version(ROOT)
    python = ".".join(map(str, sys.version_info[:2]))
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    top = f"tkcore-bundle-{version}-cp{python.replace('.', '')}-{platform}"
    install = INSTALL.read_text("utf-8").format(version=version, python=python, platform=platform)
    files = {
        "INSTALL.txt": install.encode(),
        "requirements.txt": requirements(folder).encode(),
        **{f"wheels/{wheel.name}": wheel.read_bytes() for wheel in sorted(folder.glob("*.whl"))},
    }
    into.mkdir(parents=True, exist_ok=True)
    made = into / f"{top}.zip"
    unfinished = made.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:  # wheels are compressed already
        for name, data in files.items():
            entry = zipfile.ZipInfo(f"{top}/{name}", WHEN)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, data)
    unfinished.replace(made)
    return made


def _pip(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"pip {words[0]} could not do it; building needs a package index:\n{done.stderr}")


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def main() -> None:
    """Make the bundle and say what is in it."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "--into", type=Path, default=ROOT / "dist", help="the folder of the zip (default: dist)"
    )
    into = parser.parse_args().into
    own = ", ".join(" ".join(name_and_version(source)) for source in sources())
    sys.stdout.write(f"building {own}, and collecting what they need\n")
    made = bundle(into)
    with zipfile.ZipFile(made) as archive:
        names = [Path(name).name for name in archive.namelist() if name.endswith(".whl")]
    sys.stdout.write("".join(f"  {name}\n" for name in names))
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    sys.stdout.write(
        f"{made}: {len(names)} wheels, {made.stat().st_size / 1e6:.1f} MB\nsha256 {digest}\n"
        "How it is installed stands in its INSTALL.txt\n"
    )


if __name__ == "__main__":
    main()
