/** What this page knows to be recorded: noted here, then stored there; what was taken back; who spoke last. */

import { turnOf } from "./book.js";

const MOST = 400;
/** Records nobody taps; `saying.py` has the same. */
const FRAME = /^(session|clock|observer|log|captures|lead|coding|alert)\./;
const CORRECTION = /^record\./;
/** Among so many a late one is looked for. */
const LATELY = 12;
/** What an observer marks of the group, not what happens to the room. */
const OBSERVED = /^(?!seat|place|capture|phase|range)/;
/** What takes a seat out of the room, brings it in, or does either. @type {[RegExp, boolean | null][]} */
const MOVES = [
  [/^-([A-Z]\d{0,2})/, false],
  [/^([A-Z]\d{0,2})!h[aid](?:=\S+)?$/, false],
  [/^\+([A-Z]\d{0,2})$/, true],
  [/^([A-Z]\d{0,2})!hl$/, true],
  [/^([A-Z]\d{0,2})!hh$/, null],
];

/**
 * @typedef {object} Entry
 * @property {string} id 30 hex, made where it was tapped
 * @property {string} line as sent, or as the server says it
 * @property {number} at ms on the session clock
 * @property {number} seq the first of its records, -1 until it is stored
 * @property {"noted" | "stored" | "refused"} state
 * @property {boolean} undone
 * @property {string} back the entry it takes back, or brings back
 * @property {boolean} redo it brings back
 * @property {string} fixes the entry it corrects
 * @property {string} before the line of that entry before
 * @property {number} count its records
 * @property {string} kind
 * @property {boolean} own
 * @property {string} observer
 * @property {string} reason why it was refused
 * @property {boolean} [seen] somebody has looked at that
 * @property {Map<number, {text: string, state: string}>} parts its records
 */

export class Entries {
  constructor() {
    /** @type {Entry[]} */
    this.list = [];
    /** @type {Map<string, Entry>} */
    this.byId = new Map();
    this.observer = "";
    /** The last seq heard of. */
    this.last = -1;
    /** @type {string[]} words of caution of what was stored last */
    this.cautions = [];
  }

