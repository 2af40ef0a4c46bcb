"""`tk` as its users meet it, in processes of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time as clock
from pathlib import Path

import pytest

TK = [sys.executable, "-m", "tkcore"]
G1 = """
@0:00 t.=12;@0:13 at=27;@0:41 tb=5;@0:47 bt=13;@1:00.5 a.=34.5;@1:36 ca=4;@1:40 ac=30;@2:20 t.=6;@2:38 dt=12
@2:50 ad=30;@3:19 ca=5;@3:24.2 ac=25.8;@3:51 ba=5;@3:56 td=2;@3:59 db=11;@4:10.5 bd=7.5;@4:18 cd=4;@4:22 a.=18
@4:45 ta=5;@4:50 at=6;@4:56.5 cb=6.5;@5:03 bc=6;@5:10 dc=6;@5:16 t.=4
"""


def tk(*argv: str, where: Path, stdin: str = "", **env: str):
    found = subprocess.run(
        [*TK, *argv], check=False, input=stdin, capture_output=True, text=True, timeout=120,
        env={**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8", **env},
    )  # fmt: skip
    assert "Traceback" not in found.stderr + found.stdout
    return found


@pytest.fixture
def place(tmp_path):
    """A workspace made by `tk init`."""
    root = tmp_path / "ws"
    done = tk("init", "--plain", "--language", "en", str(root), where=root)
    assert done.returncode == 0, done.stderr
    return root


def opened(place, name="g/s", seats="T,A,B,C,D,E", *more):
    assert (
        tk("session", "open", name, "--seats", seats, "--clock", "given", *more, where=place).returncode == 0
    )


def modules_after(code: str, where: Path, stdin: str = "") -> set[str]:
    probe = f"import sys\nsys.argv=['tk']\n{code}\nprint('MODULES', *sorted(sys.modules), file=sys.stderr)"
    found = subprocess.run([sys.executable, "-c", probe], check=False, input=stdin, capture_output=True, text=True, env={**os.environ, "TK_WORKSPACE": str(where)})  # fmt: skip
    assert found.returncode == 0, found.stderr
    return {name.partition(".")[0] for name in found.stderr.rpartition("MODULES ")[2].split()}


HEAVY = {
    "duckdb",
    "structlog",
    "pyarrow",
    "asyncio",
    "rich",
    "networkx",
    "tkcore_network",
    "tkcore_monopoly",
    "tkcore_process",
    "numpy",
}


def test_help_and_recording_load_nothing_heavy(place):
    """`tk --help` and `tk record` load no database, no plugin, no table drawing."""
    assert (
        modules_after("from tkcore.cli import run; run(['--help'])", place) & (HEAVY | {"msgspec"}) == set()
    )
    opened(place)
    code = "from tkcore.cli import run; assert run(['record','s']) == 0"
    assert modules_after(code, place, "@0:00 ab !uu #note\n@0:05 <\n") & HEAVY == set()


def test_g1_typed_gives_g1(place):
    """G1 in the line grammar gives the numbers of science.md."""
    opened(place)
    lines = G1.strip().replace("\n", ";").split(";")
    assert tk("record", "s", where=place, stdin="\n".join(lines)).returncode == 0
    assert tk("session", "close", "s", "--at", "5:30", where=place).returncode == 0
    sheet = json.loads(tk("analyze", "s", "--json", where=place).stdout)
    value = {o["analysis"]: o["value"] for o in sheet["outcomes"]}
    summary, structure = value["network.summary"], value["network.structure"]
    assert [round(summary[k], 4) for k in ("density", "reciprocity", "rho", "reciprocity_weighted", "strength_out", "efficiency")] == [0.5333, 0.875, 0.7321, 0.8421, 0.1158, 0.25]  # fmt: skip
    assert [round(structure[k], 4) for k in ("theta", "dominance", "kappa")] == [0.3684, 0.0526, 1.0535]
    assert structure["structure"] == "insufficient"
    gini = {(s["of"], s["among"]): round(s["gini"], 4) for s in value["monopoly.inequality"]["spreads"]}
    assert gini == {("turns", "everyone"): 0.3056, ("turns", "members"): 0.3333, ("ms", "everyone"): 0.5272, ("ms", "members"): 0.5644}  # fmt: skip
    silences = json.loads(
        tk("query", "select ts, dur, breaker from silence order by ts", "--json", where=place).stdout
    )
    assert silences == [
        {"ts": 130_000, "dur": 10_000, "breaker": "T"}, {"ts": 146_000, "dur": 12_000, "breaker": "D"},
        {"ts": 280_000, "dur": 5000, "breaker": "T"}, {"ts": 320_000, "dur": 10_000, "breaker": None},
    ]  # fmt: skip
    assert len(value["network.exchange"]) == 16


def test_killed_in_the_middle_and_sent_again(place):
    """Kill -9 while 1,000 lines come in; the sender sends again what was not answered: each is there once."""
    opened(place)
    lines = [
        json.dumps({"id": f"{n:030x}", "line": f"@{n // 60}:{n % 60:02d} {'ab' if n % 2 else 'ba'} !uu"})
        for n in range(1000)
    ]
    child = subprocess.Popen([*TK, "record", "s", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "TK_WORKSPACE": str(place)})  # fmt: skip
    child.stdin.write("\n".join(lines).encode() + b"\n")
    child.stdin.flush()
    answered = [json.loads(child.stdout.readline())["id"] for _ in range(300)]
    child.send_signal(signal.SIGKILL)
    # communicate() alone would leave out what is buffered here, and begin in the middle of a line
    rest = child.stdout.read()
    child.communicate()
    answered += [json.loads(line)["id"] for line in rest.splitlines() if line.endswith(b"}")]
    unanswered = [line for line in lines if json.loads(line)["id"] not in set(answered)]
    assert 0 < len(unanswered) < 1000
    again = tk("record", "s", "--json", where=place, stdin="\n".join(unanswered) + "\n")
    assert again.returncode == 0
    assert {json.loads(line)["id"] for line in again.stdout.splitlines()} | set(answered) == {
        f"{n:030x}" for n in range(1000)
    }
    counts = json.loads(
        tk(
            "query",
            "select count(*) as n, count(distinct turn) as d, max(ts) as last from turn",
            "--json",
            where=place,
        ).stdout
    )
    assert counts == [{"n": 1000, "d": 1000, "last": 999_000}]
    assert json.loads(tk("query", "select count(*) as n from mark", "--json", where=place).stdout) == [
        {"n": 1000}
    ]
    assert tk("verify", where=place).returncode == 0


def test_the_second_writer_is_told_who_writes(place):
    """While one process records, another is refused by name, and readers go on."""
    opened(place)
    child = subprocess.Popen([*TK, "record", "s", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "TK_WORKSPACE": str(place)})  # fmt: skip
    child.stdin.write(b"@0:00 ab\n")
    child.stdin.flush()
    assert json.loads(child.stdout.readline())["seq"] == 2
    second = tk("record", "s", where=place, stdin="@0:01 ba\n")
    assert second.returncode == 4
    assert f"process {child.pid}" in second.stderr
    assert json.loads(tk("query", "select count(*) as n from turn", "--json", where=place).stdout) == [
        {"n": 1}
    ]
    child.communicate(b"")
    assert child.returncode == 0


def test_the_open_session_needs_no_name(place):
    """`tk record` alone goes on with the one open session, and asks which where there are more."""
    assert "no session is open" in tk("record", where=place).stderr
    opened(place)
    assert tk("record", where=place, stdin="@0:00 ab\n").returncode == 0
    opened(place, "g/two")
    done = tk("record", where=place, stdin="@0:00 ab\n")
    assert (done.returncode, "g/s, g/two" in done.stderr) == (3, True)


def test_debug_shows_where(place):
    """--debug adds the place in the program and changes no exit code."""
    found = subprocess.run([*TK, "--debug", "record", "nowhere"], check=False, capture_output=True, text=True, env={**os.environ, "TK_WORKSPACE": str(place)})  # fmt: skip
    assert (found.returncode, "Traceback" in found.stderr, "no session nowhere" in found.stderr) == (
        3,
        True,
        True,
    )


def test_a_bad_line_does_not_stop_the_rest(place):
    """Errors name line, column and reason; the other lines are stored; exit 3."""
    opened(place)
    done = tk("record", "s", where=place, stdin="@0:00 ab\n@0:01 ab !qq\n\n@0:02 zb\n@0:03 ba\n")
    assert done.returncode == 3
    assert "line 2, column 10: no code qq" in done.stderr
    assert "line 4, column 7: no seat Z" in done.stderr
    rows = json.loads(tk("query", "select count(*) as n from turn", "--json", where=place).stdout)
    assert rows == [{"n": 2}]
    answer = tk(
        "record", "s", "--json", where=place, stdin='@0:04 ab !qq\n{"id": "zz", "line": "@0:05 ab"}\n\xff\n'
    )
    errors = [json.loads(line) for line in answer.stdout.splitlines()]
    assert (errors[0]["error"]["column"], bool(errors[0]["error"]["near"])) == (10, False)
    assert "30 hex" in errors[1]["error"]["reason"]


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("session", "open", "../x/y", "--seats", "T"), 2, "cannot be a name"),
        (("session", "open", "g/../../s", "--seats", "T"), 2, "cannot be a name"),
        (("group", "new", "/etc"), 2, "cannot be a name"),
        (("group", "new", "con"), 2, "cannot be a name"),
        (("session", "open", "g/s", "--seats", "T,Äx"), 3, "no seat"),
        (("record", "nowhere"), 3, "no session nowhere"),
        (("query", "copy (select 1) to '/tmp/x'"), 3, "one SELECT"),
        (("query", "select 1; select 2"), 3, "one SELECT"),
        (("query", "select * from read_csv('/etc/passwd')"), 3, "disabled"),
        (("query", "attach '/tmp/x.db'"), 3, "one SELECT"),
        (("query", "select len(range(1000000000))"), 3, "emory"),
        (
            (
                "query",
                "select count(*) from range(300000) a, range(300000) b where hash(a.range + b.range) = 7",
                "--deadline",
                "1",
            ),
            3,
            "stopped after",
        ),
        (("query", "select nothing"), 3, "nothing"),
        (("analyze", "nowhere"), 3, "no session"),
        (
            (
                "import",
                "turns",
                "/nowhere.csv",
                "--group",
                "g",
                "--session",
                "s",
                "--time",
                "t",
                "--sender",
                "a",
                "--receiver",
                "b",
            ),
            3,
            "No such file",
        ),
        (("verify", "--receipt", "{}"), 3, "no receipt"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(place, argv, code, says):
    """What cannot be done is said in a sentence, with the exit code of its kind and no traceback."""
    done = tk(*argv, where=place)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def test_a_query_may_read_everything_and_nothing_else(place):
    """Every relation and view answers; closed sessions come from Parquet; files are as before."""
    tk("simulate", "--group", "g", "--session", "s", "--minutes", "10", where=place)
    before = {p: p.read_bytes() for p in (place / "groups").rglob("*") if p.is_file()}
    for view in (
        "event",
        "record",
        "turn",
        "address",
        "mark",
        "presence",
        "seat",
        "session",
        "exposure",
        "pause",
    ):
        done = tk("query", f"select count(*) as n from {view}", "--json", where=place)
        assert json.loads(done.stdout)[0]["n"] >= 0
    tk("query", "copy turn to 'x'", where=place)
    tk("query", "drop view turn", where=place)
    assert {p: p.read_bytes() for p in (place / "groups").rglob("*") if p.is_file()} == before
    csv = tk("query", "select session, number from session", "--csv", where=place).stdout
    assert csv == "session,number\ng/s,1\n"


def test_apollo(place, shared):
    """Apollo 13: 3,882 calls, the senders and dyads of the data's README; no leader, so no class."""
    done = tk("import", "turns", str(shared / "data/apollo13/apollo13.csv"), "--group", "apollo", "--session", "a13", "--time", "time", "--unit", "s", "--sender", "sender", "--receiver", "receiver", where=place)  # fmt: skip
    assert done.returncode == 0, done.stderr
    senders = tk(
        "query",
        "select sender, count(*) as n from turn group by all order by n desc limit 3",
        "--csv",
        where=place,
    )
    assert senders.stdout == "sender,n\n2,1115\n7,791\n18,490\n"
    dyads = tk(
        "query",
        "select sender, receiver, count(*) as n from address group by all order by n desc limit 2",
        "--csv",
        where=place,
    )
    assert dyads.stdout == "sender,receiver,n\n2,18,421\n18,2,407\n"
    sheet = json.loads(
        tk(
            "analyze", "a13", "--json", "-p", "draws=20", "network.structure", "monopoly.share", where=place
        ).stdout
    )
    value = {o["analysis"]: o["value"] for o in sheet["outcomes"]}
    for field in ("theta", "dominance", "structure"):
        assert value["network.structure"][field] == {"withheld": "no leader present", "n": 0}
    assert value["network.structure"]["exchanges"] > 1000
    assert value["monopoly.share"]["seats"][0]["ms"]["withheld"] == "the source has no lengths"


