"""What the page can look like: each state by its name, and how one gets there from a page just opened.

Whoever adds something to be seen adds a line to `STATES`: it is then judged by axe, read for English words, measured and
photographed like the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from held import Held, quiet
from playwright.sync_api import BrowserContext
from tapping import Served, Tablet

NARROW, LAPTOP, TABLET, LOW = (320, 640), (1366, 768), (1024, 768), (1366, 650)


class State(NamedTuple):
    """`bring` gets there; `link`: whether the page has a server then; `cookie`: whether the server knows the device."""

    bring: Callable[[Tablet], object]
    size: tuple[int, int] = TABLET
    link: bool = True
    cookie: bool = True


def _talk(tablet: Tablet) -> None:
    """Three entries: two turns and a code."""
    tablet.seats("TA")
    tablet.tap("[data-code=gg]")
    tablet.seats("AB")
    tablet.settled()


def _refused(tablet: Tablet) -> None:
    _talk(tablet)
    tablet.code("hl")
    tablet.seats("B")
    tablet.page.wait_for_selector("#last li[data-state=refused]")


def _undone(tablet: Tablet) -> None:
    _talk(tablet)
    tablet.tap("#undo")
    tablet.settled()


def _offline(tablet: Tablet) -> None:
    _talk(tablet)
    tablet.page.context.set_offline(True)
    tablet.seats("BC")
    tablet.page.wait_for_selector("#link[data-link=away][data-waiting='1']")


def _held_down(tablet: Tablet) -> None:
    tablet.page.locator("[data-seat=A]").dispatch_event("pointerdown", {"pointerId": 1, "button": 0})


def _closed(tablet: Tablet) -> None:
    """As the server says it of a closed session."""

    def close(route) -> None:
        said = route.fetch().json()
        route.fulfill(json={**said, "closed": True, "clock": {**said["clock"], "running": False}})

    tablet.page.route("**/api/state", close)
    tablet.page.reload()
    tablet.page.wait_for_selector("#link[data-link=closed]")


def _locked(tablet: Tablet) -> None:
    tablet.page.context.clear_cookies()
    tablet.seats("BC")
    tablet.page.wait_for_selector("#link:not([data-link=live])")
    tablet.page.clock.run_for(500)  # asked once more
    tablet.page.wait_for_selector("#link[data-link=locked]")


def _away(tablet: Tablet) -> None:
    tablet.page.wait_for_selector("#away")


def _paused(tablet: Tablet) -> None:
    tablet.code("hc")
    tablet.page.wait_for_function("() => document.getElementById('hint').textContent !== ''")
    tablet.settled()


def _zoomed(tablet: Tablet) -> None:
    """Text twice as large (WCAG 1.4.4), as a browser's own setting makes it."""
    tablet.page.evaluate("document.body.style.fontSize = '200%'")
    _talk(tablet)


def _led_by_another(tablet: Tablet) -> None:
    """As the server says it to the second of two observers who are not to see each other's marks."""

    def other(route) -> None:
        said = route.fetch().json()
        both = [*said["observers"], {"observer": "obs2", "role": "observer"}]
        route.fulfill(json={**said, "lead": "obs2", "observers": both, "blind": True})

    tablet.page.route("**/api/state", other)
    tablet.page.reload()
    tablet.page.wait_for_selector("#blind:not([hidden])")
    _who(tablet)


def _receipt(tablet: Tablet) -> None:
    words = ["abandon", "ability", "able", "about", "above", "absent", "absorb", "abstract"]
    said = {"session": "g/s", "seq": 12, "h": "0" * 64, "words": words}
    tablet.page.route("**/api/receipt", lambda route: route.fulfill(json=said))
    _closed(tablet)
    tablet.page.wait_for_selector("#ended:not([hidden])")


def _who(tablet: Tablet) -> None:
    tablet.tap("#who")
    tablet.page.wait_for_selector("#observers h2")


