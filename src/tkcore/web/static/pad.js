/** The code pad: families in three rows; below them the favourites, or the codes of the open family. */

import { label as aloud, set, text } from "./circle.js";
import { press } from "./press.js";
import { label, spoken, t } from "./words.js";

const TILES = 21;
/** The rows are told apart by a shape as well as by colour. */
const SHAPES = ["●", "■", "▲"];

export class Pad {
  /** @param {HTMLElement} families @param {HTMLElement} tiles @param {import("./capture.js").Capture} capture */
  constructor(families, tiles, capture) {
    this.capture = capture;
    this.places = { families, tiles };
    /** @type {Map<any, HTMLButtonElement>} */
    this.families = new Map();
    /** @type {any} the book the pad was made of */
    this.book = null;
    /** What goes on. @type {string[]} */
    this.activities = [];
    /** The words of discreet codes are shown while they are asked for. */
    this.words = false;
    /** @type {any} */
    this.held = null;
    /** @type {any} the offer that the tiles show, and how */
    this.offered = null;
    this.shape = "";
    /** The codes that are looked for, null while none are. @type {() => any[] | null} */
    this.finding = () => null;
    /** A code's tile was tapped. */
    this.chose = () => {};
    const now = () => capture.clock.tap();
    /** @type {{button: HTMLButtonElement, code: any}[]} */
    this.tiles = Array.from({ length: TILES }, () => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "code";
      button.append(document.createElement("kbd"), " ", document.createElement("span"));
      const tile = { button, code: /** @type {any} */ (null) };
      press(button, {
        act: (at) => {
          const { code } = tile;
          if (code?.act) {
            code.act(at);
            capture.alarm();
            capture.changed();
          } else if (code) {
            capture.tap((taps) => taps.code(code, at), at);
            this.chose();
          }
        },
        now,
        // an offer is made anew when the room changes under the finger: what it says is what it is
        of: () => (tile.code?.act ? button.dataset.look : tile.code),
        hold: (code) => {
          if (code?.act) return;
          this.held = code;
          this.render();
        },
        release: () => {
          this.held = null;
          this.render();
        },
      });
      return tile;
    });
    tiles.append(...this.tiles.map((tile) => tile.button));
  }

  #build() {
    const { capture } = this;
    this.book = capture.book;
    this.families.clear();
    const rows = this.book.rows().map((/** @type {any[]} */ row, /** @type {number} */ i) =>
      row.map((family) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "family";
        button.dataset.row = String(i + 1);
        const shape = document.createElement("i");
        shape.textContent = SHAPES[i];
        shape.ariaHidden = "true";
        const key = document.createElement("b");
        key.textContent = family.key;
        button.append(shape, key, " ", document.createElement("span"));
        let before = capture.taps.open;
        press(button, {
          act: (at) => capture.tap((taps) => taps.family(family, at), at),
          now: () => capture.clock.tap(),
          hold: () => {
            before = capture.taps.open;
            capture.tap((taps) => taps.family(family, capture.clock.now(), true));
          },
          unhold: () => (capture.taps.open = before),
        });
        this.families.set(family, button);
        return button;
      }),
    );
    this.places.families.replaceChildren(...rows.flat());
  }

  render() {
    const { capture } = this;
    if (this.book !== capture.book) this.#build();
    this.activities = capture.activities();
    const open = capture.taps.open;
    for (const [family, button] of this.families) {
      const words = label(family.label);
      text(/** @type {HTMLElement} */ (button.lastElementChild), words.split(/[ ,]/)[0]);
      long(/** @type {HTMLElement} */ (button.lastElementChild), 7);
      aloud(button, `${family.key} ${words}`);
      button.setAttribute("aria-expanded", String(open?.family === family));
      set(button, "held", Boolean(open?.family === family && open?.held));
    }
    const offer = capture.taps.offer;
    const found = this.finding();
    this.places.families.hidden = Boolean(found);
    const row = open ? this.families.get(open.family)?.dataset.row || "" : "";
    if (offer) this.#offer(offer);
    else {
      this.offered = null;
      const codes = found || (open ? this.book.of(open.family) : this.book.favoured());
      for (const [i, tile] of this.tiles.entries()) this.#tile(tile, codes[i] || null, row);
    }
    const said = offer ? t(offer.title) : found ? t("search a code") : open ? label(open.family.label) : t("favourites");
    this.places.tiles.setAttribute("aria-label", said);
  }

  /** What is offered keeps its tiles while it is the same: a finger may be on one. @param {import("./taps.js").Offer} offer */
  #offer(offer) {
    const choices = offer.choices();
    const shape = `${spoken()} ${choices.map((c) => `${c.sign} ${c.words}`).join()}`;
    if (this.offered === offer && this.shape === shape) return;
    // a pointer leaves no focus: what has it was reached by keys
    const by = this.offered !== offer && document.activeElement?.matches("#last .touch, #rarer");
    this.offered = offer;
    this.shape = shape;
    for (const [i, tile] of this.tiles.entries()) {
      const choice = choices[i];
      this.#tile(tile, null, "");
      tile.code = choice || null;
      tile.button.hidden = !choice;
      if (!choice) continue;
      tile.button.dataset.look = `offer ${i} ${choice.words}`;
      tile.button.dataset.offer = choice.sign || "";
      const [key, words] = /** @type {[HTMLElement, HTMLElement]} */ ([...tile.button.children]);
      text(key, choice.sign || "");
      text(words, choice.words);
      long(words);
      aloud(tile.button, [choice.sign, choice.words].filter(Boolean).join(" "));
    }
    if (by) this.tiles[0].button.focus();
  }

  /** @param {{button: HTMLButtonElement, code: any}} tile @param {any} code @param {string} row */
  #tile(tile, code, row) {
    const { button } = tile;
    const worded = Boolean(code) && (!code.discreet || this.words || this.held === code);
    const chosen = Boolean(code) && Boolean(this.capture.taps.pick) && this.book.favourites.includes(code.key);
    const running = Boolean(code) && this.#running(code);
    const look = code ? `${code.book} ${code.key} ${spoken()} ${worded} ${chosen} ${running} ${row}` : "";
    if (button.dataset.look === look) return;
    button.dataset.look = look;
    tile.code = code;
    button.hidden = !code;
    delete button.dataset.offer;
    for (const name of ["discreet", "caution", "chosen"]) set(button, name, false);
    button.removeAttribute("aria-pressed");
    if (!code) {
      delete button.dataset.code;
      delete button.dataset.row;
      return;
    }
    button.dataset.code = code.key;
    set(button, "chosen", chosen);
    if (running) button.setAttribute("aria-pressed", "true");
    button.dataset.row = row || rowOf(this.book, code);
    const [key, words] = /** @type {[HTMLElement, HTMLElement]} */ ([...button.children]);
    text(key, code.key);
    if (worded) words.replaceChildren(...underlined(label(code.label), code.key[1]));
    else words.replaceChildren();
    long(words);
    set(button, "discreet", !worded);
    const caution = this.book.caution(code);
    set(button, "caution", Boolean(caution));
    aloud(button, [`${code.key} ${label(code.label)}`, chosen && t("favourite"), caution].filter(Boolean).join(". "));
  }

  /** Whether what a code begins goes on, so that it ends it. @param {any} code */
  #running(code) {
    const { capture } = this;
    return code.event === "capture.paused" ? capture.paused() : this.activities.includes(code.id);
  }
}

/** A long word, or many, are written smaller, so that nothing is cut. @param {HTMLElement} words @param {number} [most] */
function long(words, most = 10) {
  const said = words.textContent || "";
  set(words, "long", said.length > 26 || Math.max(...said.split(/[\s/-]/).map((word) => word.length)) > most);
}

/** @param {any} book @param {any} code */
function rowOf(book, code) {
  const row = book.rows().findIndex((/** @type {any[]} */ r) => r.some((f) => f.key === code.key[0]));
  return String(row + 1 || 3);
}

/** Underline the key's letter. @param {string} words @param {string} letter */
function underlined(words, letter) {
  const place = spoken() === "id" ? words.toLowerCase().indexOf(letter) : -1;
  if (place < 0) return [words];
  const u = document.createElement("u");
  u.textContent = words[place];
  return [words.slice(0, place), u, words.slice(place + 1)];
}
