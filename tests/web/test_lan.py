"""The local network: which address, who gets in under TLS, and that nothing else speaks there."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest

from tkcore.disk import Disk
from tkcore.errors import BadInput, NotFound
from tkcore.web.app import application
from tkcore.web.authority import prepared
from tkcore.web.install import installing
from tkcore.web.inviting import QUIET, drawn, picture
from tkcore.web.keys import Joining
from tkcore.web.lan import Place, addresses, host, place, private
from tkcore.web.observers import inviting

TK = [sys.executable, "-m", "tkcore"]
IP = "127.0.0.2"
"""A private address that every Linux has, and that is not the one of localhost."""
TAP = {"entries": [{"id": "0" * 30, "line": "ab", "at": None}]}


def of(asked, found=("192.168.1.5", "172.17.0.1"), leads=()):
    return place(asked, host="ward", found=list(found), resolve=lambda _: list(leads))


def test_the_place():
    """The routed address and the machine's own name; an address or a name that is asked for comes first."""
    assert of(None) == Place("192.168.1.5", ("192.168.1.5", "ward.local"))
    assert of("172.17.0.1") == Place("172.17.0.1", ("172.17.0.1", "ward.local"))
    assert of("Ward.local.") == Place("192.168.1.5", ("ward.local", "192.168.1.5"))
    named = of("pc.klinik.lan", leads=["10.9.9.9", "172.17.0.1"])
    assert named == Place("172.17.0.1", ("pc.klinik.lan", "172.17.0.1", "ward.local"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("8.8.8.8", "never for the internet"),
        ("0.0.0.0", "never for the internet"),
        ("172.32.0.1", "never for the internet"),
        ("tkcore.example", "neither an IPv4 address nor a name"),
        ("local", "neither an IPv4 address nor a name"),
        ("::1", "neither an IPv4 address nor a name"),
        ("192.168.1.5:8733", "neither an IPv4 address nor a name"),
        ("a b.local", "neither an IPv4 address nor a name"),
        ("other.local", "it leads to 10.9.9.9, this machine has 192.168.1.5, 172.17.0.1"),
    ],
)
def test_an_address_that_is_none_is_refused(asked, said):
    """Nothing but a local network's address of this machine is listened at."""
    with pytest.raises(BadInput, match=said.replace("(", r"\(")):
        of(asked, leads=["10.9.9.9"])


def test_without_a_network_it_is_said():
    """A machine that is connected to nothing is told how to be."""
    for asked in (None, "ward.local"):
        with pytest.raises(NotFound, match="hotspot"):
            of(asked, found=())


def test_a_hotspot_has_an_address(tmp_path, monkeypatch):
    """Linux tells of each card's address, also of one that leads nowhere; where it tells nothing there is none."""
    told = """Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 10.42.0.0/24 2 0 2
        |-- 10.42.0.0
           /32 link BROADCAST
        |-- 10.42.0.1
           /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
"""
    monkeypatch.setattr("tkcore.web.lan._ROUTES", tmp_path / "routes")
    monkeypatch.setattr("tkcore.web.lan._routed", list)
    monkeypatch.setattr("tkcore.web.lan.resolved", lambda _: ["127.0.1.1"])
    assert addresses() == []
    (tmp_path / "routes").write_text(told)
    assert addresses() == ["10.42.0.1"]


def test_the_machines_own_addresses_are_private():
    """What is found can be listened at, each once, and is no loopback address."""
    from ipaddress import IPv4Address

    found = addresses()
    assert len(found) == len(set(found))
    for ip in found:
        assert private(IPv4Address(ip))
        assert not ip.startswith("127.")
        with socket.socket() as at:
            at.bind((ip, 0))


@pytest.mark.parametrize(
    ("name", "said"),
    [("Ward-PC", "ward-pc"), ("pc.rs.go.id", "pc"), ("PC Ruang 3", "pc-ruang-3"), ("", "tkcore"), ("-_-", "tkcore")],
)  # fmt: skip
def test_the_machines_name(name, said):
    """Whatever a machine is called, a name comes of it that may stand in a certificate."""
    assert host(name) == said


