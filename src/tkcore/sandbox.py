"""`tk query` behind a fence: one SELECT, in a child process with little memory and a deadline.

DuckDB's own limits are courtesy (a scalar function may take any memory and hear no interrupt, and a SELECT may write
what it may read): the fence is the child's address space, the kill, and that it only ever sees copies of the archive.
Run as `python -m tkcore.sandbox`, a job as JSON on stdin.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import DecodeError, Struct, json
from msgspec.structs import replace

from tkcore.errors import BadInput
from tkcore.relations import RELATIONS, PartFile, Sources, connect, wants_record
from tkcore.rows import KINDS

if TYPE_CHECKING:
    import duckdb

DEADLINE = 30.0
MEMORY = 2 << 30
LARGEST = 64 << 20
"""The most bytes of answer that are taken."""


class Job(Struct, frozen=True, kw_only=True):
    sql: str
    sources: Sources
    memory: int = MEMORY
    deadline: float = DEADLINE


class Answer(Struct, frozen=True):
    columns: tuple[str, ...]
    rows: list[list[Any]]


class _Refused(Struct, frozen=True):
    """A refusal on its way to the parent, who says it in the user's language."""

    refused: str
    values: dict[str, str]


def ask(sql: str, sources: Sources, *, deadline: float = DEADLINE, memory: int = MEMORY) -> Answer:
    """Return the answer to one SELECT over the relations.

    Raises BadInput: another statement, an error of DuckDB's, too much memory, the deadline.
    """
    if not (math.isfinite(deadline) and deadline > 0):
        raise BadInput(
            "a deadline of {seconds} s is none: give it seconds, as in --deadline 60", seconds=deadline
        )
    with tempfile.TemporaryDirectory(prefix="tkcore-") as place:
        try:
            job = Job(sql=sql, sources=_apart(sql, sources, Path(place)), memory=memory, deadline=deadline)
            message = json.encode(job)
        except UnicodeEncodeError:
            raise BadInput("the statement, or the path of the workspace, is not UTF-8") from None
        child = subprocess.Popen(
            [sys.executable, "-I", "-m", "tkcore.sandbox"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=place, env={"HOME": place},
        )  # fmt: skip
        try:
            out, _ = child.communicate(message, timeout=deadline)
        except subprocess.TimeoutExpired:
            raise BadInput(
                "the query was stopped after {seconds} s. Ask for less, or give it more with --deadline",
                seconds=deadline,
            ) from None
        finally:
            child.kill()
            child.wait()
    return _taken(out, child.returncode, memory)


def _apart(sql: str, sources: Sources, place: Path) -> Sources:
    """Copy the Parquet a statement may read into the child's own folder: what it may read it could write.

    What the user himself cannot write (derived files are read-only, which counts for everybody but root) is read in
    place.
    """

    def apart(relation: str, number: int, path: str) -> str:
        if not os.access(path, os.W_OK):
            return path
        copy = place / f"{relation}-{number}.parquet"
        shutil.copyfile(path, copy)
        return str(copy)

    def files(relation: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(apart(relation, number, path) for number, path in enumerate(paths))

    def parts(relation: str, found: tuple[PartFile, ...]) -> tuple[PartFile, ...]:
        return tuple(replace(p, path=apart(f"{relation}-part", n, p.path)) for n, p in enumerate(found))

    records = wants_record(sql, sources.views)
    try:
        return replace(
            sources,
            event_parquet=files("event", sources.event_parquet),
            record_parquet=files("record", sources.record_parquet) if records else (),
            event_parts=parts("event", sources.event_parts),
            record_parts=parts("record", sources.record_parts) if records else (),
        )
    except OSError as error:
        raise BadInput(
            "{path} could not be copied to be read: {error}. Make room, or set TMPDIR to a folder that has some",
            path=error.filename or place, error=error.strerror or error,
        ) from None  # fmt: skip


def _taken(out: bytes, code: int, memory: int) -> Answer:
    try:
        refused = json.decode(out, type=_Refused)
    except DecodeError:
        pass
    else:
        raise BadInput(refused.refused, **refused.values)
    try:
        if code == 0:
            return json.decode(out, type=Answer)
    except DecodeError:
        pass
    raise BadInput(
        "the query ended without an answer ({how}): it may have needed more than {megabytes} MB. Ask for less",
        how=_how(code), megabytes=memory >> 20,
    )  # fmt: skip


def _how(code: int) -> str:
    """Return how a child ended; not every signal has a name."""
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; what JSON has not is its text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):  # of which a boolean is one
        return value if -(1 << 63) <= value < 1 << 63 else str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(_plain(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(v) for v in value]
    return value if value is None else str(value)


def _checked(sql: str) -> duckdb.Statement:
    """Return the statement if it is one SELECT, or the EXPLAIN of one. Raises BadInput, duckdb.Error."""
    import duckdb

    statements = duckdb.extract_statements(sql)
    kinds = [statement.type for statement in statements]
    if kinds == [duckdb.StatementType.EXPLAIN]:
        # EXPLAIN ANALYZE runs what it explains
        kinds = [statement.type for statement in duckdb.extract_statements(_explained(sql))]
    if kinds != [duckdb.StatementType.SELECT] or _copies(sql) or "\0" in sql:
        raise BadInput("one SELECT is answered here, nothing else: the log is never written by a query")
    return statements[0]


def _tokens(sql: str) -> list[tuple[str, int]]:
    """Return the words and signs of a statement with the byte each ends at; comments and blanks are none."""
    import duckdb

    data = sql.encode()
    found = duckdb.tokenize(sql)
    ends = [*(start for start, _ in found[1:]), len(data)]
    return [
        (data[start:end].decode(errors="replace").strip().lower(), end)
        for (start, kind), end in zip(found, ends, strict=True)
        if kind != duckdb.token_type.comment
    ]


def _explained(sql: str) -> str:
    """Return what is explained: the statement without `explain [analyze] [(options)]`."""
    tokens = _tokens(sql)
    at = 2 if tokens[1][0] in ("analyze", "analyse") else 1
    words = [word for word, _ in tokens]
    if words[at] == "(" and words[at + 1] in ("analyze", "analyse", "format"):
        at = words.index(")", at) + 1
    return sql.encode()[tokens[at - 1][1] :].decode()


def _copies(sql: str) -> bool:
    """Whether a part in parentheses is a COPY: DuckDB takes one in a WITH, and calls the whole a SELECT."""
    words = [word for word, _ in _tokens(sql)]
    return any(pair == ("(", "copy") for pair in zip(words, words[1:], strict=False))


def _answer(job: Job) -> bytes:
    """Run one checked statement. Raises BadInput."""
    import duckdb

    try:
        statement = _checked(job.sql)
        con = _ready(job)
        con.execute("begin transaction read only")
        cursor = con.execute(statement)
        columns = tuple(item[0] for item in cursor.description or ())
        rows: list[list[Any]] = []
        size = 0
        while chunk := cursor.fetchmany(1000):
            plain = [[_plain(value) for value in row] for row in chunk]
            size += len(json.encode(plain))
            if size > LARGEST:
                raise BadInput(
                    "the answer is larger than {megabytes} MB: add a LIMIT", megabytes=LARGEST >> 20
                )
            rows += plain
    except duckdb.OutOfMemoryException:
        raise MemoryError from None
    except duckdb.CatalogException as error:
        # views are made only when they are named, so DuckDB cannot suggest them itself
        raise _unknown(_sentence(error).partition(" Did you mean")[0], job.sources) from None
    except (duckdb.Error, RuntimeError) as error:
        raise BadInput("{error}", error=_sentence(error)) from None
    return json.encode(Answer(columns, rows))


def _unknown(said: str, sources: Sources) -> BadInput:
    """Return the refusal of a name that is no view; what is a plugin's may be there all the same, as records."""
    there = ", ".join([*RELATIONS, *KINDS, *(view.view for view in sources.views)])
    named = re.search(r"Table with name ([a-z][a-z0-9]+)_([a-z0-9_]+) does not exist", said)
    if named is None:
        return BadInput("{error}. There are: {views}", error=said, views=there)
    return BadInput(
        "{error}. There are: {views}. No plugin that runs here has such a view; what was recorded for one is in "
        "relation record, where t = '{t}'",
        error=said, views=there, t=f"{named[1]}.{named[2]}",
    )  # fmt: skip


def _ready(job: Job) -> duckdb.DuckDBPyConnection:
    """Return the connection. Raises BadInput where a closed session's Parquet has not the columns it must have."""
    import duckdb

    try:
        return connect(job.sources, job.sql, memory=f"{job.memory // 2 >> 20}MB")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        if not job.sources.files:
            raise
        raise BadInput(
            "the Parquet of a closed session is not what this tkcore reads ({error}). Remove the .parquet "
            "files from the session's folder: the log is read instead, and tk session close makes them anew",
            error=_sentence(error),
        ) from None


def _sentence(error: Exception) -> str:
    """Return what DuckDB says, in one paragraph without its pointers into our own set-up."""
    return " ".join(str(error).split())[:600]


def _child() -> int:
    job = json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (job.memory, job.memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.memory, job.memory))
        seconds = math.ceil(job.deadline) * 2 + 5
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    except ImportError:
        pass  # Windows: the deadline is the fence
    try:
        out = _answer(job)
    except BadInput as error:
        out = _refusal(error)
    except MemoryError:
        out = _refusal(BadInput("the query needs more memory than it may have. Ask for less"))
    except Exception as error:  # noqa: BLE001 - whatever a statement brings about, the parent has to say it
        out = _refusal(
            BadInput(
                "the query could not be answered ({kind}: {error})", kind=type(error).__name__, error=error
            )
        )
    sys.stdout.buffer.write(out)
    sys.stdout.buffer.flush()
    os._exit(0)  # DuckDB's threads owe nobody a farewell


def _refusal(error: BadInput) -> bytes:
    return json.encode(_Refused(error.template, {key: str(value) for key, value in error.values.items()}))


if __name__ == "__main__":
    sys.exit(_child())
