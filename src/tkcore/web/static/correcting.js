/** Undo, redo, and changes of the last entries: each is an entry of its own, and is seen in what it corrects. */

import { clockText } from "./clock.js";
import { Offers } from "./offering.js";
import { t } from "./words.js";

/** Names the record it takes back: another tab may have stored a later one. */
export const UNDO = "~{seq+0}";
/** The same of an entry that need not be the last one. */
const THIS = "~{seq+00}";
/** So far back seats are exchanged, and a step of that. */
const BACK = 300_000;
const SLID = 8000;
const STEP = 60_000;

/** @typedef {import("./entries.js").Entry} Entry */

export class Correcting {
  /** @param {import("./capture.js").Capture} capture */
  constructor(capture) {
    this.capture = capture;
    this.offers = new Offers(capture);
    /** @type {Entry | null} the entry that was touched */
    this.chosen = null;
    /** @type {any} what the tiles show of it */
    this.shown = null;
  }

  /** Touch one of the last entries, or let go of it. @param {Entry | null} entry */
  choose(entry) {
    const again = entry === this.touched;
    this.capture.hint = "";
    this.capture.taps.settle();
    if (entry?.state === "refused") {
      entry.seen = true;
      return this.capture.say("not stored: {reason}", { reason: entry.reason });
    }
    if (entry && !again) this.offers.ofEntry(entry);
    this.chosen = again ? null : entry;
    this.shown = this.capture.taps.offer;
    this.capture.changed();
  }

  /** The touched entry, as long as the tiles are its. */
  get touched() {
    return this.shown && this.capture.taps.offer === this.shown ? this.chosen : null;
  }

