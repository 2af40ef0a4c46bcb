"""What comes from outside stays text: no element, no dialog, no request elsewhere, in any place the page shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest
from tapping import Served, Tablet, tk

PAYLOADS = (
    "<img src=x onerror=window.pwned=1>",
    "<script>window.pwned=1</script>",
    "\"><svg onload=alert(1)>",
    "'><iframe srcdoc='<script>parent.pwned=1</script>'>",
    "</span></button></script><h1>big</h1>",
    "javascript:window.pwned=1",
    "{{constructor.constructor('window.pwned=1')()}}${window.pwned=1}",
    "]]><!-- --><style>*{display:none}</style>",
    "<a href=http://evil.test/>here</a><link rel=stylesheet href=http://evil.test/x.css>",
    "&lt;b&gt;&#60;img src=http://evil.test/&#62;",
    "\u202egnp.exe\u202c\u2066x\u2028y\u2029z\ufeff\u200b",
    "__proto__", "constructor", "%00%0a{seq}~{seq+0}", "x" * 10_000,
    "$& $1 $` {count} {seat} {reason}",
)  # fmt: skip
WATCH = """
window.made = [];
new MutationObserver(all => {
  for (const {addedNodes} of all) for (const node of addedNodes)
    if (node.nodeType === 1) for (const e of [node, ...node.querySelectorAll('*')]) made.push(e.localName);
}).observe(document, {subtree: true, childList: true});
for (const name of ['alert', 'confirm', 'prompt', 'open', 'print']) window[name] = () => { window.pwned = name; };
"""
TAGS = {
    "html", "head", "meta", "title", "link", "script", "body", "div", "h1", "h2", "p", "code", "noscript", "header", "button",
    "main", "section", "span", "ol", "li", "time", "em", "b", "i", "u", "kbd", "dl", "dt", "dd", "a",
    # what fields and lists are made of
    "label", "input", "select", "option", "form", "ul", "fieldset", "legend", "output", "small", "strong", "nav", "footer",
    "details", "summary", "textarea", "hr",
}  # fmt: skip


class Watched:
    """A page whose elements, dialogs and requests are counted."""

    def __init__(self, context, url: str) -> None:
        self.context, self.origin = context, url.partition("/#")[0]
        context.add_init_script(WATCH)
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        context.on("request", lambda request: self.asked.append(request.url))
        self.tablet = Tablet(context.new_page())
        self.tablet.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def unharmed(self) -> None:
        page = self.tablet.page
        assert set(page.evaluate("made")) - TAGS == set()
        assert page.evaluate("document.querySelectorAll('script, link, style').length") == self.own
        assert page.evaluate("[...document.links].every(a => a.origin === location.origin)")
        assert page.evaluate("window.pwned") is None
        assert page.evaluate("document.querySelectorAll('h1').length") <= 2
        assert page.evaluate("Object.keys(Object.prototype).length") == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert self.dialogs == []
        assert [url for url in self.asked if not url.startswith(self.origin + "/")] == []
        assert self.tablet.wrong == []

    @property
    def own(self) -> int:
        """How many scripts and sheets the page itself names."""
        return len(re.findall(r"<(?:script|link|style)\b", INDEX.read_text()))

    def shown(self, payload: str) -> bool:
        """Whether a text stands on the page as it is, or in the name of something."""
        return self.tablet.page.evaluate(
            """text => document.body.textContent.includes(text)
                || [...document.querySelectorAll('[aria-label]')].some(e => e.ariaLabel.includes(text))""",
            payload,
        )


INDEX = Path(__file__).resolve().parents[2] / "src/tkcore/web/static/index.html"


def hostile(root: Path) -> None:
    """Put the payloads into every label and caution of the workspace's codebook."""
    texts = cycle(text for text in PAYLOADS if len(text) < 1000)
    for file in root.glob("codebooks/*.toml"):
        changed = re.sub(
            r'(label|text) = \{ id = "[^"]*", en = "[^"]*" \}',
            lambda found: f"{found[1]} = {{ id = {_toml(next(texts))}, en = {_toml(next(texts))} }}",
            file.read_text(),
        )
        assert changed.count("onerror") > 5
        file.write_text(changed)


def _toml(text: str) -> str:
    return json.dumps(text)


@pytest.fixture
def watched(served: Served, device) -> Watched:
    """The page of a harmless workspace, not opened yet."""
    return Watched(device(), served.url)


def test_labels_of_a_hostile_codebook(tmp_path, device) -> None:
    """Families, codes, phases and cautions of a codebook made to do harm are shown as they are written."""
    served = Served(tmp_path / "w", prepare=hostile)
    try:
        watched = Watched(device(), served.url)
        tablet = watched.tablet.open(served.url).live()
        for key in "gdpslnurbfmeijaohw":
            tablet.press(key)
            tablet.press("Escape")
        tablet.seats("TA")
        tablet.typed("gg")
        tablet.seats("AB")
        tablet.typed("uurd]]")
        tablet.tap("#help")
        tablet.tap("#tongue")
        tablet.settled()
        assert watched.shown(PAYLOADS[0])
        assert watched.shown(PAYLOADS[4])
        watched.unharmed()
    finally:
        served.stop()