# -- who gets in --


@pytest.fixture
def lan(tmp_path):
    at = socket.socket()
    at.bind(("127.0.0.1", 0))
    made = prepared(
        Place(IP, (IP, "ward.local")), at, tmp_path / "lan", Disk(), owner="ward", now=datetime.now(UTC)
    )
    yield made
    at.close()


@pytest.fixture
def under_tls(page_of, lan):
    """Ask as a tablet on the network asks."""
    tab = page_of()
    tab.app = application(
        tab.room, tab.keys, port=lan.port, language="en", trouble=tab.trouble.append, static=tab.static, hosts=lan.hosts,
        more=[inviting(tab.room, tab.keys, lan.base), *installing(lan)],
    )  # fmt: skip

    def ask(method, path, *, base=lan.base, headers=None, cookies=None, **more):
        sent = {"x-tkcore": "1", "origin": base} if method == "POST" else {}

        async def go():
            transport = httpx.ASGITransport(tab.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=base, cookies=cookies) as client:
                return await client.request(method, path, headers=sent | (headers or {}), **more)

        return tab.run(go())

    ask.tab, ask.lan = tab, lan
    answer = ask("POST", "/api/enter", json={"token": tab.keys.invite(Joining("obs1"))})
    assert answer.status_code == 200
    ask.said, ask.cookies = answer.headers["set-cookie"], dict(answer.cookies)
    return ask


def test_a_tablet_comes_in_and_taps(under_tls):
    """Under its address and its name; the cookie is Secure and held to the host by the browser."""
    assert under_tls.said.startswith("__Host-tkcore-8733=")
    parts = {part.strip().lower() for part in under_tls.said.split(";")[1:]}
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    before = under_tls.tab.stored()
    assert under_tls("POST", "/api/entries", json=TAP, cookies=under_tls.cookies).status_code == 200
    named = f"https://ward.local:{under_tls.lan.port}"
    other = {"entries": [{"id": "1" * 30, "line": "ba", "at": None}]}
    assert under_tls("POST", "/api/entries", base=named, json=other, cookies=under_tls.cookies).status_code == 200  # fmt: skip
    assert under_tls.tab.stored() == before + 2
    # an address has no certificate of its own for ever: nothing is to be remembered for it
    assert "strict-transport-security" not in under_tls("GET", "/").headers


def test_what_is_not_this_address_under_tls_stores_nothing(under_tls):
    """A rebinding host, the same host in plain, another scheme's origin or cookie: refused, and the log as it was."""
    port, before = under_tls.lan.port, under_tls.tab.stored()

    def status(base, **headers):
        answer = under_tls("POST", "/api/entries", base=base, json=TAP, headers=headers, cookies=under_tls.cookies)  # fmt: skip
        return answer.status_code

    assert status(f"https://evil.test:{port}") == 403
    assert status(f"https://{IP}:{port + 1}") == 403
    assert status(f"https://127.0.0.1:{port}") == 403
    assert status(f"http://{IP}:{port}") == 403
    assert status(f"http://ward.local:{port}") == 403
    assert status(f"https://{IP}:{port}", origin=f"http://{IP}:{port}") == 403
    assert status(f"https://{IP}:{port}", origin=f"https://ward.local:{port}") == 403
    plain = {"tkcore-8733": next(iter(under_tls.cookies.values()))}
    assert under_tls("POST", "/api/entries", json=TAP, cookies=plain).status_code == 401
    for path in ("/", "/install", "/ca.crt", "/api/state"):
        assert under_tls("GET", path, base=f"https://evil.test:{port}").status_code == 421
        assert under_tls("GET", path, base=f"http://{IP}:{port}").status_code == 421
    assert under_tls.tab.stored() == before


