"""What a device has sealed is opened by the workspace it was sealed for, for the entry and the session it was sealed for."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.poly1305 import Poly1305
from msgspec import json

from tkcore.disk import Disk
from tkcore.errors import BadInput
from tkcore.web.sealing import FILE, Queue, seal

ID = "a" * 30


class Device:
    """What `sealing.js` does, by the book."""

    def __init__(self, queue: Queue) -> None:
        private = ec.generate_private_key(ec.SECP256R1())
        own = private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        server = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b64decode(queue.key))
        shared = private.exchange(ec.ECDH(), server)
        self.key = HKDF(hashes.SHA256(), 32, salt=own, info=b"tkcore queue 1").derive(shared)
        self.own, self.name, self.block = b64encode(own).decode(), queue.name, 0

    def close(self, entry: str, said: object) -> str:
        plain = json.encode(said)
        stream = Cipher(algorithms.AES(self.key), modes.CTR(self.block.to_bytes(16))).encryptor()
        one_time = stream.update(bytes(32))
        inside = stream.update(plain)
        tag = Poly1305.generate_tag(one_time, f"{self.name} {entry} ".encode() + inside)
        text = f"{self.own}.{self.block}.{b64encode(tag + inside).decode()}"
        self.block += 2 + -(-len(plain) // 16)
        return text


def test_what_was_sealed_is_opened(tmp_path) -> None:
    """Two entries under one page's key: each gives its line and its time."""
    here = seal(tmp_path, "g/s", Disk())
    device = Device(here.queue)
    first = device.close(ID, {"line": "A>B", "at": 1200, "before": "not ours"})
    second = device.close("b" * 30, {"line": "#B: diam saja", "at": None})
    assert (here.open(ID, first).line, here.open(ID, first).at) == ("A>B", 1200)
    assert here.open("b" * 30, second).line == "#B: diam saja"


def test_the_number_of_a_record_is_put_into_a_sealed_line(tmp_path) -> None:
    """A correction is sealed before its record has a number; the number comes beside it."""
    here = seal(tmp_path, "g/s", Disk())
    sealed = Device(here.queue).close(ID, {"line": "@0:04.000 ~{seq+1}: !gg^2", "at": None})
    assert here.open(ID, sealed, 17).line == "@0:04.000 ~17: !gg^2"


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path) -> None:
    """A server that is begun again opens what was sealed before; nobody else on the machine may read the key."""
    queue = seal(tmp_path, "g/s", Disk()).queue
    assert seal(tmp_path, "g/s", Disk()).queue == queue
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / "other").mkdir()
    assert seal(tmp_path, "g/t", Disk()).queue.name != queue.name
    assert seal(tmp_path / "other", "g/s", Disk()).queue.name != queue.name


def test_what_is_damaged_or_of_elsewhere_is_not_opened(tmp_path) -> None:
    """Each byte that is changed, another entry's id, another session, another workspace, and what is no seal at all."""
    here = seal(tmp_path, "g/s", Disk())
    sealed = Device(here.queue).close(ID, {"line": "A>B", "at": 1200})
    page, block, box = sealed.split(".")
    whole = b64decode(box)
    changed = [bytes([*whole[:i], whole[i] ^ 1, *whole[i + 1 :]]) for i in range(len(whole))]
    wrong = [f"{page}.{block}.{b64encode(one).decode()}" for one in changed]
    wrong += [
        f"{page}.{int(block) + 1}.{box}",
        f"{'A' * 88}.0.{box}",
        "",
        "A>B",
        "..",
        f"{page}.{block}.{'A' * 24}",
    ]
    for one in wrong:
        with pytest.raises(BadInput, match="damaged"):
            here.open(ID, one)
    for other in (here.open, seal(tmp_path, "g/t", Disk()).open):
        with pytest.raises(BadInput):
            other("b" * 30, sealed)
    with pytest.raises(BadInput):
        seal(tmp_path, "g/t", Disk()).open(ID, sealed)


def test_a_key_file_that_is_none_is_named(tmp_path) -> None:
    """Nothing is made in the place of a key that may come back from a backup."""
    (tmp_path / FILE).write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(BadInput, match=FILE):
        seal(tmp_path, "g/s", Disk())


def test_sealed_entries_are_stored_and_answered(page_of) -> None:
    """Sealed and open entries in one request, each answered; one that is damaged is refused by itself."""
    tab = page_of(seats="T,A,B").enter()
    here = seal(tab.sitting.desk.workspace.root, "g/s", Disk())
    tab.room.seal = here
    queue = tab.get("/api/state")["queue"]
    device = Device(Queue(**queue))
    sealed = device.close(ID, {"line": "A>B", "at": 0})
    answers = tab.send(
        {"id": ID, "sealed": sealed},
        {"id": "b" * 30, "line": "B>A"},
        {"id": "c" * 30, "sealed": sealed},
        {"id": "d" * 30},
        {"id": ID, "sealed": sealed},
    )
    first = answers[0]["seq"]
    assert [a.get("seq") for a in answers] == [first, first + 1, None, None, first]
    assert answers[4]["again"]
    assert "cannot be opened" in answers[2]["error"]["reason"]
    assert "neither" not in answers[3]["error"]["reason"]
    rows = {row["seq"]: row for row in tab.get("/api/state")["entries"]}
    assert (rows[first]["text"], rows[first]["state"]) == ("A>B", "effective")
    undo = device.close("e" * 30, {"line": "~{seq}", "at": None})
    assert tab.send({"id": "e" * 30, "sealed": undo, "seq": first})[0]["seq"] == first + 2
    rows = {row["seq"]: row for row in tab.get("/api/state")["entries"]}
    assert rows[first]["state"] == "retracted"


def test_without_a_key_nothing_sealed_is_stored(tab) -> None:
    """A room without a seal says so and stores nothing."""
    before = tab.stored()
    (answer,) = tab.send({"id": ID, "sealed": "x"})
    assert answer["error"]["reason"] == "there is no line, and none that is sealed"
    assert tab.stored() == before
