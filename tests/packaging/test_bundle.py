"""The bundle: what a hospital without a network installs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
INSTALL = "python3 -m venv tk && tk/bin/pip install --no-index --find-links wheels --require-hashes -r requirements.txt"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, str]:
    """The zip of `make bundle`, and what the command said."""
    into = tmp_path_factory.mktemp("dist")
    # -o: the environment that runs this test is the one that is set up, however old its mark is
    words = [
        "make",
        "-C",
        str(ROOT),
        "bundle",
        "-o",
        ".venv/ready",
        f"BIN={Path(sys.executable).parent}",
        f"DIST={into}",
    ]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = into.iterdir()
    return made, done.stdout


@pytest.fixture(scope="module")
def unpacked(made, tmp_path_factory) -> Path:
    """The bundle's folder, as its zip was unpacked."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(made[0]) as archive:
        archive.extractall(folder)
    (top,) = folder.iterdir()
    return top


@pytest.fixture(scope="module")
def installed(unpacked) -> dict[str, str]:
    """The environment of who has followed INSTALL.txt to the letter, without a network."""
    home = unpacked.parent / "home"
    home.mkdir()
    closed = {f"{p}_proxy": "http://127.0.0.1:9" for p in ("http", "https")}
    closed |= {name.upper(): value for name, value in closed.items()}
    env = {
        "PATH": f"{Path(sys.executable).resolve().parent}:/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8",
        "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **closed,
    }  # fmt: skip
    done = subprocess.run(
        ["sh", "-c", INSTALL], cwd=unpacked, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {**env, "PATH": f"{unpacked}/tk/bin:/usr/bin:/bin"}


def test_what_it_says(made):
    """`make bundle` names what it built, each wheel, and the SHA-256 of the zip."""
    zipped, said = made
    assert "tkcore-handbook 0.1.0" in said
    assert hashlib.sha256(zipped.read_bytes()).hexdigest() in said
    with zipfile.ZipFile(zipped) as archive:
        for name in archive.namelist():
            if name.endswith(".whl"):
                assert Path(name).name in said


def test_every_wheel_is_hashed(unpacked):
    """requirements.txt has each wheel once, by its exact version and SHA-256, and nothing else."""
    lines = (unpacked / "requirements.txt").read_text().splitlines()
    hashes = [re.fullmatch(r"[a-z0-9.-]+==\S+ --hash=sha256:([0-9a-f]{64})", line)[1] for line in lines]
    wheels = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in (unpacked / "wheels").iterdir()]
    assert sorted(hashes) == sorted(wheels)
    names = {line.split("==")[0] for line in lines}
    assert names >= {
        "tkcore",
        "tkcore-network",
        "tkcore-monopoly",
        "tkcore-process",
        "tkcore-handbook",
        "duckdb",
        "numpy",
    }


def test_install_in_two_languages(unpacked):
    """INSTALL.txt has the one command in Indonesian and in English, and says which Python it is for."""
    text = (unpacked / "INSTALL.txt").read_text("utf-8")
    assert text.count(INSTALL) == 2
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in text
    assert "jaringan tidak diperlukan" in text
    assert "no network is used" in text


def test_changed_wheel_is_refused(unpacked, tmp_path, clean_venv):
    """A wheel that is not the one of requirements.txt is not installed."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for wheel in (unpacked / "wheels").iterdir():
        (wheels / wheel.name).hardlink_to(wheel)
    (wheel,) = wheels.glob("click-*.whl")
    data = wheel.read_bytes()
    wheel.unlink()  # the bundle's own file stays as it is
    wheel.write_bytes(data + b"\0")
    done = clean_venv().run(
        "pip", "install", "--no-index", "--find-links", wheels, "--require-hashes", "-r", unpacked / "requirements.txt",
        code=1,
    )  # fmt: skip
    assert "HASH" in done.stderr


def test_it_works(installed, tmp_path):
    """From the bundle alone: a workspace with the handbook's plugins, a session, and every analysis of it done."""

    def tk(*words: str) -> str:
        done = subprocess.run(["tk", *words], cwd=tmp_path, env=installed, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stdout} {done.stderr}"
        return done.stdout

    assert re.fullmatch(r"tk \d+\.\d+\.\d+\n", tk("--version"))
    tk("init", "--plain", "klinik")
    on = [
        row
        for row in json.loads(tk("-w", "klinik", "plugins", "list", "--json"))
        if row["state"] == "enabled"
    ]
    assert {row["plugin"] for row in on} == {"network", "monopoly", "process"}
    tk("-w", "klinik", "simulate", "--group", "melati", "--session", "s1", "--minutes", "90", "--seed", "1")
    outcomes = json.loads(tk("-w", "klinik", "analyze", "melati/s1", "--json"))["outcomes"]
    assert {one["plugin"] for one in outcomes} == {"tkcore-network", "tkcore-monopoly", "tkcore-process"}
    assert {one["analysis"]: one["outcome"] for one in outcomes if one["outcome"] != "done"} == {}
    tk("-w", "klinik", "query", "select count(*) as turns from turn")
    tk("-w", "klinik", "verify")


def test_same_bytes(tmp_path, wheelhouse, bundler):
    """The same wheels are packed to the same bytes, whenever and wherever."""
    one = bundler.pack(wheelhouse, tmp_path / "one")
    for wheel in wheelhouse.iterdir():
        os.utime(wheel, (0, 0))
    other = bundler.pack(wheelhouse, tmp_path / "other")
    assert one.read_bytes() == other.read_bytes()


def test_our_wheels_are_the_same_bytes(tmp_path, wheelhouse, bundler):
    """A plugin of ours that is built again is the same wheel."""
    bundler.wheels(tmp_path)
    for wheel in tmp_path.glob("tkcore_*.whl"):
        assert wheel.read_bytes() == (wheelhouse / wheel.name).read_bytes()


def test_handbook_is_dependencies_only(unpacked):
    """tkcore-handbook has no code, and asks for tkcore and for each of our plugins."""
    (wheel,) = (unpacked / "wheels").glob("tkcore_handbook-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if ".dist-info/" not in name] == []
        (metadata,) = [
            archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA")
        ]
    asked = set(re.findall(r"^Requires-Dist: ([a-z-]+)", metadata, re.MULTILINE))
    ours = {folder.parent.name for folder in ROOT.glob("plugins/*/pyproject.toml")} - {"tkcore-handbook"}
    assert asked == ours | {"tkcore"}