def test_names_become_seats_and_are_shown_once(place, tmp_path):
    """Labels get letters; the pairing is printed and in the vault, and no name is in any log."""
    file = tmp_path / "calls.csv"
    file.write_text("when,who,whom\n1.5,Budi,Sari\n3,Sari,all\n4,Budi,T\n")
    done = tk("import", "turns", str(file), "--group", "g", "--session", "s", "--time", "when", "--sender", "who", "--receiver", "whom", "--group-value", "all", "--until-next", where=place)  # fmt: skip
    assert "A = Budi" in done.stderr
    rows = tk("query", "select ts, dur, sender, audience from turn order by ts", "--csv", where=place).stdout
    assert rows == "ts,dur,sender,audience\n0,1500,A,seats\n1500,1000,B,all\n2500,,A,seats\n"
    assert not any(b"Budi" in p.read_bytes() for p in place.rglob("*.ndjson"))


def test_closing_gives_a_receipt_that_verify_checks(place):
    """The receipt holds; a log cut short behind its back does not."""
    opened(place)
    tk("record", "s", where=place, stdin="@0:00 ab\n@0:05 ba\n")
    receipt = tk("session", "close", "s", "--at", "0:10", where=place).stdout
    assert tk("verify", "--receipt", receipt, where=place).returncode == 0
    path = place / "groups/g/sessions/s/000000.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    done = tk("verify", "s", where=place)
    assert (done.returncode, "not the bytes the manifest vouches for" in done.stdout) == (1, True)
    (path.parent / "MANIFEST").unlink()
    assert tk("verify", "s", where=place).returncode == 0
    assert tk("verify", "--receipt", receipt, where=place).returncode == 1