def _invited(tablet: Tablet) -> None:
    _who(tablet)
    tablet.page.locator("#observers .links button").first.tap()
    tablet.page.wait_for_selector("#observers svg path", state="attached")


def _set(tablet: Tablet) -> None:
    tablet.tap("#set")
    tablet.page.wait_for_selector("#settings section")


def _keyset(tablet: Tablet) -> None:
    tablet.tap("#help")
    tablet.page.locator("#rekey").tap()
    tablet.page.wait_for_selector(".keyset button")


def _offered(tablet: Tablet) -> None:
    _talk(tablet)
    tablet.page.locator("#last .touch").first.tap()
    tablet.page.wait_for_selector("[data-offer]")


ALERT = """
says => {
  const fetched = window.fetch, first = new TextEncoder().encode(`event: alert\\ndata: ${JSON.stringify(says)}\\n\\n`);
  window.fetch = async (...asked) => {
    const answer = await fetched(...asked);
    if (!String(asked[0]).startsWith('/api/events')) return answer;
    const reader = answer.body.getReader();
    return new Response(new ReadableStream({
      start: told => told.enqueue(first),
      pull: async told => {
        const {value, done} = await reader.read();
        if (done) told.close(); else told.enqueue(value);
      },
    }), answer);
  };
}
"""
"""The stream begins with an alert."""


def _alert(tablet: Tablet) -> None:
    says = {
        "id": "belum ada giliran bicara dari satu kursi selama 15 menit",
        "en": "no turn of one seat for 15 minutes",
    }
    one = {"alert": "monopoly.silent", "seat": "F", "says": says, "ts": 754_000, "since": 75, "stored": True}
    tablet.page.add_init_script(f"({ALERT})({json.dumps({'alerts': [one], 'trouble': None})})")
    tablet.page.reload()
    tablet.live()
    _talk(tablet)
    tablet.page.wait_for_selector("#alert[data-stands]")


def _held_seat(tablet: Tablet, seat: str = "A") -> None:
    disc = tablet.page.locator(f"[data-seat={seat}]")
    disc.dispatch_event("pointerdown", {"pointerId": 1, "button": 0})
    tablet.page.clock.run_for(700)
    disc.dispatch_event("pointerup", {"pointerId": 1, "button": 0})
    tablet.page.wait_for_selector("[data-offer]")


def _discs(tablet: Tablet) -> None:
    """What a disc can say: a go-round that has not come there, a narrower consent, a sign, one outside."""
    tablet.code("aa")
    tablet.seats("TA")
    _held_seat(tablet, "C")
    tablet.page.locator(".code:visible").nth(0).tap()
    _held_seat(tablet, "D")
    tablet.page.locator(".code:visible").nth(1).tap()
    tablet.settled()
    _held_seat(tablet, "B")
    tablet.page.locator(".code:visible").last.tap()
    tablet.page.locator("[data-offer='★']").tap()
    tablet.code("hh")
    tablet.seats("E")
    tablet.settled()
    tablet.press("Escape")
    tablet.page.wait_for_selector("[data-seat=E][data-out]")
    tablet.page.wait_for_selector("[data-seat=D][data-scope=none]")


def _very_dark(tablet: Tablet) -> None:
    _set(tablet)
    tablet.page.locator("#settings input[type=radio]").last.check()
    tablet.tap("#set")
    _talk(tablet)


def _reviewed(tablet: Tablet) -> None:
    """All that was asked is skipped."""
    _review(tablet)
    for _ in range(9):
        if not tablet.page.locator("#review button", has_text="→").count():
            break
        tablet.press("ArrowRight")


def _review(tablet: Tablet) -> None:
    _talk(tablet)
    tablet.press(";")
    tablet.settled()
    tablet.tap("#review-open")
    tablet.page.wait_for_selector("#review:not([hidden]) button")


