/** A note beside the recording: its time is that of its opening, its words are sent once and seen nowhere again. */

import { label as aloud, set, text } from "./circle.js";
import { clockText } from "./clock.js";
import { press } from "./press.js";
import { t, timed } from "./words.js";

/** A tap beside a field leaves the focus where it is. @param {HTMLElement} field */
export function stays(field) {
  document.addEventListener("mousedown", (event) => {
    if (document.activeElement === field && event.target !== field) event.preventDefault();
  });
}

/** More does not fit in a line. */
const LONGEST = 900;

export class Notes {
  /** @param {HTMLElement} place @param {import("./capture.js").Capture} capture */
  constructor(place, capture) {
    this.place = place;
    this.capture = capture;
    /** When the note that is being written began; null while there is none, not even a draft. @type {number | null} */
    this.at = null;
    this.seat = "";
    /** @type {Map<string, {words: string, seat: string, at: number}>} notes whose answer has not come */
    this.sent = new Map();
    this.said = document.createElement("span");
    this.field = Object.assign(document.createElement("input"), { type: "text", maxLength: LONGEST, autocomplete: "off", enterKeyHint: "send" });
    const [store, away] = ["store", "away"].map((name) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: name });
      return button;
    });
    this.buttons = { store, away };
    press(store, { act: () => this.store(), now: () => 0 });
    press(away, { act: () => this.close(), now: () => 0 });
    this.field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.code === "Enter" || event.code === "NumpadEnter") this.store();
      else if (event.code === "Escape") this.close();
      else return;
      event.preventDefault();
    });
    stays(this.field);
    place.append(this.said, this.field, store, away);
  }

  get open() {
    return !this.place.hidden;
  }

  /** @param {string} [seat] whom it is about */
  begin(seat = "") {
    this.at ??= this.capture.clock.tap();
    if (seat) this.seat = seat;
    this.capture.tap((taps) => taps.settle());
    this.place.hidden = false;
    this.render();
    this.field.focus();
  }

  /** A seat tapped before the first word is whom the note is about. @param {string} seat @returns {boolean} */
  about(seat) {
    if (!this.open || this.field.value || this.seat) return false;
    this.seat = seat;
    this.capture.changed();
    return true;
  }

  /** Leave it; what is written stays for later. */
  close() {
    this.place.hidden = true;
    if (!this.field.value.trim()) this.#clear();
    this.field.blur();
    this.capture.changed();
  }

  #clear() {
    this.field.value = "";
    this.seat = "";
    this.at = null;
  }

  store() {
    const words = this.field.value.replace(/[\u0000-\u001f]/g, " ").trim();
    const at = this.at ?? this.capture.clock.tap();
    const { seat } = this;
    if (!words) return this.close();
    const id = this.capture.enqueue(`#${seat && `${seat}: `}${words}`, at, {});
    this.sent.set(id, { words, seat, at });
    this.#clear();
    return this.close();
  }

  /** What was not stored is there to be written again. */
  #refused() {
    for (const [id, note] of this.sent) {
      const entry = this.capture.entries.byId.get(id);
      if (entry?.state === "noted") continue;
      this.sent.delete(id);
      if (entry?.state !== "refused" || this.field.value) continue;
      this.field.value = note.words;
      this.seat = note.seat;
      this.at = note.at;
      this.place.hidden = false;
    }
  }

  render() {
    this.#refused();
    if (!this.open) return;
    const about = this.seat ? t("about {seat}", { seat: this.seat }) : t("note");
    text(this.said, `${timed(clockText(this.at ?? 0))} ${about}`);
    this.field.placeholder = this.seat ? "" : t("about a seat: tap it first");
    aloud(this.field, about);
    text(this.buttons.store, t("store"));
    text(this.buttons.away, "×");
    aloud(this.buttons.away, t("later"));
    set(this.place, "seat", Boolean(this.seat));
  }
}