BROKEN = {
    "imports": ("raise RuntimeError('no')", "import", "RuntimeError: no"),
    "misspelt": (
        "from tkcore import hookimpl\n@hookimpl\ndef register_analyzes(): return []",
        "register",
        "register_analyzes",
    ),
    "raises": (
        "from tkcore import hookimpl\n@hookimpl\ndef register_analyses(): raise SystemExit(3)",
        "declare",
        "SystemExit",
    ),
    "nonsense": (
        "from tkcore import hookimpl\n@hookimpl\ndef register_analyses(): return [42]",
        "check",
        "not an analysis",
    ),
    "blind": (
        (
            "from tkcore import analysis, hookimpl\n"
            "@analysis('blind.sees', version=1, reads=('trun',))\n"
            "def sees(session) -> tuple[int, ...]:\n    'Sees.'\n"
            "@hookimpl\ndef register_analyses(): return [sees]"
        ),
        "check",
        "it reads 'trun', which is no view",
    ),
}
FAILING = """
from tkcore import Session, analysis, hookimpl
from msgspec import Struct
class R(Struct, frozen=True):
    n: int
@analysis("failing.raises", version=1, reads=("turn",))
def raises(session: Session) -> R:
    "Raises."
    raise ValueError("sic")
@analysis("failing.lies", version=1, reads=("turn",))
def lies(session: Session) -> R:
    "Answers something else."
    return R("many")
@hookimpl
def register_analyses():
    return [raises, lies]
"""


