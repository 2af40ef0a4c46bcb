"""A terminal's whole screen: lines are put on it, keys are heard, and it is given back as it was.

Only lines that have changed are written again. Nothing is known here of what they say.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.cells import cell_len

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
"""The other screen, no cursor, no line goes on in the next one."""
LEAVE = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l"
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
SEQUENCE = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)
"""What a key sends that is no single sign: an arrow is no letter."""
SIMPLE = str.maketrans({"█": "#", "·": ".", "…": "~", "●": "*", "○": "o", "–": "-"})
"""What stands in the place of signs that a terminal does not have."""


def fit_for_it(environ: Mapping[str, str]) -> bool:
    """Return whether whoever sits here has a screen and keys."""
    plain = environ.get("TERM", "" if os.name == "posix" else "windows") in ("", "dumb")
    return not plain and sys.stdin.isatty() and sys.stdout.isatty()


class Screen:
    """The screen of the terminal this program was begun in; a context manager that gives it back on every way out."""

    def __init__(self) -> None:
        self._keys: Any = None
        self._shown: list[str] = []
        self._size = (0, 0)
        self._simple = not _has(sys.stdout.encoding, "".join(map(chr, SIMPLE)))

    def __enter__(self) -> Self:
        self._keys = _Windows() if os.name == "nt" else _Posix(self.pause)
        self._begin()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.leave()

    def _begin(self) -> None:
        self._keys.take()
        self._shown = []
        self._write(ENTER)

    def leave(self) -> None:
        """Give the terminal back; a second time does nothing."""
        keys, self._keys = self._keys, None
        if keys is not None:
            try:
                self._write(LEAVE)
            except OSError:
                pass  # it is gone: nobody sees what it looks like
            finally:
                keys.give_back()

    def pause(self, stop: Callable[[], None]) -> None:
        """Give the terminal back while this program is stopped (Ctrl-Z), and take it again when it goes on."""
        if self._keys is not None:
            self._write(LEAVE)
            self._keys.let_go()
            stop()
            self._begin()

    def size(self) -> tuple[int, int]:
        """Return columns and lines, as they are now."""
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            return 80, 24
        return found.columns or 80, found.lines or 24

    def draw(self, lines: Sequence[str], width: int) -> None:
        """Put lines on the screen, the first one bold: those that are not there yet."""
        size = (width, len(lines))
        out = ""
        if size != self._size:
            self._size, self._shown = size, []
            out = "\x1b[2J"
        if self._simple:
            lines = [line.translate(SIMPLE) for line in lines]
        for at, line in enumerate(lines):
            if at >= len(self._shown) or self._shown[at] != line:
                # what was there is written over: a line that is first wiped would flash
                whole = line + " " * (width - cell_len(line))
                out += f"\x1b[{at + 1};1H" + (f"{BOLD}{whole}{PLAIN}" if at == 0 else whole)
        self._shown = list(lines)
        if out:
            self._write(out)

    def wait(self, seconds: float) -> None:
        """Wait until a key is there, or so long."""
        self._keys.wait(seconds)

    def leaving(self) -> bool:
        """Return whether somebody wants to leave: q was pressed, or the terminal is gone. Ctrl-L draws all anew."""
        pressed: bytes | None = self._keys.pressed()
        if pressed is None:
            return True
        if b"\x0c" in pressed:
            self._size = (0, 0)
        return b"q" in SEQUENCE.sub(b"", pressed).lower()

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _has(encoding: str | None, signs: str) -> bool:
    try:
        signs.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class _Posix:
    """Keys one by one, without an echo."""

    def __init__(self, pause: Callable[[Callable[[], None]], None]) -> None:
        self._fd = sys.stdin.fileno()
        self._before: Any = None
        self._pause = pause
        self._stopped: Any = None

    def take(self) -> None:
        import signal
        import termios
        import tty

        self._before = termios.tcgetattr(self._fd)
        tty.setcbreak(self._fd)
        self._stopped = signal.signal(signal.SIGTSTP, self._stop)

    def _stop(self, _signal: int, _frame: Any) -> None:
        import signal

        self._pause(lambda: os.kill(os.getpid(), signal.SIGSTOP))

    def let_go(self) -> None:
        import termios

        termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)

    def give_back(self) -> None:
        import signal
        import termios
        from contextlib import suppress

        with suppress(OSError, termios.error):
            self.let_go()
        signal.signal(signal.SIGTSTP, self._stopped)

    def wait(self, seconds: float) -> None:
        import select

        select.select([self._fd], [], [], max(0.0, seconds))

    def pressed(self) -> bytes | None:
        """Return the keys that were pressed since the last time; None where nobody can press one any more."""
        import select

        found = b""
        try:
            while select.select([self._fd], [], [], 0)[0]:
                piece = os.read(self._fd, 1024)
                if not piece:
                    return None
                found += piece
        except OSError:
            return None
        return found


class _Windows:
    """The same by the console's own calls."""

    def take(self) -> None:
        import colorama  # type: ignore[import-untyped,unused-ignore]

        colorama.just_fix_windows_console()

    def let_go(self) -> None:
        pass

    give_back = let_go

    def wait(self, seconds: float) -> None:
        import time

        until = time.monotonic() + seconds
        while not self._there() and time.monotonic() < until:
            time.sleep(0.05)

    def pressed(self) -> bytes | None:
        import msvcrt

        console: Any = msvcrt
        found = b""
        while console.kbhit():
            found += str(console.getwch()).encode()
        return found

    def _there(self) -> bool:
        import msvcrt

        console: Any = msvcrt
        return bool(console.kbhit())
