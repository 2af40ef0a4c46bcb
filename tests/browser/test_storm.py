"""Twenty taps a second, ten minutes without a network, two tabs: by the page's clock, with the server's kept in step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tapping import Served, Tablet, turns

PERIOD = 50
"""Ms from tap to tap: 20 a second."""


@pytest.fixture
def at(tmp_path, held, device):
    """A tablet before a server, both by the held clock."""
    served = Served(tmp_path / "w", held=held)
    held.keep(one := device())
    tablet = Tablet(one.new_page()).open(served.url).live()
    yield served, tablet
    served.stop()
    assert tablet.wrong == []


def storm(tablet: Tablet, held, lines: list[str]) -> list[int]:
    """Tap turns at 20 taps a second, whatever is under way; return when each began."""
    began = []
    for line in lines:
        for first, seat in enumerate(line.split(">")):
            if not first:
                began.append(held.now)
            tablet.seats(seat)
            held.pass_(PERIOD)
    return began


def back(tablet: Tablet, held) -> None:
    """Let time pass until the page has found its server and nothing waits."""
    for _ in range(60):
        if tablet.page.get_attribute("#link", "data-link") == "live":
            break
        held.pass_(500)
        tablet.page.evaluate("new Promise(go => __way.later(go, 50))")  # the way there is not by this clock
    tablet.settled()


def killed(served: Served, tablet: Tablet, held) -> None:
    """The server goes as in a power cut, and is begun again at once."""
    served.kill()
    served.start()


def reloaded(served: Served, tablet: Tablet, held) -> None:
    """The page is loaded again, whatever was under way."""
    tablet.page.reload()
    tablet.page.wait_for_selector("html[data-ready]")


def dropped(served: Served, tablet: Tablet, held) -> None:
    """The network is gone for ten taps' time."""
    tablet.page.context.set_offline(True)
    held.pass_(500)
    tablet.page.context.set_offline(False)


@pytest.mark.parametrize("trouble", [killed, reloaded, dropped, None])
def test_five_hundred_taps_at_twenty_a_second(at, held, trouble: Callable[..., None] | None) -> None:
    """250 turns in 25 s, with trouble three times in the middle of them: each is stored once, in order, at its time."""
    served, tablet = at
    lines = turns(250)
    began: list[int] = []
    for part in (lines[:60], lines[60:125], lines[125:190], lines[190:]):
        began += storm(tablet, held, part)
        if trouble and len(began) < len(lines):
            trouble(served, tablet, held)
    back(tablet, held)
    assert served.said() == lines
    times = [record["ts"] for record in served.records()]
    assert times == sorted(times)
    assert max(abs(one - other) for one, other in zip(times, began, strict=True)) <= 1000


def test_the_server_is_away_while_taps_go_on(at, held) -> None:
    """Killed in the middle of 500 taps and away for 200 of them: counts are equal when it is back."""
    served, tablet = at
    lines = turns(250)
    storm(tablet, held, lines[:75])
    served.kill()
    storm(tablet, held, lines[75:175])
    tablet.page.wait_for_selector("#link[data-link=away]")
    served.start()
    storm(tablet, held, lines[175:])
    back(tablet, held)
    assert served.said() == lines


def test_ten_minutes_without_a_network(at, held) -> None:
    """200 taps over ten minutes offline: all are stored when the network is back, each at the moment of its tap."""
    served, tablet = at
    lines = turns(102)
    storm(tablet, held, lines[:1])
    tablet.settled()
    tablet.page.context.set_offline(True)
    began = []
    for line in lines[1:101]:
        began.append(held.now)
        for seat in line.split(">"):
            tablet.seats(seat)
            held.go(3000)
    assert held.now - began[0] == 600_000
    tablet.page.wait_for_selector("#link[data-link=away][data-waiting='100']")
    assert served.said() == lines[:1]
    tablet.page.context.set_offline(False)
    back(tablet, held)
    storm(tablet, held, lines[101:])
    tablet.settled()
    assert served.said() == lines
    times = [record["ts"] for record in served.records()][1:-1]
    assert max(abs(one - other) for one, other in zip(times, began, strict=True)) <= 10


def test_two_tabs_at_once(at, held) -> None:
    """Two tabs of a browser are tapped in turn while the server is killed: each turn once, each tab's in its order."""
    served, tablet = at
    other = Tablet(tablet.page.context.new_page()).open(served.url.partition("#")[0]).live()
    one, two = turns(16, "TAB"), turns(16, "CDE")
    for n, (mine, yours) in enumerate(zip(one, two, strict=True)):
        storm(tablet, held, [mine])
        storm(other, held, [yours])
        if n == 8:
            served.kill()
            served.start()
    back(tablet, held)
    back(other, held)
    said = served.said()
    assert [line for line in said if line[0] in "TAB"] == one
    assert [line for line in said if line[0] in "CDE"] == two
    assert other.wrong == []


def test_a_tab_that_crashes_in_the_middle_of_a_storm(at, held) -> None:
    """Without a server and with a tab that crashes, the next tab stores what was tapped, in its order."""
    served, tablet = at
    lines = turns(80)
    storm(tablet, held, lines[:40])
    served.kill()
    storm(tablet, held, lines[40:])
    tablet.page.wait_for_selector("#link[data-link=away]")
    tablet.page.wait_for_function("() => !Object.keys(localStorage).some(k => k.startsWith('tkcore.tap.'))")
    other = tablet.page.context.new_page()
    with tablet.page.expect_event("crash"), pytest.raises(Exception, match="crash"):
        tablet.page.goto("chrome://crash")
    served.start()
    held.devices.clear()
    next_tab = Tablet(other).open(served.url.partition("#")[0]).live().settled()
    assert served.said() == lines
    assert next_tab.wrong == []
