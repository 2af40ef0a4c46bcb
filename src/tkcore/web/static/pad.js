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
    /** The words of discreet codes are shown while they are asked for. */
    this.words = false;
    /** @type {any} */
    this.held = null;
    const now = () => capture.clock.tap();
    /** @type {{button: HTMLButtonElement, code: any}[]} */
    this.tiles = Array.from({ length: TILES }, () => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "code";
      button.append(document.createElement("kbd"), " ", document.createElement("span"));
      const tile = { button, code: /** @type {any} */ (null) };
      press(button, {
        act: (at, code) => code && capture.tap((taps) => taps.code(code, at), at),
        now,
        of: () => tile.code,
        hold: (code) => {
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
        press(button, {
          act: (at) => capture.tap((taps) => taps.family(family, at), at),
          now: () => capture.clock.tap(),
          hold: () => capture.tap((taps) => taps.family(family, capture.clock.now(), true)),
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
    const open = capture.taps.open;
    for (const [family, button] of this.families) {
      const words = label(family.label);
      text(/** @type {HTMLElement} */ (button.lastElementChild), words.split(/[ ,]/)[0]);
      aloud(button, `${family.key} ${words}`);
      button.setAttribute("aria-expanded", String(open?.family === family));
      set(button, "held", Boolean(open?.family === family && open?.held));
    }
    const codes = open ? this.book.of(open.family) : this.book.favoured();
    const row = open ? this.families.get(open.family)?.dataset.row || "" : "";
    for (const [i, tile] of this.tiles.entries()) this.#tile(tile, codes[i] || null, row);
    this.places.tiles.setAttribute("aria-label", open ? label(open.family.label) : t("favourites"));
  }

  /** @param {{button: HTMLButtonElement, code: any}} tile @param {any} code @param {string} row */
  #tile(tile, code, row) {
    const { button } = tile;
    const worded = Boolean(code) && (!code.discreet || this.words || this.held === code);
    const look = code ? `${code.key} ${spoken()} ${worded} ${row}` : "";
    if (button.dataset.look === look) return;
    button.dataset.look = look;
    tile.code = code;
    button.hidden = !code;
    if (!code) {
      delete button.dataset.code;
      return;
    }
    button.dataset.code = code.key;
    button.dataset.row = row || rowOf(this.book, code);
    const [key, words] = /** @type {[HTMLElement, HTMLElement]} */ ([...button.children]);
    text(key, code.key);
    if (worded) words.replaceChildren(...underlined(label(code.label), code.key[1]));
    else words.replaceChildren();
    set(button, "discreet", !worded);
    const caution = this.book.caution(code);
    set(button, "caution", Boolean(caution));
    aloud(button, [`${code.key} ${label(code.label)}`, caution].filter(Boolean).join(". "));
  }
}

/** @param {any} book @param {any} code */
function rowOf(book, code) {
  const row = book.rows().findIndex((/** @type {any[]} */ r) => r.some((f) => f.key === code.key[0]));
  return String(row + 1);
}

/** Underline the key's letter. @param {string} words @param {string} letter */
function underlined(words, letter) {
  const place = spoken() === "id" ? words.toLowerCase().indexOf(letter) : -1;
  if (place < 0) return [words];
  const u = document.createElement("u");
  u.textContent = words[place];
  return [words.slice(0, place), u, words.slice(place + 1)];
}
