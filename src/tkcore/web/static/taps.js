/**
 * From taps and keys to lines of the grammar: who is armed, which family is open. Knows no screen, no clock and no
 * network: times are given, lines are handed out.
 */

import { turnSeq } from "./entries.js";

/** An armed seat without a receiver becomes a turn to nobody known. */
export const ARMED = 4000;
/** A family without a code closes. */
export const OPEN = 4000;

/**
 * @typedef {object} Ask what waits for a seat
 * @property {(seat: string, at: number) => void} take
 * @property {(at: number) => void} [group] the middle
 * @property {(at: number) => void} [enter] what Enter does meanwhile
 * @property {() => void} [earlier]
 * @property {number} [due] until when it is waited for
 *
 * @typedef {object} Choice
 * @property {string} words
 * @property {string} [sign] its key
 * @property {(at: number) => void} act
 *
 * @typedef {{title: string, choices: () => Choice[], due: number}} Offer what the tiles show instead of codes
 *
 * @typedef {object} Room what a tap must know
 * @property {(seat: string) => boolean} has whether a seat is in the session
 * @property {() => ({sender: string, to: string, receivers: string[]} | null)} turn the last turn that holds
 * @property {() => string} free the next letter nobody sits on
 * @property {() => string} speaking who has the floor, "" if nobody
 * @property {(seat: string) => boolean} inside whether a seat is in the room
 * @property {() => [number, string][]} places each chair and who sits on it, and one more
 */

export class Taps {
  /**
   * @param {import("./book.js").Book} book
   * @param {Room} room
   * @param {(line: string, at: number | null, code?: any, on?: import("./entries.js").Entry) => void} send `on`: the turn the code stands on
   * @param {(source: string, values?: Record<string, string>) => void} hint
   */
  constructor(book, room, send, hint) {
    this.book = book;
    this.room = room;
    this.send = send;
    this.hint = hint;
    /** @type {{seat: string, at: number} | null} */
    this.armed = null;
    /** @type {{family: any, at: number, held: boolean} | null} */
    this.open = null;
    /** @type {Ask | null} */
    this.asking = null;
    /** @type {Offer | null} */
    this.offer = null;
    /** The families of other codebooks are shown. */
    this.others = false;
    /** @type {import("./entries.js").Entry | null} the earlier turn that codes stand on */
    this.cursor = null;
    /** @type {((code: any) => void) | null} what is done with a code instead of storing it */
    this.pick = null;
    this.quick = false;
    /** The next turn was so many ms ago; waited for until then. @type {{ms: number, due: number} | null} */
    this.ago = null;
  }

  // -- the floor --

  /** @param {string} seat @param {number} at */
  seat(seat, at) {
    this.#close();
    if (!this.room.has(seat)) return this.hint("there is no seat {seat}", { seat });
    if (this.asking) {
      const asked = this.asking;
      this.asking = null;
      return asked.take(seat, at);
    }
    this.cursor = null;
    if (this.quick) {
      return this.send(this.room.speaking() === seat ? "_" : seat, at);
    }
    if (!this.armed) {
      this.armed = { seat, at };
      return undefined;
    }
    const from = this.armed;
    this.armed = null;
    return this.send(from.seat === seat ? `${seat}>*` : `${from.seat}>${seat}`, from.at);
  }

  /** The centre: the armed seat speaks to the group. @param {number} [at] */
  group(at = 0) {
    this.#close();
    if (this.asking) {
      const asked = this.asking;
      if (!asked.group) return this.hint("this needs a seat");
      this.asking = null;
      return asked.group(at);
    }
    if (!this.armed) return this.hint("who speaks to the group? Tap the seat first");
    const from = this.armed;
    this.armed = null;
    return this.send(`${from.seat}>*`, from.at);
  }

  /** Answer: the last pair the other way round; of an armed seat, to whoever spoke last. @param {number} at */
  reply(at) {
    this.#close();
    if (this.asking?.enter) return this.asking.enter(at);
    this.asking = null;
    this.cursor = null;
    const last = this.room.turn();
    if (!last) return this.hint("nobody has spoken yet");
    if (this.armed) {
      const from = this.armed;
      if (from.seat === last.sender) return this.hint("{seat} spoke last: tap the receiver", { seat: from.seat });
      this.armed = null;
      return this.send(`${from.seat}>${last.sender}`, from.at);
    }
    if (last.receivers.length !== 1) return this.hint("who answers? Tap the seat, then answer");
    return this.send(`${last.receivers[0]}>${last.sender}`, at);
  }

  /** @param {number} at */
  hush(at) {
    this.settle();
    this.cursor = null;
    this.send("_", at);
  }

  /** @param {number} at */
  crowd(at) {
    this.settle();
    this.cursor = null;
    this.send("&", at);
  }

  /** @param {number} at */
  star(at) {
    this.settle();
    this.send(";", this.cursor ? this.cursor.at : at);
  }

  /** @param {number} by -1 or 1 @param {string | null} now @param {number} at */
  phase(by, now, at) {
    this.settle();
    const ids = this.book.phases.map((/** @type {any} */ p) => p.id);
    const place = now === null ? (by > 0 ? 0 : -1) : ids.indexOf(now) + by;
    if (place < 0 || place >= ids.length) return this.hint("there is no further phase");
    return this.send(`%${ids[place]}`, at);
  }

  // -- codes --

  /** Open a family, or close it. @param {any} family @param {number} at */
  family(family, at, held = false) {
    if (this.open && this.open.family === family && !held) return this.#close(true);
    this.#close(true);
    this.open = { family, at, held };
    return undefined;
  }

