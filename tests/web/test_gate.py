"""Nothing is stored for whoever is not this machine's own tab."""

from __future__ import annotations

import pytest

from tkcore.web.app import STATIC
from tkcore.web.keys import LASTS

TAP = {"entries": [{"id": "0" * 30, "line": "ab", "at": None}]}
OWN = "http://127.0.0.1:8733"


@pytest.mark.parametrize(
    ("headers", "without", "status"),
    [
        ({"host": "evil.test"}, (), 403),
        ({"host": "evil.test:8733", "origin": "http://evil.test:8733"}, (), 403),
        ({"host": "127.0.0.1:8734", "origin": "http://127.0.0.1:8734"}, (), 403),
        ({"host": "127.0.0.1"}, (), 403),
        ({"host": "127.0.0.1.evil.test:8733"}, (), 403),
        ({"origin": "http://evil.test"}, (), 403),
        ({"origin": "null"}, (), 403),
        ({"origin": "http://localhost:8733"}, (), 403),
        ({"origin": "https://127.0.0.1:8733"}, (), 403),
        ({"origin": "http://127.0.0.1:8733/"}, (), 403),
        ({}, ("origin",), 403),
        ({}, ("x-tkcore",), 403),
        ({"x-tkcore": "0"}, (), 403),
        ({"sec-fetch-site": "cross-site"}, (), 403),
        ({"sec-fetch-site": "same-site"}, (), 403),
        ({"content-type": "text/plain"}, (), 415),
        ({"content-type": "application/x-www-form-urlencoded"}, (), 415),
        ({"cookie": "tkcore-8733=wrong"}, (), 401),
        ({"cookie": ""}, (), 401),
    ],
)
def test_a_post_that_is_not_the_pages_stores_nothing(tab, headers, without, status):
    """A rebinding host, another origin, a missing header, a wrong cookie: the right status, and the log as it was."""
    before = tab.stored()
    if "cookie" in headers:
        tab.cookies = {}
    answer = tab.request("POST", "/api/entries", json=TAP, headers=headers, without=without)
    assert (answer.status_code, tab.stored()) == (status, before)
    assert "answers" not in answer.text


def test_the_same_request_without_a_fault_is_stored(tab):
    """What the refusals above are compared with: both names of this machine are taken."""
    before = tab.stored()
    assert tab.request("POST", "/api/entries", json=TAP).status_code == 200
    own = {"host": "localhost:8733", "origin": "http://localhost:8733", "sec-fetch-site": "same-origin"}
    other = {"entries": [{"id": "1" * 30, "line": "ba", "at": None}]}
    assert tab.request("POST", "/api/entries", json=other, headers=own).status_code == 200
    assert tab.stored() == before + 2


def test_a_header_that_stands_twice_is_none(tab):
    """Two origins, of which one is ours, are refused."""
    headers = [("x-tkcore", "1"), ("origin", OWN), ("origin", "http://evil.test")]
    before = tab.stored()

    async def go():
        import httpx

        transport = httpx.ASGITransport(tab.app)
        async with httpx.AsyncClient(transport=transport, base_url=OWN, cookies=tab.cookies) as client:
            return await client.post("/api/entries", json=TAP, headers=headers)

    assert (tab.run(go()).status_code, tab.stored()) == (403, before)


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/sw.js", "/api/state", "/api/events", "/api/words"])
def test_another_name_for_this_machine_reads_nothing(tab, path):
    """A host that was bound anew to this address gets 421 on every route, the stream among them."""
    answer = tab.request("GET", path, headers={"host": "evil.test:8733"})
    assert (answer.status_code, answer.json()) == (421, {"error": {"reason": "host"}})


@pytest.mark.parametrize("path", ["/api/state", "/api/events", "/api/words"])
def test_without_a_cookie_nothing_is_read(page_of, path):
    """The API answers 401 to whoever has not come in."""
    assert page_of().request("GET", path).status_code == 401


@pytest.mark.parametrize("path", ["/api/state", "/api/events", "/api/words"])
def test_another_site_reads_nothing_even_with_the_cookie(tab, path):
    """The browser says who asks, and another site is refused."""
    assert tab.request("GET", path, headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_the_token_is_good_once(page_of):
    """A second entry under the same token is refused, a wrong one does not spend it."""
    tab = page_of()
    token = tab.keys.token
    for wrong in ("", "x", token[:-1], token + "x", "ñ"):
        assert tab.request("POST", "/api/enter", json={"token": wrong}).status_code == 403
    assert tab.request("POST", "/api/enter", json={"token": token}).status_code == 200
    again = tab.request("POST", "/api/enter", json={"token": token})
    assert (again.status_code, "set-cookie" in again.headers) == (403, False)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"token": 1}', b"\xff", b"[" * 100_000])
def test_an_entry_of_another_shape_is_refused(page_of, body):
    """What is no token is 400 and spends nothing."""
    tab = page_of()
    answer = tab.request("POST", "/api/enter", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, tab.keys.token is None) == (400, False)


