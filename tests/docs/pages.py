"""The blocks of a page: files to write, commands to run, what they print.

A block ```python file=PATH is a file, a block ```diff file=PATH changes one (hunks without numbers, divided by `@@`), a block ```console has commands after `$ ` and what they print below. `...` in
what is printed stands for anything; where nothing stands below a command, only its exit code counts.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    file: str
    text: str


@dataclass(frozen=True)
class Command:
    line: int
    text: str
    prints: str


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in their order."""
    text = page.read_text("utf-8")
    return [
        Block(
            page=str(page.relative_to(DOCS)),
            line=text.count("\n", 0, found.start()) + 1,
            language=found[1],
            file=(re.search(r"file=(\S+)", found[2]) or ["", ""])[1],
            text=found[3],
        )
        for found in _BLOCK.finditer(text)
    ]


def commands(block: Block) -> list[Command]:
    """Return the commands of a console block; one that ends with a backslash goes on in the next line."""
    made: list[Command] = []
    going_on = False
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if going_on:
            made[-1] = Command(made[-1].line, made[-1].text + "\n" + line.removeprefix("> "), "")
        elif line.startswith("$ "):
            made.append(Command(number, line[2:], ""))
        else:
            made[-1] = Command(made[-1].line, made[-1].text, made[-1].prints + line + "\n")
        going_on = (going_on or line.startswith("$ ")) and line.endswith("\\")
    return made


def same(prints: str, printed: str) -> bool:
    """Return whether what was printed is what stands in the page; `...` stands for anything, breaks and indents do not count."""
    pattern = ".*".join(re.escape(_flat(part)) for part in prints.split("..."))
    return re.fullmatch(pattern, _flat(printed), re.DOTALL) is not None


def _flat(text: str) -> str:
    """Return a text on one line, so that JSON may stand in a page as it is best read."""
    return re.sub(r" ?([\[\]{},:]) ?", r"\1", " ".join(text.split()))


def changed(text: str, hunks: str) -> str:
    """Return a text with hunks applied, each where its old lines stand once. Raises ValueError."""
    for hunk in re.split(r"^@@.*\n", hunks, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        if text.count(old) != 1:
            raise ValueError(f"these lines stand {text.count(old)} times, not once:\n{old}")
        text = text.replace(old, new)
    return text


def run(parts: Iterable[Block], cwd: Path, env: Mapping[str, str], *, timeout: int = 600) -> list[str]:
    """Run the blocks of a page in one shell, one after the other; return what differs, at most up to the first failure."""
    script = ["exec 2>&1"]
    said: list[Command] = []
    after = "rc=$?; printf '\\n@@ %s @@\\n' $rc; [ $rc = 0 ] || exit 0"
    for block in parts:
        if block.language == "diff":
            words = shlex.join([sys.executable, __file__, block.file])
            said.append(Command(block.line, f"change {block.file}", ""))
            script.append(f"{words} <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK\n{after}")
        elif block.file:
            where = shlex.quote(block.file)
            script.append(
                f"mkdir -p \"$(dirname {where})\" && cat > {where} <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK"
            )
        elif block.language == "console":
            for command in commands(block):
                said.append(command)
                script.append(f"{command.text}\n{after}")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], check=False, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip
    answers = re.findall(r"(.*?)\n@@ (\d+) @@\n", done.stdout, re.DOTALL)
    wrong = []
    for command, (printed, code) in zip(said, answers, strict=False):
        if code != "0":
            wrong.append(f"line {command.line}: $ {command.text}\nleft with {code}:\n{printed[-4000:]}")
        elif command.prints and not same(command.prints, printed):
            wrong.append(
                f"line {command.line}: $ {command.text}\nprinted:\n{printed[-4000:]}\nnot:\n{command.prints}"
            )
    if len(answers) < len(said) and not wrong:
        wrong.append(f"line {said[len(answers)].line}: the shell ended: {done.stdout[-2000:]}")
    return wrong


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(changed(target.read_text("utf-8"), sys.stdin.read()), "utf-8")
