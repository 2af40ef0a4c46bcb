"""A lively group from a script, once by touch alone and once by keys alone: both logs say what the script says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from held import Held, quiet
from lively import FAMILIES, KEY, Script, Step, lively, record_of
from tapping import SEATS, Served, Tablet
from test_access import reach

Hand = dict[str, Callable[["Player", Step], object]]


class Player:
    """Hands at the page, by the script's time."""

    def __init__(self, tablet: Tablet, held: Held, hand: Hand) -> None:
        self.tablet, self.held, self.hand = tablet, held, hand

    def play(self, steps: list[Step]) -> None:
        for step in steps:
            self.held.until(step.at)
            self.hand[step.act](self, step)

    def wait(self, step: Step) -> None:
        self.held.go(step.gap)


def _touch(*taps: str) -> Callable[[Player, Step], None]:
    """Tap what is named: a selector, `0` or `1` the seat of that word, `-` a wait."""

    def play(player: Player, step: Step) -> None:
        for tap in taps:
            if tap == "-":
                player.wait(step)
            else:
                player.tablet.tap(f"[data-seat={step.words[int(tap)]}]" if tap.isdigit() else tap)

    return play


def _code(player: Player, key: str, step: Step) -> None:
    """Tap a favourite where it is one, at the moment of the second tap; else the family, then the code."""
    tile = player.tablet.page.locator(f"[data-code={key}]")
    if tile.count():
        player.wait(step)
    else:
        player.tablet.tap(f".family >> nth={FAMILIES.index(key[0])}")
        player.wait(step)
    player.tablet.tap(f"[data-code={key}]")


def _said(player: Player, step: Step) -> None:
    player.tablet.tap(f"[data-seat={step.words[0]}]")
    player.wait(step)
    _code(player, step.words[1], step)


def _seat(player: Player, step: Step) -> None:
    _code(player, "hh", step)
    player.wait(step)
    player.tablet.tap(f"[data-seat={step.words[0]}]")
    _settled(player)


def _new(player: Player, step: Step) -> None:
    _code(player, "hw", step)
    _settled(player)


def _pause(player: Player, step: Step) -> None:
    _code(player, "hc", step)
    _settled(player)
    player.held.go(30_000)
    _code(player, "hc", step)
    _settled(player)


def _settled(player: Player) -> None:
    """The room has changed: the page asks for it anew, which is over before time passes."""
    quiet(player.tablet.page, heard=True)


RARER = (
    "find",
    "again",
    "cursor-before",
    "cursor-after",
    "target",
    "too",
    "earlier",
    "exchange",
    "redo",
    "others",
    "ago",
)
"""What the tile with the three points offers, in its order."""


def _rarer(act: str, *taps: str) -> Callable[[Player, Step], None]:
    return _touch("#rarer", f".code >> nth={RARER.index(act)}", *taps)


def _before(player: Player, step: Step) -> None:
    _rarer("cursor-before")(player, step)
    _code(player, step.words[0], step)
    _rarer("cursor-after")(player, step)


def _noted(player: Player, step: Step) -> None:
    """By touch as by keys: a keyboard on the screen types as another does."""
    player.tablet.page.keyboard.type(step.words[0])
    player.tablet.press("Enter")


TOUCH: Hand = {
    "turn": _touch("0", "-", "1"), "group": _touch("0", "-", "#group"), "self": _touch("0", "-", "1"),
    "alone": _touch("0", "-"), "answer": _touch("#reply"), "answers": _touch("0", "-", "#reply"), "floor": _touch("0"),
    "quick": _touch("#quick"), "hush": _touch("#hush"), "crowd": _touch("#crowd"), "star": _touch("#star"),
    "undo": _touch("#undo"), "code": lambda player, step: _code(player, step.words[0], step), "said": _said,
    "phase": lambda player, step: player.tablet.tap(f"#phase-{step.words[0]}"), "seat": _seat, "new": _new, "pause": _pause,
    "redo": _rarer("redo"), "too": _rarer("too", "-", "0"), "earlier": _rarer("earlier"), "again": _rarer("again"),
    "target": _rarer("target", "-", "0"), "more": _touch("#last li:not([hidden]) .more:not([hidden])"),
    "less": _touch("#last li:not([hidden]) .less:not([hidden])"), "before": _before,
    "note": lambda player, step: (player.tablet.tap("#noting"), _noted(player, step)),
}  # fmt: skip
"""What a finger can do on the page: one line an act."""