STATES: dict[str, State] = {
    "fresh": State(lambda _: None),
    "talk": State(_talk),
    "armed": State(lambda tablet: (_talk(tablet), tablet.seats("C"))),
    "touched": State(_held_down),
    "family": State(lambda tablet: tablet.press("u")),
    "discreet family": State(lambda tablet: tablet.press("r")),
    "asking": State(lambda tablet: tablet.code("hh")),
    "quick": State(lambda tablet: tablet.tap("#quick")),
    "hint": State(lambda tablet: tablet.tap("#group")),
    "phase": State(lambda tablet: (tablet.tap("#phase-after"), tablet.settled())),
    "keys off": State(lambda tablet: tablet.tap("#keys")),
    "guide": State(lambda tablet: tablet.tap("#help")),
    "veil": State(lambda tablet: tablet.tap("#hide")),
    "undone": State(_undone),
    "refused": State(_refused),
    "laptop": State(_talk, LAPTOP),
    "low": State(_talk, LOW),
    "low guide": State(lambda tablet: tablet.tap("#help"), LOW),
    "narrow": State(_talk, NARROW),
    "narrow family": State(lambda tablet: tablet.press("s"), NARROW),
    "narrow guide": State(lambda tablet: tablet.tap("#help"), NARROW),
    "offline": State(_offline, link=False),
    "narrow offline": State(_offline, NARROW, link=False),
    "closed": State(_closed, link=False),
    "receipt": State(_receipt, link=False),
    "narrow receipt": State(_receipt, NARROW, link=False),
    "observers": State(_who),
    "invitation": State(_invited),
    "led by another": State(_led_by_another),
    "narrow observers": State(_who, NARROW),
    "settings": State(_set),
    "narrow settings": State(_set, NARROW),
    "for patients": State(lambda tablet: tablet.tap("#show")),
    "own keys": State(_keyset),
    "search": State(lambda tablet: tablet.press("\\")),
    "note": State(lambda tablet: tablet.press("/")),
    "rarer": State(lambda tablet: tablet.tap("#rarer")),
    "touched entry": State(_offered),
    "narrow touched entry": State(_offered, NARROW),
    "alert": State(_alert),
    "narrow alert": State(_alert, NARROW),
    "held seat": State(_held_seat),
    "very dark": State(_very_dark),
    "review": State(_review),
    "reviewed": State(_reviewed),
    "narrow review": State(_review, NARROW),
    "discs": State(_discs),
    "paused": State(_paused),
    "not entered": State(_away, link=False, cookie=False),
    "narrow not entered": State(_away, NARROW, link=False, cookie=False),
    # the last one: the device has no cookie any more
    "locked": State(_locked, link=False),
}


class Stage:
    """One device before one server, that shows one state after the other; time stands at 12 minutes 34 seconds."""

    def __init__(
        self, served: Served, device: Callable[..., BrowserContext], held: Held, language: str
    ) -> None:
        self.served, self.device, self.held = served, device, held
        self.begin = f"localStorage.setItem('tkcore.language', {json.dumps(language)}); ['keys', 'quick', 'look'].forEach(name => localStorage.removeItem(`tkcore.${{name}}`))"
        held.pass_(754_000)
        self.context = self._device()
        self.url = served.url

    def _device(self) -> BrowserContext:
        made = self.device()
        made.add_init_script(self.begin)
        self.held.keep(made)
        return made

    @contextmanager
    def show(self, name: str) -> Iterator[Tablet]:
        """Show a state on a page of its own; where it is that of a stranger, on a device of its own."""
        state = STATES[name]
        device = self.context if state.cookie else self._device()
        page = device.new_page()
        page.set_viewport_size({"width": state.size[0], "height": state.size[1]})
        tablet = Tablet(page)
        page.goto(self.url)
        if state.cookie:
            self.url = self.served.url.partition("#")[0]  # the token is good once
            tablet.live()
        state.bring(tablet)
        page.clock.run_for(300)
        if state.link:
            quiet(page)
        try:
            yield tablet
        finally:
            assert not tablet.wrong, (name, tablet.wrong)
            device.set_offline(False)
            page.close()
