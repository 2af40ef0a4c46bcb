"""Nothing from outside: while it lasts, a clock, a file, the network or unseeded chance is refused and noted.

What is seen: Python's clocks (`time`, `datetime.now`), chance (`random` and numpy without a seed, `secrets`, `uuid`,
`os.urandom`), and by an audit hook every file, folder, socket and process that Python opens, also where the plugin
had imported the name before or catches the refusal. What is not seen: what compiled code does by itself, and a
function that a plugin hid in a container before.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import secrets
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any
from unittest import mock

_CLOCKS = [
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
    "localtime",
    "gmtime",
    "ctime",
    "sleep",
]
_AUDITED = {
    "open": "a file", "os.listdir": "a folder", "os.scandir": "a folder", "sqlite3.connect": "a file",
    "subprocess.Popen": "another process", "os.system": "another process", "os.exec": "another process",
    "os.fork": "another process", "os.posix_spawn": "another process",
}  # fmt: skip
INSTEAD = {
    "a clock": "time is in the rows (`ts`, `dur`) and in `session.opened.held`",
    "unseeded random numbers": "draw from `session.random`",
    "a file": "everything an analysis needs is in the session and in its parameters",
    "a folder": "everything an analysis needs is in the session and in its parameters",
    "the network": "everything an analysis needs is in the session and in its parameters",
    "another process": "an analysis is a function of the session alone",
}


class _Watch:
    """What is asked for while somebody watches; an audit hook cannot be taken away, so it asks here."""

    def __init__(self) -> None:
        self.asked: list[str] | None = None

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.asked is None:
            return
        what = "the network" if event.startswith("socket.") else _AUDITED.get(event)
        if what is not None and not (args and _own(args[0])):
            self.refuse(what)

    def refuse(self, what: str) -> None:
        if self.asked is not None:
            self.asked.append(what)
        raise PermissionError(f"an analysis may not use {what}")


def _own(path: Any) -> bool:
    """Whether it is DuckDB's way in: the rows of the session, written for `session.sql`, or an open descriptor."""
    return isinstance(path, int) or str(path).startswith(os.path.join(tempfile.gettempdir(), "tkcore-"))  # noqa: PTH118


@cache
def _watch() -> _Watch:
    watch = _Watch()
    sys.addaudithook(watch.hook)
    return watch


@contextmanager
def nothing_from_outside(package: str) -> Iterator[list[str]]:
    """Refuse what is outside a session to everybody, also under the names a package's modules have for it.

    Yields the list of what was asked for.
    """
    watch = _watch()
    instead = _instead(watch.refuse)
    patches = [mock.patch.object(home, name, new) for (home, name), (_, new) in instead.items()]
    # compared by identity or equality of bound methods; a module may have any objects, also ones that refuse to be
    known = [(old, new) for old, new in instead.values()]
    for module in _modules(package):
        for name, held in list(vars(module).items()):
            patches += [mock.patch.object(module, name, new) for old, new in known if _same(held, old)]
    asked: list[str] = []
    for patch in patches:
        patch.start()
    watch.asked = asked
    try:
        yield asked
    finally:
        watch.asked = None
        for patch in reversed(patches):
            patch.stop()


def _same(held: object, old: object) -> bool:
    if held is old:
        return True
    mine, own = getattr(held, "__self__", None), getattr(old, "__self__", None)
    return (
        own is not None
        and mine is own
        and not isinstance(own, ModuleType)
        and getattr(held, "__name__", "") == getattr(old, "__name__", None)
    )


def _modules(package: str) -> list[ModuleType]:
    root = package.partition(".")[0]
    return [
        m for n, m in list(sys.modules.items()) if (n == root or n.startswith(root + ".")) and m is not None
    ]


def _instead(refuse: Callable[[str], None]) -> dict[tuple[Any, str], tuple[Any, Any]]:
    """Return what takes the place of each way out: by its home and name, the old one and the new."""

    def no(what: str) -> Callable[..., Any]:
        def refused(*_: Any, **__: Any) -> Any:
            refuse(what)

        return refused

    chance = "unseeded random numbers"
    found: dict[tuple[Any, str], Any] = {(time, name): no("a clock") for name in _CLOCKS}
    found |= {
        (random, name): no(chance)
        for name in random.__all__
        if getattr(getattr(random, name), "__self__", None) is not None
    }
    found |= {(secrets, name): no(chance) for name in secrets.__all__ if name != "compare_digest"}
    found |= {(uuid, "uuid1"): no(chance), (uuid, "uuid4"): no(chance), (os, "urandom"): no(chance)}
    found[random, "Random"] = _seeded(random.Random, refuse)
    found[random, "SystemRandom"] = no(chance)
    found[dt, "datetime"] = _timeless(dt.datetime, ("now", "utcnow", "today"), no("a clock"))
    found[dt, "date"] = _timeless(dt.date, ("today",), no("a clock"))
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is not None:
        made = numpy.default_rng

        def default_rng(seed: Any = None) -> Any:
            if seed is None:
                refuse(chance)
            return made(seed)

        found[numpy, "default_rng"] = default_rng
        for name, one in list(vars(numpy).items()):
            if getattr(one, "__self__", None) is getattr(numpy.mtrand, "_rand", numpy):
                found[numpy, name] = no(chance)
    return {(home, name): (getattr(home, name), new) for (home, name), new in found.items()}


def _seeded(kind: Any, refuse: Callable[[str], None]) -> Any:
    class Seeded(kind):  # type: ignore[misc]
        def __init__(self, x: Any = None) -> None:
            if x is None:
                refuse("unseeded random numbers")
            super().__init__(x)

    return Seeded


def _timeless(kind: Any, names: tuple[str, ...], no: Callable[..., Any]) -> Any:
    """Return a class that makes and knows the same values and has no now."""

    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, kind)

        def __subclasscheck__(cls, other: type) -> bool:
            return issubclass(other, kind)

    return Kind(kind.__name__, (kind,), dict.fromkeys(names, staticmethod(no)))