def _keys(*keys: str) -> Callable[[Player, Step], None]:
    """Press what is named: `0` or `1` the key of that seat, `00` or `01` the letters of that code, `-` a wait."""

    def play(player: Player, step: Step) -> None:
        for key in keys:
            if key == "-":
                player.wait(step)
            elif key in ("0", "1"):
                player.tablet.press(KEY[step.words[int(key)]])
            elif key in ("00", "01"):
                player.tablet.press(step.words[int(key)][0])
                player.wait(step)
                player.tablet.press(step.words[int(key)][1])
            else:
                player.tablet.press(key)

    return play


def _then(play: Callable[[Player, Step], None]) -> Callable[[Player, Step], None]:
    def settle(player: Player, step: Step) -> None:
        play(player, step)
        _settled(player)

    return settle


def _stop(player: Player, step: Step) -> None:
    for wait in (30_000, 0):
        _then(_keys("h", "-", "c"))(player, step)
        player.held.go(wait)


KEYS: Hand = {
    "turn": _keys("0", "-", "1"), "group": _keys("0", "-", "."), "self": _keys("0", "-", "1"), "alone": _keys("0", "-"),
    "answer": _keys("Enter"), "answers": _keys("0", "-", "Enter"), "floor": _keys("0"), "quick": _keys("c"),
    "hush": _keys("Space"), "crowd": _keys("x"), "star": _keys(";"), "undo": _keys("Backspace"),
    "redo": _keys("Shift+Backspace"), "more": _keys("="), "less": _keys("Minus"), "too": _keys("'", "-", "0"),
    "earlier": _keys(","), "again": _keys("y"), "target": _keys("v", "-", "0"), "before": _keys("ArrowLeft", "00", "ArrowRight"),
    "note": lambda player, step: (player.tablet.press("/"), _noted(player, step)), "code": _keys("00"), "said": _keys("0", "-", "01"),
    "phase": lambda player, step: player.tablet.press("]" if step.words[0] == "after" else "["),
    "seat": _then(_keys("h", "-", "h", "-", "0")), "new": _then(_keys("h", "-", "w")), "pause": _stop,
}  # fmt: skip


@pytest.fixture
def at(tmp_path, held, device) -> Iterator[tuple[Served, Tablet]]:
    """A tablet before a server, both by the held clock."""
    served = Served(tmp_path / "w", held=held)
    held.keep(one := device())
    tablet = Tablet(one.new_page()).open(served.url).live()
    yield served, tablet
    served.stop()
    assert tablet.wrong == []


def captured(at: tuple[Served, Tablet], held: Held, script: Script, hand: Hand) -> None:
    """Play a script and compare the logs."""
    served, tablet = at
    Player(tablet, held, hand).play(script.steps)
    held.go(1000)
    tablet.settled()
    log = sorted(served.root.glob("groups/g/sessions/s/*.ndjson"))
    found, meant = record_of(log), record_of(script.files)
    for place, (one, other) in enumerate(zip(found, meant, strict=False)):
        assert one == other, f"record {place}, about {other['ts'] // 1000} s"
    assert Counter(x["t"] for x in found) == Counter(x["t"] for x in meant)
    assert found == meant


HANDS = pytest.mark.parametrize("hand", [TOUCH, KEYS], ids=["touch", "keys"])


@HANDS
def test_four_minutes_of_a_lively_group(at, held, tmp_path, hand: Hand) -> None:
    """Every act that the hand knows, by the time of the script: the log is the script, record by record."""
    script = lively(tmp_path / "script", SEATS, 4, frozenset(hand))
    captured(at, held, script, hand)


@HANDS
def test_half_an_hour_of_a_lively_group(at, held, tmp_path, hand: Hand) -> None:
    """A whole meeting with bursts of 60 a minute and long silences, to its end: the log is the script, record by record."""
    script = lively(tmp_path / "script", SEATS, 30, frozenset(hand))
    assert {step.act for step in script.steps} == set(hand)
    assert len(script.steps) > 550
    assert max(sum(a.at <= b.at < a.at + 15_000 for b in script.steps) for a in script.steps) >= 15
    assert {step.words[0][0] for step in script.steps if step.act == "code"} == set(FAMILIES)
    captured(at, held, script, hand)
    served, tablet = at
    for _ in range(2):
        if hand is TOUCH:
            tablet.tap("#end")
        else:
            reach(tablet, "#end")
            tablet.press("Enter")
    tablet.page.wait_for_selector("#ended:not([hidden])")
    assert tablet.page.locator("#ended li").count() == 8
    log = b"".join(path.read_bytes() for path in sorted(served.root.glob("groups/g/sessions/s/*.ndjson")))
    assert log.count(b'"t":"session.closed"') == 1