def spoilt(value, texts: Iterator[str], keep: frozenset[str]):
    """Put a payload into every text of a document but those the page goes by."""
    if isinstance(value, dict):
        return {k: v if k in keep else spoilt(v, texts, keep) for k, v in value.items()}
    if isinstance(value, list):
        return [spoilt(x, texts, keep) for x in value]
    return next(texts) if isinstance(value, str) else value


@pytest.mark.parametrize(
    "keep",
    [
        frozenset({"key", "id", "family", "state", "h", "kind"}),
        frozenset({"h"}),
    ],
    ids=["texts", "all"],
)
@pytest.mark.parametrize("first", range(0, len(PAYLOADS), 4))
def test_a_state_made_to_do_harm(served, watched, keep, first) -> None:
    """Whatever the server's answers hold in the place of signs, names, labels and lines: it stays text."""
    texts = cycle(PAYLOADS[first:] + PAYLOADS[:first])

    def spoil(route) -> None:
        said = route.fetch().json()
        said["entries"] = [
            {
                "seq": 0,
                "id": "a" * 30,
                "ts": 0,
                "text": "",
                "kind": "note.written",
                "state": "effective",
                "observer": "",
            }
        ]
        # the key that taps are sealed with is shown nowhere, and without one there is no page
        route.fulfill(json={**spoilt(said, texts, keep), "queue": said["queue"]})

    watched.tablet.page.route("**/api/state", spoil)
    watched.tablet.page.goto(served.url)
    watched.tablet.page.wait_for_selector("#link:not(:empty)")
    if keep != {"h"}:
        watched.tablet.press("g")
        watched.tablet.tap("#help")
    watched.tablet.wrong.clear()  # what is no state at all may be said to be none; it does no harm
    watched.unharmed()


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: text[:12])
def test_a_reason_made_to_do_harm(served, watched, payload: str) -> None:
    """The reason of a refused line, which repeats what was sent, and the words of a caution are text."""
    tablet = watched.tablet.open(served.url).live()
    answers = iter(("error", "caution"))

    def refuse(route) -> None:
        sent = route.request.post_data_json["entries"]
        kind = next(answers)
        error = {"column": 1, "reason": payload, "near": [payload]}
        good = {"seq": 2, "count": 1, "ts": 0, "h": "", "again": False}
        caution = [{"caution": "x", "seq": 2, "text": {"id": payload, "en": payload}}]
        route.fulfill(
            json={
                "answers": [
                    {"id": one["id"], "error": error}
                    if kind == "error"
                    else {"id": one["id"], **good, "cautions": caution}
                    for one in sent
                ]
            }
        )

    tablet.page.route("**/api/entries", refuse, times=2)
    for seats in ("AB", "BC"):
        tablet.seats(seats)
        tablet.page.wait_for_function(
            "text => document.getElementById('hint').textContent.includes(text)", arg=payload
        )
    watched.unharmed()


def test_lines_and_notes_made_to_do_harm(served, watched) -> None:
    """Lines that a page would never send are refused or kept, and shown without harm; a note's words come back nowhere."""
    tablet = watched.tablet.open(served.url).live()
    lines = [
        f"{kind}{text}"
        for text in PAYLOADS
        if len(text) < 1000
        for kind in ("", "!", "A!", "#", "#a: ", "{", "%", "-a:")
    ]
    said = tablet.page.evaluate(
        """async lines => {
            const entries = lines.map((line, i) => ({id: String(i).padStart(30, '0'), line, at: null}));
            const answer = await fetch('/api/entries', {
                method: 'POST', headers: {'Content-Type': 'application/json', 'X-Tkcore': '1'}, body: JSON.stringify({entries}),
            });
            return (await answer.json()).answers;
        }""",
        lines,
    )
    assert len(said) == len(lines)
    assert [one for one in said if "seq" in one]
    assert [one for one in said if "error" in one]
    log = "".join(file.read_text() for file in served.root.glob("groups/g/sessions/s/*.ndjson"))
    assert not [text for text in PAYLOADS if text in log and "<" in text]
    tablet.page.reload()
    tablet.live()
    assert not watched.shown(PAYLOADS[0])
    watched.unharmed()


@pytest.mark.parametrize("name", ["<img src=x>/s", "g/<b>", "g\u202e/s", "g/" + "x" * 300])
def test_names_of_groups_and_sessions_have_no_room_for_harm(served, name: str) -> None:
    """A group or session whose name is not plain is refused before there is a page that could show it."""
    with pytest.raises(AssertionError, match="tk:"):
        tk(served.root, "session", "open", name, "--seats", "T,A")