def test_the_page_that_explains_has_the_fingerprint_and_no_data(under_tls):
    """Everybody may read it and take the certificate; neither says a word of the session, and no key is given out."""
    page, found = under_tls("GET", "/install"), under_tls("GET", "/ca.crt")
    fingerprint = under_tls.lan.fingerprint
    assert page.text.count(fingerprint[:47]) == page.text.count(fingerprint[48:]) == 2
    assert "{" not in page.text
    assert "g/s" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert found.headers["content-type"] == "application/x-x509-ca-cert"
    assert found.content == under_tls.lan.certificate
    assert b"PRIVATE" not in found.content


def test_without_the_network_there_is_no_such_page(tab):
    """On this machine alone there is nothing to install."""
    for path in ("/install", "/ca.crt"):
        assert tab.request("GET", path).status_code == 404


def test_the_wire_has_tls_from_1_2_on(lan):
    """What is older is not spoken."""
    assert lan.context.minimum_version == ssl.TLSVersion.TLSv1_2


# -- links --


def test_whoever_is_in_lets_one_more_device_in(tab):
    """A link from the page is good once; without a cookie or by GET there is none."""
    answer = tab.request("POST", "/api/invite", json={}).json()
    base, _, token = answer["url"].partition("/#")
    assert base == "http://127.0.0.1:8733"
    assert tab.request("POST", "/api/enter", json={"token": token}).status_code == 200
    assert tab.request("POST", "/api/enter", json={"token": token}).status_code == 403
    assert tab.request("GET", "/api/invite").status_code == 405
    tab.cookies = {}
    assert tab.request("POST", "/api/invite", json={}).status_code == 401


def test_under_tls_the_link_is_the_networks(under_tls):
    """A device that is let in by a tablet comes to the same address."""
    answer = under_tls("POST", "/api/invite", json={}, cookies=under_tls.cookies)
    assert answer.json()["url"].startswith(f"{under_tls.lan.base}/#")


def test_of_many_links_the_oldest_ends(tab):
    """Asking again and again lets no more than twenty in."""
    first, *rest = [tab.keys.invite(Joining("obs1")) for _ in range(21)]
    assert tab.keys.enter(first) is None
    assert all(tab.keys.enter(token) for token in rest)
    assert tab.keys.token is None


def modules(text: str) -> list[list[bool]]:
    """Read a terminal's QR code back: two rows a line, a full block is white."""
    white = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    rows = []
    for line in text.splitlines():
        for half in (0, 1):
            rows.append([not white[sign][half] for sign in line])
    return rows