def installed(folder: Path, name: str, code: str) -> None:
    """Lay a distribution where `PYTHONPATH` finds it."""
    (folder / f"tk_{name}.py").write_text(code)
    info = folder / f"tk_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tk-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[tkcore.v1]\n{name} = tk_{name}\n")
    (info / "RECORD").write_text(f"tk_{name}.py,,\n")


def test_broken_plugins_are_named_and_nothing_else_changes(place, tmp_path):
    """Each broken plugin is shown with its stage; failing analyses are outcomes; the others answer as before."""
    opened(place)
    tk("record", "s", where=place, stdin="@0:00 ab\n@0:05 ba\n")
    before = json.loads(tk("analyze", "s", "--json", where=place).stdout)["outcomes"]
    folder = tmp_path / "site"
    folder.mkdir()
    for name, (code, _, _) in BROKEN.items():
        installed(folder, name, code)
    installed(folder, "failing", textwrap.dedent(FAILING))
    path = {"PYTHONPATH": str(folder)}
    for name in (*BROKEN, "failing"):
        assert tk("plugins", "enable", name, where=place, **path).returncode == 0
    listed = tk("plugins", "list", "--json", where=place, **path)
    assert listed.returncode == 1
    shown = {row["plugin"]: row for row in json.loads(listed.stdout)}
    for name, (_, stage, error) in BROKEN.items():
        assert (shown[name]["state"], shown[name]["stage"]) == ("broken", stage)
        assert error in shown[name]["error"]
    done = tk("analyze", "s", "--json", where=place, **path)
    assert done.returncode == 1
    assert all(name in done.stderr for name in BROKEN)
    outcomes = json.loads(done.stdout)["outcomes"]
    failed = {o["analysis"]: (o["stage"], o["error"]) for o in outcomes if o["outcome"] == "failed"}
    assert failed["failing.raises"] == ("run", "ValueError: sic")
    assert failed["failing.lies"][0] == "check"
    assert [o for o in outcomes if o["outcome"] != "failed"] == before
    (folder / "tk_failing.py").write_text(FAILING + "\n# changed\n")
    again = json.loads(tk("plugins", "list", "--json", where=place, **path).stdout)
    assert next(row for row in again if row["plugin"] == "failing")["error"].startswith(
        "changed since it was enabled"
    )


