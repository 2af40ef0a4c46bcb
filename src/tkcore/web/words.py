"""Every text of the capture page, English as the source; the page gets them by `/api/words` in both languages."""

from __future__ import annotations

from tkcore.talk import N_, translator
from tkcore.web.acts import ACTS

WORDS = (
    # the floor
    N_("the circle"),
    N_("seats"),
    N_("floor"),
    N_("seat {seat}"),
    N_("speaks"),
    N_("is spoken to"),
    N_("not in the room"),
    N_("to the group"),
    N_("answer"),
    N_("silence"),
    N_("several at once"),
    N_("star"),
    N_("quick mode"),
    # the pad
    N_("codes"),
    N_("code families"),
    N_("favourites"),
    # the strip
    N_("state and last entries"),
    N_("silence {length}"),
    N_("{count}/min"),
    N_("phase"),
    N_("phase before"),
    N_("next phase"),
    N_("no phase yet"),
    N_("the last entries"),
    N_("undo"),
    N_("noted"),
    N_("on disk"),
    N_("refused"),
    N_("taken back"),
    N_("connected"),
    N_("connected: {count} on the way"),
    N_("no connection: {count} kept here"),
    N_("a new link is needed: {count} kept here"),
    N_("the session is closed"),
    N_("recording is stopped: hc goes on"),
    N_("{count} taps of another session wait here"),
    N_("this browser keeps nothing: do not close the page"),
    # the top
    N_("no sound, no camera"),
    N_("hide"),
    N_("show"),
    N_("help"),
    N_("keys on"),
    N_("keys off"),
    # entries in words
    N_("{seat} → group"),
    N_("{seat} comes in"),
    N_("{seat} goes out"),
    N_("phase: {phase}"),
    N_("recording stops"),
    N_("recording goes on"),
    # hints
    N_("there is no seat {seat}"),
    N_("who speaks to the group? Tap the seat first"),
    N_("nobody has spoken yet"),
    N_("{seat} spoke last: tap the receiver"),
    N_("who answers? Tap the seat, then answer"),
    N_("there is no further phase"),
    N_("there is no code {key}"),
    N_("there is no code yet"),
    N_("there is no free letter for a seat"),
    N_("{code}: tap the seat"),
    N_("one more receiver: tap the seat"),
    N_("there is nothing to take back"),
    N_("there is nothing to bring back"),
    N_("there is nothing to move"),
    N_("there is no turn to add a receiver to"),
    N_("{seat} is in that turn already"),
    N_("it ends there"),
    N_("{what}: 2 s earlier"),
    N_("not stored: {reason}"),
    N_("what it is about is not stored"),
    N_("the server could not read it"),
    N_("this device's disk refuses: {error}"),
    # the guide
    N_("Keys"),
    N_("Two taps: who, to whom. The same seat twice: to the group. A code stands on the present turn. Held: the words of a code."),
    N_("seats A to J"),
    N_("therapist, co-therapist"),
    N_("answer; after one seat: to whoever spoke last"),
    N_("silence: the turn ends"),
    N_("one more receiver: then the seat"),
    N_("the last code again"),
    N_("the last entry 2 s earlier"),
    N_("star: look again later"),
    N_("quick mode: one tap a turn"),
    N_("hide everything; again: show"),
    *ACTS,
)  # fmt: skip


def words() -> dict[str, dict[str, str]]:
    """Return the page's texts by language, each under its English source."""
    indonesian = translator("id")
    return {
        "en": {text: text for text in WORDS},
        "id": {text: indonesian.gettext(text) for text in WORDS},
    }
