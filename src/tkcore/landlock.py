"""Linux's Landlock: from now on this process writes in one folder, connects to nobody and signals only its own.

It needs no rights and cannot be taken back. Reading stays as it was: a plugin's code may lie anywhere.
"""

from __future__ import annotations

import ctypes
import os
import sys

_CREATE, _ADD, _RESTRICT, _VERSION, _BENEATH = 444, 445, 446, 1, 1
_NO_NEW_PRIVILEGES = 38
_WRITE = 1 << 1
_CHANGES = _WRITE | sum(1 << bit for bit in range(4, 13))  # remove and make, of every kind
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_TCP = 3
_SOCKETS_AND_SIGNALS = 3


class _Rules(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return which Landlock the kernel has, 0 for none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, int(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))))


def only_in(folder: str) -> bool:
    """Let this process and its children change files in `folder` alone; whether the kernel does so."""
    has = version()
    if has == 0:
        return False
    libc = _libc()
    changes = _CHANGES | (_REFER if has >= 2 else 0) | (_TRUNCATE if has >= 3 else 0)
    rules = _Rules(changes, _TCP if has >= 4 else 0, _SOCKETS_AND_SIGNALS if has >= 6 else 0)
    size = 8 if has < 4 else 16 if has < 6 else 24
    ruleset = int(libc.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0)))
    if ruleset < 0:
        return False
    try:
        for path, allowed in ((folder, changes), (os.devnull, changes & (_WRITE | _TRUNCATE))):
            parent = os.open(path, os.O_RDONLY)
            rule = _Beneath(allowed, parent)
            libc.syscall(_ADD, ruleset, _BENEATH, ctypes.byref(rule), ctypes.c_uint32(0))
            os.close(parent)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return int(libc.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0))) == 0
    finally:
        os.close(ruleset)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
