"""`tk query` behind a fence: one SELECT, in a child process with little memory and a deadline.

DuckDB's own limits are courtesy (a scalar function may take any memory and hear no interrupt): the fence is the
child's address space and the kill. Run as `python -m tkcore.sandbox`, a job as JSON on stdin.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import tempfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import DecodeError, Struct, json

from tkcore.errors import BadInput
from tkcore.relations import Sources, connect

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
    refused: str


def ask(sql: str, sources: Sources, *, deadline: float = DEADLINE, memory: int = MEMORY) -> Answer:
    """Return the answer to one SELECT over the relations.

    Raises BadInput: another statement, an error of DuckDB's, too much memory, the deadline.
    """
    job = json.encode(Job(sql=sql, sources=sources, memory=memory, deadline=deadline))
    with tempfile.TemporaryDirectory(prefix="tkcore-") as place:
        child = subprocess.Popen(
            [sys.executable, "-I", "-m", "tkcore.sandbox"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=place, env={"HOME": place},
        )  # fmt: skip
        try:
            out, _ = child.communicate(job, timeout=deadline)
        except subprocess.TimeoutExpired:
            raise BadInput(
                "the query was stopped after {seconds} s. Ask for less, or give it more with --deadline",
                seconds=deadline,
            ) from None
        finally:
            child.kill()
            child.wait()
    return _taken(out, child.returncode, memory)


def _taken(out: bytes, code: int, memory: int) -> Answer:
    try:
        refused = json.decode(out, type=_Refused)
    except DecodeError:
        pass
    else:
        raise BadInput("{sentence}", sentence=refused.refused)
    try:
        if code == 0:
            return json.decode(out, type=Answer)
    except DecodeError:
        pass
    raise BadInput(
        "the query ended without an answer ({how}): it needs more than {megabytes} MB. Ask for less",
        how=signal.Signals(-code).name if code < 0 else f"exit {code}",
        megabytes=memory >> 20,
    )


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (Decimal, datetime, date, time, timedelta, UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(_plain(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(v) for v in value]
    return value


def _answer(job: Job) -> bytes:
    """Run one checked statement. Raises BadInput."""
    import duckdb

    try:
        statements = duckdb.extract_statements(job.sql)
    except duckdb.Error as error:
        raise BadInput("{error}", error=_sentence(error)) from None
    kinds = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    if len(statements) != 1 or statements[0].type not in kinds:
        raise BadInput("one SELECT is answered here, nothing else: the log is never written by a query")
    con = connect(job.sources, job.sql, memory=f"{job.memory // 2 >> 20}MB")
    try:
        cursor = con.execute(statements[0])
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
    except duckdb.Error as error:
        raise BadInput("{error}", error=_sentence(error)) from None
    return json.encode(Answer(columns, rows))


def _sentence(error: Exception) -> str:
    """Return what DuckDB says, in one paragraph without its pointers into our own set-up."""
    return " ".join(str(error).split())[:600]


def _child() -> int:
    job = json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (job.memory, job.memory))
        seconds = math.ceil(job.deadline) * 2 + 5
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    except ImportError:
        pass  # Windows: the deadline is the fence
    try:
        out = _answer(job)
    except BadInput as error:
        out = json.encode(_Refused(str(error)))
    except MemoryError:
        out = json.encode(_Refused("the query needs more memory than it may have. Ask for less"))
    sys.stdout.buffer.write(out)
    sys.stdout.buffer.flush()
    os._exit(0)  # DuckDB's threads owe nobody a farewell


if __name__ == "__main__":
    sys.exit(_child())
