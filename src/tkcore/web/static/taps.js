/**
 * From taps and keys to lines of the grammar: who is armed, which family is open. Knows no screen, no clock and no
 * network: times are given, lines are handed out.
 */

/** An armed seat without a receiver becomes a turn to nobody known. */
export const ARMED = 4000;
/** A family without a code closes. */
export const OPEN = 4000;

/**
 * @typedef {object} Room what a tap must know
 * @property {(seat: string) => boolean} has whether a seat is in the session
 * @property {() => ({sender: string, to: string, receivers: string[]} | null)} turn the last turn that holds
 * @property {() => string} free the next letter nobody sits on
 * @property {() => string} speaking who has the floor, "" if nobody
 */

export class Taps {
  /**
   * @param {import("./book.js").Book} book
   * @param {Room} room
   * @param {(line: string, at: number | null, code?: any) => void} send
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
    /** @type {any} a code that waits for its seat */
    this.asking = null;
    this.quick = false;
  }

  // -- the floor --

  /** @param {string} seat @param {number} at */
  seat(seat, at) {
    this.#closeFamily();
    if (!this.room.has(seat)) return this.hint("there is no seat {seat}", { seat });
    if (this.asking) {
      const code = this.asking;
      this.asking = null;
      return this.send(`${seat}!${code.key}`, at, code);
    }
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

  /** The centre: the armed seat speaks to the group. */
  group() {
    this.#closeFamily();
    if (!this.armed) return this.hint("who speaks to the group? Tap the seat first");
    const from = this.armed;
    this.armed = null;
    return this.send(`${from.seat}>*`, from.at);
  }

  /** Answer: the last pair the other way round; of an armed seat, to whoever spoke last. @param {number} at */
  reply(at) {
    this.#closeFamily();
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
    this.send("_", at);
  }

  /** @param {number} at */
  crowd(at) {
    this.settle();
    this.send("&", at);
  }

  /** @param {number} at */
  star(at) {
    this.settle();
    this.send(";", at);
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
    if (this.open && this.open.family === family && !held) return this.#closeFamily();
    this.open = { family, at, held };
    return undefined;
  }

  /** The second key after a family's. @param {string} letter @param {number} at */
  letter(letter, at) {
    const key = (this.open ? this.open.family.key : "") + letter;
    const code = this.book.byKey.get(key);
    if (code) return this.code(code, at);
    this.#closeFamily();
    return this.hint("there is no code {key}", { key });
  }

  /** @param {any} code @param {number} at */
  code(code, at) {
    if (this.open && !this.open.held) this.open = null;
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
      // what is said stores its turn as well; what is seen of somebody does not
      const line = this.book.isSaid(code) ? `${from.seat}>? ${from.seat}!${code.key}` : `${from.seat}!${code.key}`;
      return this.send(line, from.at, code);
    }
    if (this.book.needsSeat(code)) {
      this.asking = code;
      return this.hint("{code}: tap the seat", { code: this.book.shown(code) });
    }
    return this.send(`!${code.key}`, at, code);
  }

  /** @param {any} code @param {number} at */
  again(code, at) {
    if (!code) return this.hint("there is no code yet");
    return this.code(code, at);
  }

  // -- time and Esc --

  /** Store what is armed as it stands: the receiver is unknown. */
  settle() {
    this.#closeFamily();
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
    );
  }

  /** @param {number} now */
  elapse(now) {
    if (this.open && !this.open.held && now >= this.open.at + OPEN) this.open = null;
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
    this.open = null;
  }

  #closeFamily() {
    if (this.open) this.open = null;
  }
}
