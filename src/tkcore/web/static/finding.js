/** Codes by their words: what is typed is looked for in the labels of the spoken language, in keys and in ids. */

import { label as aloud, text } from "./circle.js";
import { stays } from "./notes.js";
import { press } from "./press.js";
import { label, t } from "./words.js";

export class Finding {
  /** @param {HTMLElement} place @param {import("./capture.js").Capture} capture */
  constructor(place, capture) {
    this.place = place;
    this.capture = capture;
    this.field = Object.assign(document.createElement("input"), { type: "text", maxLength: 60, autocomplete: "off", enterKeyHint: "go" });
    this.away = Object.assign(document.createElement("button"), { type: "button" });
    press(this.away, { act: () => this.close(), now: () => 0 });
    this.field.addEventListener("input", () => capture.changed());
    this.field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.code === "Enter" || event.code === "NumpadEnter") this.#first();
      else if (event.code === "Escape") this.close();
      else return;
      event.preventDefault();
    });
    stays(this.field);
    place.append(this.field, this.away);
  }

  begin() {
    const { taps } = this.capture;
    taps.open = taps.offer = null;
    this.place.hidden = false;
    this.field.value = "";
    this.capture.changed();
    this.field.focus();
  }

  close() {
    this.place.hidden = true;
    this.field.blur();
    this.capture.changed();
  }

  /** The codes that fit, the nearest first; null while nothing is looked for. @returns {any[] | null} */
  found() {
    if (this.place.hidden) return null;
    const { book, taps } = this.capture;
    // a code was chosen, or something else was done
    const asked = this.field.value.toLowerCase().trim();
    if (taps.offer || !asked) return taps.offer ? null : book.favoured();
    const near = (/** @type {any} */ code) => {
      const words = label(code.label).toLowerCase();
      if (code.key === asked) return 0;
      if (words.startsWith(asked)) return 1;
      if (words.split(/[\s(,]+/).some((/** @type {string} */ word) => word.startsWith(asked))) return 2;
      if (words.includes(asked)) return 3;
      return code.id.includes(asked) || code.key.startsWith(asked) ? 4 : 9;
    };
    return book.live.filter((/** @type {any} */ c) => near(c) < 9).sort((/** @type {any} */ a, /** @type {any} */ b) => near(a) - near(b));
  }

  /** Enter takes the nearest. */
  #first() {
    const code = this.field.value.trim() && this.found()?.[0];
    if (!code) return this.close();
    const at = this.capture.clock.tap();
    this.close();
    return this.capture.tap((taps) => taps.code(code, at), at);
  }

  render() {
    if (this.place.hidden) return;
    aloud(this.field, t("search a code"));
    this.field.placeholder = t("search a code");
    text(this.away, "×");
    aloud(this.away, t("close"));
  }
}