  /** @returns {boolean} whether there is a session */
  #begins() {
    this.capture.hint = "";
    return Boolean(this.capture.state);
  }

  /** Take back an entry; without one the last own. @param {Entry | null} [entry] */
  undo(entry = null) {
    if (!this.#begins()) return;
    const { taps, entries } = this.capture;
    const about = entry || this.touched;
    if (!about && (taps.armed || taps.open || taps.asking || taps.pick)) {
      // what is not stored yet is let go of
      taps.disarm();
      this.capture.alarm();
      this.capture.changed();
      return;
    }
    const last = about || entries.undoable();
    if (!last || last.undone) return this.capture.say("there is nothing to take back");
    last.undone = true;
    if (taps.cursor === last) taps.cursor = null;
    const fixed = entries.byId.get(last.fixes);
    if (fixed) fixed.line = last.before;
    this.capture.enqueue(about ? THIS : UNDO, null, { back: last.id, one: Boolean(about) });
    this.#done();
  }

  redo() {
    if (!this.#begins()) return;
    const undo = this.capture.entries.redoable();
    const last = undo && this.capture.entries.byId.get(undo.back);
    if (!undo || !last) return this.capture.say("there is nothing to bring back");
    return this.#redo(undo, last);
  }

  /** Bring back an entry that was taken back. @param {Entry} entry */
  back(entry) {
    const undo = this.capture.entries.list.findLast((e) => e.back === entry.id && !e.redo && !e.undone);
    if (!undo) return this.capture.say("it was taken back elsewhere");
    return this.#redo(undo, entry);
  }

  /** @param {Entry} undo @param {Entry} last */
  #redo(undo, last) {
    undo.undone = true;
    last.undone = false;
    this.capture.enqueue("~{seq}", null, { back: undo.id, redo: true });
    this.#done();
  }

  /** The tiles show codes again. */
  #done() {
    this.chosen = null;
    this.capture.taps.offer = null;
    this.capture.changed();
  }

  /** Raise or lower the level of a code, or the value of a rating. @param {number} by @param {Entry | null} [given] */
  level(by, given = null) {
    if (!this.#begins()) return;
    this.#close();
    const { book, entries } = this.capture;
    const codes = (/** @type {Entry} */ e) => e.line.split(" ").some((token) => book.isCode(token));
    const entry = given || this.touched || entries.latest(codes);
    if (!entry || !codes(entry)) return this.capture.say("there is no code yet");
    const place = entry.line.split(" ").findIndex((token) => book.isCode(token));
    const code = read(entry.line.split(" ")[place]);
    const rating = book.find(code.word)?.event === "rating.given";
    const now = rating ? Number(code.value || 3) : Number(code.level || (by > 0 ? 0 : 2));
    const next = String(Math.min(rating ? 5 : 3, Math.max(1, now + by)));
    if (next === (rating ? code.value || "3" : code.level)) return this.capture.say("it ends there");
    return this.#fix(entry, place, write(rating ? { ...code, value: next } : { ...code, level: next }));
  }

  /** An entry was two seconds earlier. @param {Entry | null} [given] */
  earlier(given = null) {
    if (!this.#begins()) return;
    const asked = this.capture.taps.asking;
    if (!given && asked?.earlier) return asked.earlier();
    this.#close();
    const moves = (/** @type {Entry} */ e) => e.line !== "" && !/^[+\-#~@]|^\|\|/.test(e.line);
    const entry = given || this.touched || this.capture.entries.latest(moves);
    if (!entry || !moves(entry)) return this.capture.say("there is nothing to move");
    const at = Math.max(0, entry.at - 2000);
    const first = entry.line.split(" ")[0];
    this.#fix(entry, 0, first, `@${clockText(at)}.${String(at % 1000).padStart(3, "0")} `);
    entry.at = at;
    return this.capture.say("{what}: 2 s earlier", { what: this.capture.book.say(first) });
  }

  /** A sign closes an open family. */
  #close() {
    if (this.capture.taps.open && !this.capture.taps.open.held) this.capture.taps.open = null;
  }

  /** One more receiver of a turn: the seat comes next. @param {Entry | null} [given] */
  too(given = null) {
    if (!this.#begins()) return;
    const about = given || this.touched;
    this.capture.tap((taps) => {
      taps.settle();
      taps.asking = { take: (seat) => this.#too(seat, about) };
      taps.hint("one more receiver: tap the seat");
    });
  }

  /** @param {string} seat @param {Entry | null} about */
  #too(seat, about) {
    const goes = (/** @type {Entry} */ e) => />[A-Z]/.test(e.line.split(" ")[0]);
    const turn = (/** @type {Entry} */ e) => /^[A-Z]\d{0,2}(>|$)/.test(e.line.split(" ")[0]);
    const entry = about || this.capture.entries.latest(turn);
    if (!entry || !goes(entry)) return this.capture.say("there is no turn to add a receiver to");
    const first = entry.line.split(" ")[0];
    const [from, to] = first.split(">");
    if (from === seat || to.split(",").includes(seat)) return this.capture.say("{seat} is in that turn already", { seat });
    return this.#fix(entry, 0, `${first},${seat}`);
  }

  /** The target of the last code: the seat comes next. */
  target() {
    if (!this.#begins()) return;
    const { book, entries } = this.capture;
    const codes = (/** @type {Entry} */ e) => e.line.split(" ").some((token) => book.isCode(token));
    const entry = this.touched || entries.latest(codes);
    if (!entry || !codes(entry)) return this.capture.say("there is no code yet");
    this.ask(entry, entry.line.split(" ").findIndex((token) => book.isCode(token)), "target");
  }

  /**
   * Another seat in an entry's word: who speaks or does it, to whom.
   * @param {Entry} entry @param {number} place @param {"from" | "to" | "author" | "target"} which
   */
  ask(entry, place, which) {
    const token = () => entry.line.split(" ")[place];
    /** @type {Record<string, (seat: string) => string | null>} */
    const made = {
      from: (seat) => (token().split(">")[1].split(",").includes(seat) ? null : `${seat}>${token().split(">")[1]}`),
      to: (seat) => (token().split(">")[0] === seat ? null : `${token().split(">")[0]}>${seat}`),
      author: (seat) => write({ ...read(token()), author: seat }),
      target: (seat) => (read(token()).author === seat ? null : write({ ...read(token()), to: seat })),
    };
    const take = (/** @type {string} */ seat) => {
      const next = made[which](seat);
      if (next === null) return this.capture.say("{seat} is in that turn already", { seat });
      this.chosen = null;
      return this.#fix(entry, place, next);
    };
    this.capture.tap((taps) => {
      taps.settle();
      taps.asking = { take, ...(which === "to" || which === "target" ? { group: () => take("*") } : {}) };
      taps.hint("{what}: tap the seat", { what: this.capture.book.item(token()) });
    });
  }

  /**
   * Two seats were exchanged: the wrong one, the right one, then Enter; from five minutes ago to now.
   * @param {string} [dragged] the wrong one, dropped on the right one @param {string} [onto]
   */
  exchange(dragged, onto) {
    const { capture } = this;
    let back = BACK;
    const ready = (/** @type {string} */ wrong, /** @type {string} */ right) => {
      const act = (/** @type {number} */ at) => {
        capture.taps.disarm();
        // `at` is not asked of a correction: the line says where the stretch begins
        capture.enqueue(`@${clockText(Math.max(0, at - back))} ~${wrong}=${right},${right}=${wrong}`, null, {});
        capture.changed();
      };
      const say = () => {
        capture.say("{seat} and {other} from {time} on: Enter exchanges them", { seat: wrong, other: right, time: from() });
        offer();
      };
      const other = (/** @type {string} */ seat, /** @type {number} */ at) => {
        capture.taps.disarm();
        capture.taps.seat(seat, at);
      };
      const from = () => clockText(Math.max(0, capture.clock.now() - back));
      const earlier = () => {
        back += STEP;
        say();
      };
      const whole = () => {
        back = Infinity;
        say();
      };
      const offer = () => {
        // another seat is a tap like any other; a finger that only slid off is waited for no longer than this
        const due = dragged ? capture.clock.now() + SLID : Infinity;
        capture.taps.asking = { take: other, group: whole, enter: act, earlier, due };
        capture.taps.offer = { title: "seats exchanged", choices, due };
      };
      const choices = () => [
        { sign: "Enter", words: t("exchange {seat} and {other} from {time} on", { seat: wrong, other: right, time: from() }), act },
        { sign: ",", words: t("a minute more"), act: earlier },
        { sign: ".", words: t("from the beginning"), act: whole },
        { sign: "Esc", words: t("let go"), act: () => capture.tap((taps) => taps.disarm()) },
      ];
      say();
    };
    capture.tap((taps) => {
      taps.settle();
      if (dragged && onto) return ready(dragged, onto);
      taps.asking = {
        take: (wrong) => {
          taps.asking = {
            take: (right) => (right === wrong ? capture.say("another seat is needed") : ready(wrong, right)),
          };
          taps.hint("{seat} was wrong: tap the right seat", { seat: wrong });
        },
      };
      return taps.hint("seats exchanged: tap the wrong seat");
    });
  }

  // -- where codes stand --

  /** The code cursor to the turn before or after. @param {number} by */
  cursor(by) {
    if (!this.#begins()) return;
    const { taps, entries } = this.capture;
    taps.settle();
    const turns = entries.turns();
    const now = taps.cursor ? turns.indexOf(taps.cursor) : turns.length - 1;
    const next = now + by;
    if (next < 0 || !turns.length) return this.capture.say("there is no turn before");
    return this.stand(next >= turns.length - 1 ? null : turns[next]);
  }

  /** @param {Entry | null} entry a turn; null: the present one */
  stand(entry) {
    const { taps, book } = this.capture;
    this.chosen = null;
    taps.offer = null;
    taps.cursor = entry;
    if (!entry) return this.capture.say("codes stand on the present turn");
    return this.capture.say("codes stand on {what}", { what: book.say(entry.line) });
  }

  /** Look again at this. @param {Entry} entry */
  star(entry) {
    this.chosen = null;
    this.capture.taps.offer = null;
    this.capture.enqueue(";", entry.at, {});
    this.capture.changed();
  }

  // -- lines --

  /** Put another line in the place of the only record of an entry. @param {Entry} entry @param {string} line */
  replace(entry, line) {
    const before = entry.line;
    entry.line = line;
    this.capture.enqueue(`~{seq}: ${line}`, null, { fixes: entry.id, before });
    this.capture.changed();
  }

  /** @param {Entry} entry @param {number} place @param {string} token @param {string} [time] */
  #fix(entry, place, token, time = "") {
    const tokens = entry.line.split(" ");
    const before = entry.line;
    tokens[place] = token;
    entry.line = tokens.join(" ");
    this.capture.enqueue(`${time}~{seq+${place}}: ${token}`, null, { fixes: entry.id, before });
    this.capture.changed();
  }
}

/** The parts of a code's word. @param {string} token */
function read(token) {
  const [, author = "", word = "", to = "", level = "", value = ""] =
    /^([^!]*)!([^\s>^=~!]+)(?:>([^\s^=~]+))?(?:\^(\d))?(?:=([^\s~]+))?/.exec(token) || [];
  return { author, word, to, level, value };
}

/** @param {{author: string, word: string, to: string, level: string, value: string}} code */
function write({ author, word, to, level, value }) {
  return `${author}!${word}${to && `>${to}`}${level && `^${level}`}${value && `=${value}`}`;
}