def test_both_pictures_say_the_link():
    """What the terminal draws and what the page draws is the link's QR code, with its margin."""
    import segno

    url = f"https://192.168.100.123:8733/#{'aB3_-' * 9}"
    matrix = [[bool(dark) for dark in row] for row in segno.make_qr(url, error="m").matrix_iter(border=QUIET)]
    assert modules(drawn(url, colour=False))[: len(matrix)] == matrix
    shown = picture(url)
    dots = {tuple(map(int, part.partition("h")[0].split())) for part in shown.path.split("M")[1:]}
    assert shown.size == len(matrix)
    assert dots == {(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}
    # dark on white on a white terminal too
    assert all(line.startswith("\x1b[97;40m") for line in drawn(url, colour=True).splitlines())


# -- the process --


@pytest.fixture
def environment(tmp_path):
    found = {**os.environ, "TK_WORKSPACE": str(tmp_path / "ws"), "XDG_CONFIG_HOME": str(tmp_path / "own"), "LC_ALL": "C.UTF-8"}  # fmt: skip
    for words in (["init", "--plain", "--language", "en", str(tmp_path / "ws")], ["session", "open", "g/s", "--seats", "T,A,B"]):  # fmt: skip
        subprocess.run([*TK, *words], check=True, capture_output=True, env=found)
    return found


@pytest.fixture
def served(environment):
    made = []

    def start(*words, port=0):
        child = subprocess.Popen(
            [*TK, "serve", "s", "--no-browser", "--port", str(port), "--lan", "--address", IP, *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        made.append(child)
        links = [child.stdout.readline().strip()]
        assert links[0], child.stderr.read()
        for _ in range(int(words[1]) if words else 1):
            links.append(child.stdout.readline().strip())
        return child, links

    yield start
    for child in made:
        if child.poll() is None:
            child.kill()
        child.communicate()


def trusting(tmp_path) -> ssl.SSLContext:
    pem = (tmp_path / "own/tkcore/lan/ca.pem").read_text()
    return ssl.create_default_context(cadata=pem[pem.index("-----BEGIN CERTIFICATE") :])


def test_tablets_and_this_machine_record_one_session(served, tmp_path):
    """Two tablets by their own links and the browser of this machine: one log; killed and begun again, all go on."""
    child, (own, *links) = served("--devices", "2")
    port = int(own.split(":")[2].split("/")[0])
    assert own.startswith("http://127.0.0.1:")
    assert all(link.startswith(f"https://{IP}:{port}/#") for link in links)
    clients = []
    for link in (own, *links):
        base, _, token = link.partition("/#")
        client = httpx.Client(
            base_url=base, verify=trusting(tmp_path), headers={"origin": base, "x-tkcore": "1"}
        )
        assert client.post("/api/enter", json={"token": token}).status_code == 200
        assert client.post("/api/enter", json={"token": token}).status_code == 403
        clients.append(client)

    def tap(begin):
        for number, client in enumerate(clients, begin):
            sent = {"entries": [{"id": f"{number:030x}", "line": "ab", "at": None}]}
            assert client.post("/api/entries", json=sent).status_code == 200

    tap(0)
    child.kill()
    child.communicate()
    child, _ = served(port=port)
    tap(3)
    for client in clients:
        client.close()
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0
    assert "Traceback" not in said
    assert "A new certificate" not in said
    assert said.count("fingerprint") == 1
    turns = [json.loads(line)["t"] for path in (tmp_path / "ws").rglob("*.ndjson") for line in path.read_text().splitlines() if '"turn.taken"' in line]  # fmt: skip
    assert len(turns) == 6
    key = (tmp_path / "own/tkcore/lan/ca.pem").read_bytes().partition(b"-----END PRIVATE")[0]
    assert not [path for path in (tmp_path / "ws").rglob("*") if path.is_file() and key in path.read_bytes()]


def test_a_plain_request_gets_no_answer_on_the_network(served, tmp_path):
    """Not one byte comes back that is no TLS alert, and nothing is stored; who does not know the authority stays out."""
    _, (_, link) = served()
    base, _, token = link.partition("/#")
    where = (IP, int(base.rpartition(":")[2]))
    with socket.create_connection(where, timeout=30) as plain:
        plain.sendall(f"POST /api/enter HTTP/1.1\r\nHost: {IP}\r\nContent-Length: 0\r\n\r\n".encode())
        assert b"HTTP" not in plain.recv(1000)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{base}/install")
    with httpx.Client(base_url=base, verify=trusting(tmp_path)) as client:
        assert client.get("/", headers={"host": "evil.test"}).status_code == 421
        entered = client.post("/api/enter", json={"token": token}, headers={"origin": base, "x-tkcore": "1"})
        assert entered.status_code == 200


def test_what_cannot_be_is_said(environment, tmp_path):
    """An address of somebody else, options without --lan, plain HTTP on the network: the code, and what to do."""

    def tk(*words):
        done = subprocess.run([*TK, "serve", "s", "--no-browser", "--port", "0", *words], check=False, capture_output=True, text=True, env=environment)  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    assert tk("--lan", "--address", "10.254.253.252")[0] == 3
    code, said = tk("--lan", "--address", "8.8.8.8")
    assert (code, "never for the internet" in said) == (3, True)
    assert tk("--address", IP)[0] == 2
    assert tk("--devices", "2")[0] == 2
    assert tk("--lan", "--no-tls")[0] == 2
    assert not (tmp_path / "own").exists()