def test_a_terminal_prompts_and_explains(place):
    """On a terminal: the clock as prompt, an answer with clock and number, ? in Indonesian."""
    import pty

    opened(place)
    leader, follower = pty.openpty()
    child = subprocess.Popen([*TK, "--lang", "id", "record", "s"], stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TK_WORKSPACE": str(place)})  # fmt: skip
    os.close(follower)
    for line in (b"@0:00 ab\n", b"?u\n", b"@0:01 xx!\n", b"\x04"):
        os.write(leader, line)
        clock.sleep(0.3)
    _, err = child.communicate(timeout=30)
    os.close(leader)
    said = err.decode()
    assert re.search(r"0:00:00 › .*0:00:00 #2 @0:00 ab", said, re.DOTALL)
    assert "Memberi nasihat" in said
    assert child.returncode == 3


def test_simulated_sessions_say_what_they_were_made_for(place):
    """The one who was made to hold the floor is found; a session made circular is circular, a vertical one vertical."""
    for name, more in (("held", ["--structure", "triangular", "--holder", "C", "--seed", "3"]), ("round", ["--structure", "circular"]), ("top", ["--structure", "vertical"])):  # fmt: skip
        assert tk("simulate", "--group", "g", "--session", name, *more, where=place).returncode == 0
    share = json.loads(
        tk("analyze", "held", "monopoly.share", "-p", "draws=200", "--json", where=place).stdout
    )
    found = {s["seat"]: s["finding"] for s in share["outcomes"][0]["value"]["seats"]}
    assert found["C"] in ("dominant", "monopolising")
    assert {f for seat, f in found.items() if seat != "C"} <= {"none"}
    for name, wanted in (("round", "circular"), ("top", "vertical")):
        sheet = json.loads(
            tk("analyze", name, "network.structure", "-p", "draws=200", "--json", where=place).stdout
        )
        assert sheet["outcomes"][0]["value"]["printed"] == [wanted]


def test_a_group_is_analysed_over_its_meetings(place):
    """Results of sessions become a result of the group; a damaged session is left out and named, and parameters go to who has them."""
    for n, structure in enumerate(
        ("vertical", "vertical", "triangular", "triangular", "circular", "circular")
    ):
        done = tk("simulate", "--group", "g", "--session", f"s{n}", "--minutes", "30", "--structure", structure, "--seed", str(n), where=place)  # fmt: skip
        assert done.returncode == 0, done.stderr
    done = tk("analyze", "g", "network.trend", "-p", "draws=50", "--json", where=place)
    assert done.returncode == 2 or "no parameter draws" in done.stderr
    whole = json.loads(tk("analyze", "g", "network.trend", "network.exchange", "--json", where=place).stdout)
    found = whole["outcomes"][0]["value"]
    assert (found["n"], found["score"] < 0, found["p"] < 0.1) == (6, True, True)
    assert [o["analysis"] for o in whole["sessions"][0]["outcomes"]] == ["network.exchange"]
    assert len(whole["heads"]) == 6
    path = place / "groups/g/sessions/s2/000000.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"ts":10000', b'"ts":10001', 1))
    done = tk("analyze", "g", "network.trend", "--json", where=place)
    assert "left out: g/s2" in done.stderr
    assert json.loads(done.stdout)["outcomes"][0]["value"]["n"] == 5
    shown = tk("analyze", "g", "network.trend", where=place).stdout
    assert "group g, 5 meetings" in shown


def test_a_workspace_speaks_its_language_from_the_first_word(tmp_path):
    """What is chosen for the workspace is what making it is said in, whatever the system's language."""
    done = tk("init", "--plain", "--language", "id", str(tmp_path / "w"), where=tmp_path)
    assert done.returncode == 0
    assert "ruang kerja dibuat di" in done.stderr
    assert "a workspace in" not in done.stderr


def test_a_workspaces_language_is_that_of_help_and_of_wrong_usage(tmp_path):
    """What is said before a command has looked at its workspace is in its language too; --lang goes before."""
    place = tmp_path / "w"
    tk("init", "--plain", "--language", "id", str(place), where=tmp_path)
    assert "Mencatat pertemuan baris demi baris" in tk("record", "--help", where=place).stdout
    assert "Record a session line by line" in tk("--lang", "en", "record", "--help", where=place).stdout
    done = tk("serve", "--address", "192.168.1.5", where=place)
    assert (done.returncode, "hanya bersama --lan" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("lang", "says"), [("id", "0:05: waspada, Menyerang, mengancam"), ("en", "0:05: safety, attack, threat")]
)
def test_safety_is_said_in_words(place, lang, says):
    """What a ward must know is shown by its label in the user's language, not by its id."""
    opened(place)
    tk("record", "s", where=place, stdin="@0:05 ab !wa\n")
    assert says in tk("--lang", lang, "session", "show", "s", where=place).stdout