  /**
   * @param {string} id @param {string} line @param {number} at
   * @param {{back?: string, redo?: boolean, fixes?: string, before?: string}} [more]
   * @returns {Entry}
   */
  note(id, line, at, more = {}) {
    return this.#put({
      id, line: line[0] === "#" ? wordless(line) : line.replace(/(!\S+)~(\{seq\+0\}|\d+)$/, "$1"), at, seq: -1, count: 0, state: "noted", undone: false, back: more.back || "", redo: more.redo || false,
      fixes: more.fixes || "", before: more.before || "", kind: "", own: true, observer: this.observer, reason: "", parts: new Map(),
    });
  }

  /** @param {Entry} entry */
  #put(entry) {
    const known = this.byId.get(entry.id);
    if (known) return known;
    this.list.push(entry);
    this.byId.set(entry.id, entry);
    if (this.list.length > MOST) {
      const old = this.list.findIndex((e) => e.state !== "noted");
      if (old >= 0) this.byId.delete(this.list.splice(old, 1)[0].id);
    }
    return entry;
  }

  /** Take one answer of the server. @param {any} answer */
  answered(answer) {
    const entry = this.byId.get(answer.id);
    if (!entry) return;
    if (answer.error) {
      this.refuse(entry, answer.error.reason);
      return;
    }
    entry.state = "stored";
    entry.seq = answer.seq;
    entry.count = answer.count;
    if (!entry.back && !entry.fixes) entry.at = answer.ts;
  }

  /** @param {Entry} entry @param {string} reason */
  refuse(entry, reason) {
    entry.state = "refused";
    entry.reason = reason;
    const target = this.byId.get(entry.back);
    // another tab may have taken it back before: what the server said of it counts
    if (target) target.undone = target.parts.size ? gone(target) : entry.redo;
    const fixed = this.byId.get(entry.fixes);
    if (fixed) fixed.line = entry.before;
  }

  /**
   * Take one record from the stream or a snapshot, with the earlier ones it has changed.
   * The line of an own tap stays as it was tapped, until a correction gives it another.
   * @param {any} record
   */
  heard(record) {
    this.last = Math.max(this.last, record.seq);
    const known = this.byId.get(id(record));
    if (known) this.#stored(known, record);
    for (const changed of record.changes || []) this.#changed(changed);
    if (known) return;
    if (FRAME.test(record.kind) || CORRECTION.test(record.kind)) return;
    const entry = this.#put({
      id: id(record), line: record.text, at: record.ts, seq: record.seq, count: 1, state: "stored", undone: false,
      back: "", redo: false, fixes: "", before: "", kind: record.kind, own: !record.observer || record.observer === this.observer,
      observer: record.observer || this.observer, reason: "",
      parts: new Map(),
    });
    this.#stored(entry, record);
  }

  /** @param {Entry} entry @param {any} record */
  #stored(entry, record) {
    if (entry.seq < 0 || record.seq < entry.seq) entry.seq = record.seq;
    if (entry.state === "noted") entry.state = "stored";
    if (!entry.kind) entry.kind = record.kind;
    if (FRAME.test(record.kind)) return;
    entry.parts.set(record.seq, { text: record.text, state: record.state });
    // records of an entry come one by one: of a foreign one each has something to say
    const quick = /^[A-Z]\d{0,2}$|^…/.test(entry.line);
    if (!entry.own || quick || (record.state === "amended" && !this.#corrected(entry))) entry.line = texts(entry);
    // an undo that waits here is newer than what is heard
    if (!this.#waits(entry)) entry.undone = gone(entry);
  }

  /** @param {any} record */
  #changed(record) {
    const entry = this.byId.get(id(record));
    if (!entry || !entry.parts.has(record.seq)) return;
    const before = entry.parts.get(record.seq);
    this.#stored(entry, record);
    // a correction that waits here says something newer
    if (before && before.text !== record.text && !this.#corrected(entry)) entry.line = texts(entry);
  }

  /** Whether an undo or redo of an entry is still on its way. @param {Entry} entry */
  #waits(entry) {
    return this.list.some((e) => e.state === "noted" && e.back === entry.id);
  }

  /** Whether a correction of an entry is still on its way: it says something newer. @param {Entry} entry */
  #corrected(entry) {
    return this.list.some((e) => e.state === "noted" && e.fixes === entry.id);
  }

  /** Take the server's last records; what waits here is still to come and stands behind them. @param {any} state */
  snapshot(state) {
    this.observer = state.observer;
    this.last = Math.max(this.last, state.head.seq);
    for (const record of state.entries) this.heard(record);
    const place = (/** @type {Entry} */ e) => (e.seq < 0 ? Infinity : e.seq);
    this.list.sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
  }

  /** What can be seen of the own: no corrections, newest last. @param {number} count */
  shown(count) {
    return this.list.filter((e) => e.own && !hidden(e)).slice(-count);
  }

  /** What another observer marked last, if it holds. @returns {Entry | null} */
  other() {
    return this.list.findLast((e) => !e.own && !e.undone && !hidden(e) && OBSERVED.test(e.kind)) || null;
  }

  /** What was refused and nobody has looked at. */
  refused() {
    return this.list.filter((e) => e.own && e.state === "refused" && !e.seen && !hidden(e));
  }

  /** Own entries that hold, newest first. */
  *#own() {
    for (let i = this.list.length - 1; i >= 0; i--) {
      const e = this.list[i];
      if (e.own && e.state !== "refused") yield e;
    }
  }

  /** The entry an undo takes back. @returns {Entry | null} */
  undoable() {
    for (const e of this.#own()) if (!e.back && !e.undone) return e;
    return null;
  }

  /** The undo a redo takes back: the last own act, if that was one. @returns {Entry | null} */
  redoable() {
    for (const e of this.#own()) {
      if (e.redo || (e.back && e.undone)) continue;
      if (e.back) return e;
      if (!e.undone) return null;
    }
    return null;
  }

  /** Own turns and floor changes that hold, newest first: one that was tapped late stands where it was. */
  *floor() {
    const found = this.#floor();
    const lately = [];
    for (let one = found.next(); !one.done; one = found.next()) if (lately.push(one.value) === LATELY) break;
    yield* lately.sort((a, b) => b.at - a.at);
    yield* found;
  }

  *#floor() {
    for (const e of this.#own()) {
      if (e.back || e.fixes || e.undone) continue;
      for (const token of e.line.split(" ").reverse()) {
        const turn = turnOf(token);
        if (turn) yield { ...turn, at: e.at };
        else if (/^([_&]|[A-Z]\d{0,2}$)/.test(token)) yield { sender: token, to: "", receivers: [], at: e.at };
      }
    }
  }

  /**
   * The last turn, as far as it is known; of a quick one the receiver is whoever spoke last before it.
   * @param {string} [before] who spoke before all that is known here
   */
  turn(before = "") {
    let quick = null;
    for (const found of this.floor()) {
      if (quick && !/^[_&]/.test(found.sender) && found.sender !== quick.sender) return whom(quick, found.sender);
      if (!quick && found.to) return found;
      if (!found.to && !/^[_&]/.test(found.sender)) quick ??= found;
    }
    return quick && whom(quick, before);
  }

  /** Who has spoken or was spoken to since a word was tapped. @param {(token: string) => boolean} is @returns {Set<string>} */
  since(is) {
    const found = new Set();
    for (const e of this.#own()) {
      if (e.back || e.fixes || e.undone) continue;
      if (e.line.split(" ").some(is)) break;
      for (const token of e.line.split(" ")) {
        const turn = turnOf(token);
        for (const seat of turn ? [turn.sender, ...turn.receivers] : [token]) found.add(seat);
      }
    }
    return found;
  }

  /** Whether recording is stopped, after what was tapped since it was told. @param {boolean} was @param {number} head */
  paused(was, head) {
    for (const e of this.list) {
      if (!e.own || e.state === "refused" || e.undone || e.back || e.fixes || (e.seq >= 0 && e.seq <= head)) continue;
      if (e.line === "!hc") was = !was;
      else if (e.line.startsWith("||")) was = e.line !== "||";
    }
    return was;
  }

  /**
   * What goes on, after what was tapped since it was told.
   * @param {string[]} was @param {number} head @param {(token: string) => any} codeOf
   */
  activities(was, head, codeOf) {
    const now = [...was];
    for (const e of this.list) {
      if (!e.own || e.state === "refused" || e.undone || e.back || e.fixes || (e.seq >= 0 && e.seq <= head)) continue;
      for (const code of e.line.split(" ").map(codeOf)) {
        const place = code?.event === "activity.started" ? now.indexOf(code.id) : now.length - 1;
        if (!code || !/^activity\./.test(code.event)) continue;
        if (place >= 0) now.splice(place, 1);
        else if (code.event === "activity.started") now.push(code.id);
      }
    }
    return now;
  }

  /** Own turns that hold, oldest first. */
  turns() {
    const found = [...this.#own()].filter((e) => !e.back && !e.fixes && !e.undone && isTurn(e.line)).reverse();
    return found.sort((a, b) => a.at - b.at);
  }

  /** The seats with what has happened of them since they were told. @param {any[]} seats @param {number} head @returns {any[]} */
  moved(seats, head) {
    const now = new Map(seats.map((s) => [s.seat, { ...s }]));
    for (const e of this.list) {
      if (e.state === "refused" || e.undone || e.back || e.fixes || (e.seq >= 0 && e.seq <= head)) continue;
      const [, whose, scope] = /^\+([A-Z]\d{0,2}):(full|floor_only|none)$/.exec(e.line) || [];
      const narrowed = now.get(whose);
      if (narrowed) narrowed.scope = scope;
      if (scope) continue;
      for (const [shape, inside] of MOVES) {
        const seat = now.get(shape.exec(e.line)?.[1]);
        if (seat) seat.inside = inside ?? !seat.inside;
      }
    }
    return [...now.values()];
  }

  /** The phase that was entered last, by whomever. */
  phase() {
    for (const e of this.list.toReversed()) {
      if (e.undone || e.back || e.fixes || e.state === "refused") continue;
      const found = /^%(\S+)$/.exec(e.line);
      if (found) return found[1];
    }
    return null;
  }

  /** The last own entry that a later tap can change. @param {(entry: Entry) => boolean} which */
  latest(which) {
    for (const e of this.#own()) if (!e.back && !e.fixes && !e.undone && which(e)) return e;
    return null;
  }

  waiting() {
    return this.list.filter((e) => e.state === "noted").length;
  }
}

/** The words of a note are seen nowhere again. @param {string} line */
function wordless(line) {
  const about = /^#\s*([A-Z]\d{0,2}(?:,[A-Z]\d{0,2})*):/i.exec(line);
  return about ? `#${about[1].toUpperCase()}: …` : "# …";
}

/** The number of the record of a turn, null while it is not known. @param {Entry} entry */
export function turnSeq(entry) {
  for (const [seq, part] of entry.parts) if (isTurn(part.text)) return seq;
  return null;
}

/** @param {string} line */
function isTurn(line) {
  return Boolean(turnOf(line.split(" ")[0])) || /^[A-Z]\d{0,2}$/.test(line);
}

/** Corrections are seen in what they correct; a refused one is seen itself. @param {Entry} e */
function hidden(e) {
  return e.state !== "refused" && (e.back !== "" || e.fixes !== "" || CORRECTION.test(e.kind));
}

/** Whether nothing of an entry holds. @param {Entry} entry */
function gone(entry) {
  return [...entry.parts.values()].every((p) => p.state === "retracted");
}

/** @param {Entry} entry */
function texts(entry) {
  return [...entry.parts.values()].map((p) => p.text).join(" ");
}

/** @param {any} record */
function id(record) {
  return String(record.entry || record.id).slice(0, 30);
}

/** @param {{sender: string, at: number}} quick @param {string} before who spoke before */
function whom({ sender, at }, before) {
  const known = Boolean(before) && before !== sender;
  return { sender, at, to: known ? "seats" : "unknown", receivers: known ? [before] : [] };
}
