/**
 * What waits for the server: sealed at the tap, journalled at once, on the disk next. In the clear are an entry's id, its
 * place, and what it is about; its words are read only by a page whose key seals them, or by the server.
 */

import { newId } from "./queue.js";
import { seal } from "./sealing.js";

/** Each tap, until it is in the queue: a reload must not lose it. */
const JOURNAL = "tkcore.tap.";
/** The turn of the armed seat, should the page go away before there is a receiver. */
const ARMED = "tkcore.armed";
/** What stands for a token that cannot be read here. */
const SHUT = "…";

/**
 * @typedef {object} More
 * @property {string} [back] the entry it takes back
 * @property {boolean} [redo] it brings back
 * @property {boolean} [one] it takes back that one, be it the last or not
 * @property {string} [fixes] the entry it corrects
 * @property {string} [on] the turn it stands on
 * @property {string} [before] the line of that entry before
 */

export class Waiting {
  #placed = 0;
  #behind = 0;
  /** @type {any} */
  #armed = null;

  /** @param {any} queue */
  constructor(queue) {
    this.queue = queue;
    /** @type {Promise<any>} done when all that was added so far is on the disk, or refused by it */
    this.settled = Promise.resolve();
    this.observer = "";
    /** @type {import("./sealing.js").Seal} */
    this.seal = /** @type {any} */ (null);
    window.addEventListener("pagehide", () => this.seal?.hold());
  }

  /** Whose queue it is from now on: an observer's, in a session of a workspace. @param {{name: string, key: string}} of @param {string} observer */
  async of(of, observer) {
    this.observer = observer;
    if (this.seal?.name !== of.name) this.seal = await seal(of);
  }

  /**
   * @param {string} id @param {string} line @param {number | null} at @param {More} more
   * @returns {import("./queue.js").Item | null} null: it cannot be sealed just now
   */
  #item(id, line, at, { before, ...more }) {
    const sealed = this.seal.close(id, { line, at, before });
    if (!sealed) return null;
    const about = /\{seq(?:\+(\d+))?\}/.exec(line);
    const nth = about && about[1] !== undefined ? Number(about[1]) : undefined;
    return { name: this.seal.name, observer: this.observer, id, sealed, tokens: line.split(" ").length, nth, after: more.back || more.fixes || more.on || "", more };
  }

  /** Keep an entry; done when it is on this device's disk. @param {string} line @param {number | null} at @param {More} more */
  add(line, at, more, id = newId()) {
    const kept = this.#add(id, line, at, more);
    this.settled = Promise.allSettled([this.settled, kept]);
    return { id, kept };
  }

  /** @param {string} id @param {string} line @param {number | null} at @param {More} more */
  async #add(id, line, at, more) {
    // one that waits for key stream lets nobody pass
    let item = this.#behind ? null : this.#item(id, line, at, more);
    const key = `${JOURNAL}${String(++this.#placed).padStart(6, "0")}.${id}`;
    if (item)
      try {
        localStorage.setItem(key, JSON.stringify({ ...item, tapped: Date.now() }));
      } catch {
        // full or forbidden: the queue has it in a moment
      }
    if (!item) this.#behind++;
    while (!item) {
      await this.seal.fill();
      item = this.#item(id, line, at, more);
      if (item) this.#behind--;
    }
    await this.queue.add(item);
    localStorage.removeItem(key);
  }

  /** Remember whose turn is begun. @param {{seat: string, at: number} | null} armed */
  arm(armed) {
    if (armed === this.#armed) return;
    this.#armed = armed;
    const item = armed && this.#item(newId(), `${armed.seat}>?`, armed.at, {});
    if (item) sessionStorage.setItem(ARMED, JSON.stringify(item));
    else sessionStorage.removeItem(ARMED);
  }

  /** Put into the queue what a reload or a crash has cut off, and return what waits. */
  async recover() {
    const all = await this.queue.all();
    const known = new Set(all.map((/** @type {any} */ i) => i.id));
    const kept = Object.keys(localStorage).filter((name) => name.startsWith(JOURNAL)).sort(byTime);
    const armed = sessionStorage.getItem(ARMED);
    for (const key of kept) if (await this.#put(localStorage.getItem(key), known)) localStorage.removeItem(key);
    if (await this.#put(armed, known)) sessionStorage.removeItem(ARMED);
    return kept.length || armed ? this.all() : this.#own(all);
  }

  /** @param {string | null} kept @param {Set<string>} known @returns {Promise<boolean>} whether it is on the disk */
  async #put(kept, known) {
    const { tapped, ...item } = JSON.parse(kept || "{}");
    if (!item.id || known.has(item.id)) return true;
    try {
      await this.queue.add(item);
      return true;
    } catch {
      // the disk refuses: it goes to the server as long as this page lives, and stays kept for the next one
      return false;
    }
  }

  async all() {
    return this.#own(await this.queue.all());
  }

  /** @param {any[]} all @returns {{items: any[], foreign: number}} in the order they came */
  #own(all) {
    const items = all.filter((i) => i.name === this.seal.name && i.observer === this.observer);
    return { items, foreign: all.length - items.length };
  }

  /** Read an entry that waits; of one that was sealed by a page whose key is gone, as many signs as it has tokens. @param {any} item */
  async read(item) {
    const said = await this.seal.open(item.id, item.sealed).catch(() => null);
    return said || { line: Array(item.tokens).fill(SHUT).join(" "), at: null, before: "" };
  }
}

/** What a page that begins without a server needs to know; the rest of a state is what happened, or is not known here. */
const NEEDED = new Set([
  "session", "language", "clock", "closed", "paused", "seats", "taken", "phases", "phase", "families", "codes", "favourites",
  "cautions", "observer", "lead", "observers", "blind", "queue", "planned",
]);

/** Leave out of a state what was said in the room. @param {any} state */
export function forOffline(state) {
  const kept = Object.entries(state).map(([name, value]) => {
    if (NEEDED.has(name)) return [name, value];
    return [name, Array.isArray(value) ? [] : null];
  });
  const floor = { open: true, since: null, sender: "", receivers: [], audience: "unknown", seq: -1 };
  return { ...Object.fromEntries(kept), head: { seq: state.head.seq }, floor };
}

/** @param {string} a @param {string} b */
function byTime(a, b) {
  const tapped = (/** @type {string} */ key) => JSON.parse(localStorage.getItem(key) || "{}").tapped || 0;
  return tapped(a) - tapped(b) || (a < b ? -1 : 1);
}