  /** The second key after a family's. @param {string} letter @param {number} at */
  letter(letter, at) {
    if (this.others && !this.open) {
      const family = this.book.others().find((/** @type {any} */ f) => f.key === letter);
      if (family) return this.family(family, at);
    }
    const key = (this.open ? this.open.family.key : "") + letter;
    const code = this.open ? this.book.of(this.open.family).find((/** @type {any} */ c) => c.key === key) : this.book.byKey.get(key);
    if (code) return this.code(code, at);
    this.#close();
    return this.hint("there is no code {key}", { key });
  }

  /** @param {any} code @param {number} at */
  code(code, at) {
    if (this.open && !this.open.held) this.open = null;
    this.offer = null;
    this.others = false;
    if (this.pick) return this.pick(code);
    this.asking = null;
    const from = this.armed;
    if (code.event === "seat.added") {
      this.settle();
      const seat = this.room.free();
      if (!seat) return this.hint("there is no free letter for a seat");
      return this.send(`+${seat}:member`, at, code);
    }
    if (code.event === "capture.paused") {
      this.settle();
      return this.send(`!${code.key}`, at, code);
    }
    // what is the whole group's says nothing of who is armed
    if (from && !this.book.isGroups(code)) {
      this.armed = null;
      if (this.book.needsSeat(code)) return this.#ofSeat(code, from.seat, from.at);
      this.cursor = null;
      // what is said stores its turn as well; what is seen of somebody does not
      const word = `${from.seat}!${code.key}`;
      return this.send(this.book.isSaid(code) ? `${from.seat}>? ${word}` : word, from.at, code);
    }
    if (this.book.needsSeat(code)) {
      this.asking = { take: (seat, at) => this.#ofSeat(code, seat, at) };
      return this.hint("{code}: tap the seat", { code: this.book.shown(code) });
    }
    const { cursor } = this;
    // whose it settles goes by who spoke then
    if (cursor && /\.settled$/.test(code.event)) return this.send(`!${code.key}`, cursor.at, code);
    const on = this.book.standsOnTurn(code) ? cursor : null;
    if (on) {
      const known = turnSeq(on);
      return known === null ? this.send(`!${code.key}~{seq+0}`, on.at, code, on) : this.send(`!${code.key}~${known}`, on.at, code);
    }
    return this.send(`!${code.key}`, at, code);
  }

  /** What is said of one seat: it leaves or returns, arrives, changes its chair. @param {any} code @param {string} seat @param {number} at */
  #ofSeat(code, seat, at) {
    if (code.event === "place.changed") return this.place(code, seat);
    const returns = code.key === "hh" && !this.room.inside(seat);
    return this.send(returns ? `+${seat}` : `${seat}!${code.key}`, at, code);
  }

  /** Where a seat sits now: the chair of another one, or a number. @param {any} code @param {string} seat */
  place(code, seat) {
    const go = (/** @type {number} */ place, /** @type {number} */ at) => {
      this.disarm();
      this.send(`${seat}!${code.key}=${place}`, at, code);
    };
    this.asking = {
      take: (other, at) => {
        const place = this.room.places().find(([, sits]) => sits === other)?.[0];
        if (place && other !== seat) go(place, at);
        else this.hint("{seat} has no other chair", { seat: other });
      },
    };
    this.offer = {
      title: "the new chair",
      choices: () => this.room.places().map(([place, sits]) => ({ sign: String(place), words: sits, act: (at) => go(place, at) })),
      due: Infinity,
    };
    return this.hint("{seat} changes its chair: tap who sat there, or the number", { seat });
  }

  /** The families of other codebooks: their own two keys come next. @param {number} at */
  elsewhere(at) {
    this.#close();
    const families = this.book.others();
    if (!families.length) return this.hint("there is no other codebook");
    this.others = true;
    this.offer = {
      title: "codes of other codebooks",
      choices: () => families.map((/** @type {any} */ f) => ({ sign: f.key, words: this.book.worded(f.label), act: (/** @type {number} */ now) => this.family(f, now) })),
      due: at + OPEN,
    };
    return undefined;
  }

  /** @param {any} code @param {number} at */
  again(code, at) {
    if (!code) return this.hint("there is no code yet");
    return this.code(code, at);
  }

  // -- time and Esc --

  /** Store what is armed as it stands: the receiver is unknown. */
  settle() {
    this.#close();
    this.asking = null;
    if (!this.armed) return;
    const from = this.armed;
    this.armed = null;
    this.send(`${from.seat}>?`, from.at);
  }

  /** When something runs out, on the session clock; Infinity: nothing does. */
  get due() {
    return Math.min(
      this.armed ? this.armed.at + ARMED : Infinity,
      this.open && !this.open.held ? this.open.at + OPEN : Infinity,
      this.offer ? this.offer.due : Infinity,
      this.ago ? this.ago.due : Infinity,
      this.asking?.due ?? Infinity,
    );
  }

  /** @param {number} now */
  elapse(now) {
    if (this.open && !this.open.held && now >= this.open.at + OPEN) this.open = null;
    if (this.offer && now >= this.offer.due) this.#close();
    if (this.ago && now >= this.ago.due) this.ago = null;
    if (this.asking?.due && now >= this.asking.due) this.asking = null;
    if (this.armed && now >= this.armed.at + ARMED) {
      const from = this.armed;
      this.armed = null;
      this.send(`${from.seat}>?`, from.at);
    }
  }

  /** Let go of everything; nothing is stored. */
  disarm() {
    this.armed = null;
    this.asking = null;
    this.cursor = null;
    this.pick = null;
    this.ago = null;
    this.#close(true);
  }

  /** What the tiles show is the favourites again, or the family that was held open; `whole`: that is closed too. */
  #close(whole = false) {
    if (whole || !this.open?.held) this.open = null;
    this.offer = null;
    this.others = false;
  }
}