def test_the_cookie_stays_with_the_browser(page_of):
    """No script reads the cookie, no other site sends it, and its name is the port's own."""
    tab = page_of()
    said = tab.request("POST", "/api/enter", json={"token": tab.keys.token}).headers["set-cookie"]
    name, *more = [part.strip().lower() for part in said.split(";")]
    assert name.startswith("tkcore-8733=")
    assert {"httponly", "samesite=strict", "path=/", f"max-age={LASTS // 1000}"} <= set(more)


def test_a_page_goes_on_when_the_server_was_killed(tab):
    """The cookie is good under a new server of the same session, for twelve hours, and not of another session."""
    cookie = f"a=b; tkcore-8733={tab.cookies['tkcore-8733']}"
    assert tab.fresh().knows(cookie)
    assert not tab.fresh("g/other").knows(cookie)
    tab.file.write_bytes(b"{")
    assert not tab.fresh().knows(cookie)


def test_a_cookie_ends(tab, time):
    """After twelve hours the page must come in again."""
    time.go(LASTS / 1000 - 1)
    assert tab.request("GET", "/api/state").status_code == 200
    time.go(2)
    assert tab.request("GET", "/api/state").status_code == 401
    assert not tab.fresh().knows(f"tkcore-8733={tab.cookies['tkcore-8733']}")


def test_no_file_has_a_cookie_or_a_token(tab, root):
    """What is kept for a restart lets nobody in who reads it."""
    secret = [value.encode() for value in tab.cookies.values()]
    files = [path for path in root.rglob("*") if path.is_file()]
    assert tab.file in files
    assert not [path for path in files if any(one in path.read_bytes() for one in secret)]
    assert tab.file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "path", ["/", "/static/app.js", "/sw.js", "/api/state", "/nowhere", "/static/none.js"]
)
def test_every_answer_has_the_headers(tab, path):
    """The page runs its own files and nothing else, sees no camera and no microphone, and is kept nowhere."""
    headers = tab.request("GET", path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in headers["permissions-policy"]
    assert "microphone=()" in headers["permissions-policy"]
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert (headers["cache-control"] == "no-store") or not path.startswith("/api/")
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/sw.js", "/api/state", "/api/words", "/nowhere"])
def test_no_get_has_a_side_effect(tab, root, path):
    """Asking changes no file and stores nothing; what stores cannot be asked for by GET."""
    files = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    tab.request("GET", path)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == files
    for posted in ("/api/enter", "/api/entries"):
        assert tab.request("GET", posted).status_code == 405


@pytest.mark.parametrize(
    "path", ["/static/../serve-8733.json", "/static/%2e%2e/serve-8733.json", "/static/..%2fserve-8733.json", "/static//etc/passwd"]
)  # fmt: skip
def test_no_path_leaves_the_static_folder(tab, path):
    """Nothing outside the page's own files is given out."""
    assert tab.file.is_file()
    assert tab.request("GET", path).status_code == 404


def test_a_link_out_of_the_static_folder_is_not_followed(tab):
    """A symbolic link beside the page's files gives nothing."""
    assert (tab.static / "out.js").is_symlink()
    assert tab.request("GET", "/static/out.js").status_code == 404


def test_page_and_server_are_of_one_version(tab):
    """What lies in the folder later is not given out; what the browser has already is not sent again."""
    first = tab.request("GET", "/static/app.js")
    (tab.static / "app.js").write_text("export const later = 1")
    again = tab.request("GET", "/static/app.js")
    assert again.text == first.text == "export {}"
    known = tab.request("GET", "/static/app.js", headers={"if-none-match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    other = tab.request("GET", "/static/app.js", headers={"if-none-match": 'W/"0"'})
    assert other.status_code == 200


def test_files_are_sent_compressed_to_who_understands_it(tab):
    """The same text either way, and the answer says on what it depends."""
    plain = tab.request("GET", "/static/app.js", headers={"accept-encoding": "identity"})
    packed = tab.request("GET", "/static/app.js", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.text == packed.text == "export {}"
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


def test_the_page_has_no_data_in_it(tab):
    """The files are the same for everybody: no session, no seat, no token."""
    for path in ("/", "/sw.js"):
        text = tab.request("GET", path).text
        assert "g/s" not in text
        assert str(tab.keys.token) not in text


def test_the_service_worker_may_have_the_whole_page(tab):
    """Its only address is in the root, and its type is a script's."""
    assert tab.request("GET", "/sw.js").headers["content-type"].startswith("text/javascript")
    assert tab.request("GET", "/static/sw.js").status_code == 404


def test_the_real_page_has_no_inline_script_or_style():
    """What the policy forbids is not there to be broken by it."""
    import re

    for path in STATIC.glob("*.html"):
        text = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text), path
        assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text), path
