/** The recording as this page holds it: taps become entries, entries wait on the disk, the server gets them in order. */

import { Book } from "./book.js";
import { Clock, clockText } from "./clock.js";
import { Entries } from "./entries.js";
import * as link from "./link.js";
import { newId } from "./queue.js";
import { Taps } from "./taps.js";
import { spoken, t } from "./words.js";

const AT_ONCE = 100;
const WAITS = [250, 500, 1000, 2000, 5000];
/** Each tap, until it is on this device's disk: a reload must not lose it. */
const JOURNAL = "tkcore.tap.";
const ARMED = "tkcore.armed";
/** Records that change who is there and what is recorded. */
const ROOM = /^(seat|place|capture|lead|session|activity)\./;
/** Names the record it takes back: another tab may have stored a later one. */
const UNDO = "~{seq+0}";
const LETTERS = [..."ABCDEFGHIJLMNOPQRSUV"];

export class Capture extends EventTarget {
  /** @param {any} queue */
  constructor(queue) {
    super();
    this.queue = queue;
    this.clock = new Clock();
    this.entries = new Entries();
    /** @type {any} */
    this.state = null;
    /** @type {Book} */
    this.book = /** @type {any} */ (null);
    /** @type {Taps} */
    this.taps = /** @type {any} */ (null);
    /** @type {"away" | "live" | "locked"} */
    this.link = "away";
    this.hint = "";
    /** @type {any} the code pressed last */
    this.code = null;
    /** How many taps of other sessions wait on this device. */
    this.foreign = 0;
    this.channel = new BroadcastChannel("tkcore");
    this.channel.onmessage = ({ data }) => this.#other(data);
    /** @type {AbortController | null} */
    this.listening = null;
    this.draining = false;
    this.more = false;
    this.poke = () => {};
    /** @type {any} */
    this.timer = undefined;
    this.asked = 0;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  // -- the beginning --

  /** Begin with what was kept here, if there is no server. */
  async begin() {
    const kept = await this.queue.kept("state").catch(() => null);
    if (kept && !this.state) {
      await this.#take({ ...kept.state, entries: [] }, false);
      this.clock.resume(kept.clock);
      this.#changed();
    }
  }

  /** @param {any} state @param {boolean} [fresh] whether it comes from the server */
  async #take(state, fresh = true) {
    const first = !this.state || this.state.session !== state.session;
    this.state = state;
    if (fresh) this.clock.set(state.clock.now, state.clock.running);
    if (first) {
      this.entries = new Entries();
      this.book = new Book(state);
      this.taps = new Taps(this.book, this.#room(), (...line) => this.#send(...line), (...said) => this.#say(...said));
    }
    this.entries.snapshot(state);
    if (first) await this.#waiting();
    if (fresh) {
      const kept = { state: { ...state, entries: [] }, clock: this.clock.keep() };
      this.queue.keep("state", kept).catch(() => undefined);
    }
    this.#changed();
  }

  /** Show what waits here since before a reload, and what the reload has cut off. */
  async #waiting() {
    let items = await this.queue.all();
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(JOURNAL)).sort(byTime)) {
      const item = JSON.parse(localStorage.getItem(key) || "{}");
      if (item.id && !items.some((/** @type {any} */ i) => i.id === item.id)) await this.queue.add(item);
      localStorage.removeItem(key);
    }
    items = await this.queue.all();
    this.foreign = items.filter((/** @type {any} */ i) => i.session !== this.state.session).length;
    for (const item of items) {
      if (item.session !== this.state.session || this.entries.byId.has(item.id)) continue;
      this.entries.note(item.id, item.line, item.at ?? this.clock.now(), item.more);
      const target = this.entries.byId.get(item.more.back);
      if (target) target.undone = !item.more.redo;
    }
    const armed = JSON.parse(sessionStorage.getItem(ARMED) || "null");
    sessionStorage.removeItem(ARMED);
    if (armed && armed.session === this.state.session) this.#send(`${armed.seat}>?`, armed.at);
  }

  /** @returns {import("./taps.js").Room} */
  #room() {
    return {
      has: (seat) => this.seats().some((s) => s.seat === seat),
      turn: () => this.turn(),
      speaking: () => this.speaking(),
      free: () => LETTERS.find((letter) => !this.seats().some((s) => s.seat === letter)) || "",
    };
  }

  /** The seats of the circle, with those that were added here and are not told yet. @returns {any[]} */
  seats() {
    const known = this.state.seats;
    const added = this.entries.list
      .filter((e) => e.state !== "refused" && !e.undone && /^\+[A-Z]\d*:/.test(e.line))
      .map((e) => e.line.slice(1).split(":")[0])
      .filter((seat) => !known.some((/** @type {any} */ s) => s.seat === seat));
    return [...known, ...added.map((seat) => ({ seat, role: "member", place: null, inside: true, scope: "full" }))];
  }

  /** The last turn: of this page's records, else as the server said it. */
  turn() {
    const own = this.entries.turn();
    if (own) return own;
    const floor = this.state.floor;
    return floor ? { sender: floor.sender, to: floor.audience, receivers: floor.receivers } : null;
  }

  /** Who has the floor, "" if nobody. */
  speaking() {
    for (const last of this.entries.floor()) return last.to || /^[A-Z]/.test(last.sender) ? last.sender : "";
    const floor = this.state.floor;
    return floor && floor.open ? floor.sender : "";
  }

  /** Since when nobody has spoken, null while somebody does. @returns {number | null} */
  silentSince() {
    for (const last of this.entries.floor()) return last.sender.startsWith("_") ? last.at : null;
    const floor = this.state.floor;
    if (!floor) return this.state.paused ? null : 0;
    return floor.open ? null : floor.since;
  }

  phase() {
    return this.entries.phase() || this.state.phase;
  }

  // -- taps --

  /** @param {string} source @param {Record<string, string>} [values] */
  #say(source, values = {}) {
    this.hint = t(source, values);
    this.#changed();
  }

  /** Do what a tap or a key says, and show it. @param {(taps: Taps, at: number) => void} act @param {number} [at] */
  tap(act, at = this.clock.tap()) {
    if (!this.state) return;
    this.hint = "";
    this.taps.elapse(at);
    act(this.taps, at);
    this.#alarm();
    this.#changed();
  }

  /** Let the armed seat and the open family run out in their time. */
  #alarm() {
    const armed = this.taps.armed;
    if (armed) sessionStorage.setItem(ARMED, JSON.stringify({ ...armed, session: this.state.session }));
    else sessionStorage.removeItem(ARMED);
    clearTimeout(this.timer);
    const due = this.taps.due;
    if (due < Infinity)
      this.timer = setTimeout(() => {
        this.taps.elapse(Math.max(due, this.clock.now()));
        this.#alarm();
        this.#changed();
      }, Math.max(0, due - this.clock.now()));
  }

  /** @param {string} line @param {number | null} at @param {any} [code] */
  #send(line, at, code) {
    if (code) this.code = code;
    this.#queue(line, at, {});
  }

  /**
   * Note an entry: seen at once, on this device's disk next, then the server's.
   * @param {string} line @param {number | null} at
   * @param {{back?: string, redo?: boolean, fixes?: string, before?: string}} more
   */
  #queue(line, at, more) {
    const id = newId();
    this.entries.note(id, line, at ?? this.clock.now(), more);
    const after = more.back || more.fixes || "";
    const item = { session: this.state.session, id, line, at, after, more };
    const key = `${JOURNAL}${String(this.entries.list.length).padStart(6, "0")}.${id}`;
    try {
      localStorage.setItem(key, JSON.stringify({ ...item, tapped: Date.now() }));
    } catch {
      // full or forbidden: the queue has it in a moment
    }
    this.queue.add(item).then(
      () => localStorage.removeItem(key),
      (/** @type {unknown} */ error) => this.#say("this device's disk refuses: {error}", { error: String(error) }),
    ).then(() => this.drain());
    return id;
  }

  /** Take back the last own entry. */
  undo() {
    if (!this.state) return;
    this.hint = "";
    if (this.taps.armed || this.taps.open || this.taps.asking) {
      // what is not stored yet is let go of
      this.taps.disarm();
      this.#alarm();
      this.#changed();
      return;
    }
    const last = this.entries.undoable();
    if (!last) return this.#say("there is nothing to take back");
    last.undone = true;
    const fixed = this.entries.byId.get(last.fixes);
    if (fixed) fixed.line = last.before;
    this.#queue(UNDO, null, { back: last.id });
    this.#changed();
  }

  redo() {
    if (!this.state) return;
    this.hint = "";
    const undo = this.entries.redoable();
    const last = undo && this.entries.byId.get(undo.back);
    if (!undo || !last) return this.#say("there is nothing to bring back");
    undo.undone = true;
    last.undone = false;
    this.#queue("~{seq}", null, { back: undo.id, redo: true });
    this.#changed();
  }

  /** Raise or lower the level of the last code, or the value of the last rating. @param {number} by */
  level(by) {
    if (!this.state) return;
    this.hint = "";
    const entry = this.entries.latest((e) => e.line.includes("!"));
    if (!entry) return this.#say("there is no code yet");
    const tokens = entry.line.split(" ");
    const place = tokens.findIndex((token) => token.includes("!"));
    const [, head, word, to = "", level = "", value = ""] =
      /^([^!]*)!([^\s>^=~!]+)(>[^\s^=~]+)?(?:\^(\d))?(?:=([^\s~]+))?/.exec(tokens[place]) || [];
    const rating = this.book.find(word)?.event === "rating.given";
    const now = rating ? Number(value || 3) : Number(level || (by > 0 ? 0 : 2));
    const next = Math.min(rating ? 5 : 3, Math.max(1, now + by));
    if (String(next) === (rating ? value || "3" : level)) return this.#say("it ends there");
    return this.#fix(entry, place, `${head}!${word}${to}${rating ? `=${next}` : `^${next}`}`);
  }

  /** The last entry was two seconds earlier. */
  earlier() {
    if (!this.state) return;
    this.hint = "";
    const entry = this.entries.latest((e) => e.line !== "" && !/^[+-]|^\|\|/.test(e.line));
    if (!entry) return this.#say("there is nothing to move");
    const at = Math.max(0, entry.at - 2000);
    const first = entry.line.split(" ")[0];
    this.#fix(entry, 0, first, `@${clockText(at)}.${String(at % 1000).padStart(3, "0")} `);
    entry.at = at;
    return this.#say("{what}: 2 s earlier", { what: this.book.say(first) });
  }

  /** One more receiver of the last turn. @param {string} seat */
  too(seat) {
    const entry = this.entries.latest((e) => />[A-Z]/.test(e.line.split(" ")[0]));
    if (!entry) return this.#say("there is no turn to add a receiver to");
    const first = entry.line.split(" ")[0];
    const [from, to] = first.split(">");
    if (from === seat || to.split(",").includes(seat)) return this.#say("{seat} is in that turn already", { seat });
    return this.#fix(entry, 0, `${first},${seat}`);
  }

  /** @param {import("./entries.js").Entry} entry @param {number} place @param {string} token @param {string} [time] */
  #fix(entry, place, token, time = "") {
    const tokens = entry.line.split(" ");
    const before = entry.line;
    tokens[place] = token;
    entry.line = tokens.join(" ");
    this.#queue(`${time}~{seq+${place}}: ${token}`, null, { fixes: entry.id, before });
    this.#changed();
  }

  // -- to the server --

  /** Send what waits, in its order, one page at a time. @returns {Promise<boolean>} whether the way was open */
  async drain() {
    this.more = true;
    if (this.draining || !this.state) return true;
    this.draining = true;
    try {
      while (this.more) {
        this.more = false;
        await alone(() => this.#drain());
      }
      return true;
    } catch (error) {
      this.#lost(error);
      return false;
    } finally {
      this.draining = false;
      this.#changed();
    }
  }

  async #drain() {
    for (;;) {
      const session = this.state.session;
      const all = await this.queue.all();
      const items = all.filter((/** @type {any} */ i) => i.session === session);
      this.foreign = all.length - items.length;
      if (!items.length) return;
      const { batch, dead } = this.#batch(items);
      if (dead.length) await this.queue.drop(dead);
      if (!batch.length) {
        if (dead.length) continue;
        return;
      }
      const sent = batch.map(({ item, line }) => ({ id: item.id, line, at: item.at }));
      let answers;
      try {
        const said = await link.entries({ session, language: spoken(), entries: sent });
        answers = said.answers;
        if (said.now !== undefined) this.clock.adjust(said.now);
      } catch (error) {
        // one that the server cannot read must not hold up the others
        if (!(error instanceof link.Wrong) || batch.length > 1) throw error;
        answers = [{ id: sent[0].id, error: { column: 1, reason: t("the server could not read it"), near: [] } }];
      }
      const done = await this.#answered(batch.map(({ item }) => item), answers, items);
      if (done < batch.length) throw new link.Away("the disk refuses");
    }
  }

  /**
   * Choose what can go now: what refers to another entry waits for that one's answer.
   * @param {any[]} items
   */
  #batch(items) {
    const batch = [];
    const dead = [];
    const going = new Set();
    for (const item of items) {
      if (batch.length >= AT_ONCE || going.has(item.after)) break;
      const known = this.entries.byId.get(item.after);
      const line = item.after && known?.state === "refused" ? null : numbered(item.line, known);
      if (line === null) {
        const own = this.entries.byId.get(item.id);
        if (own) this.entries.refuse(own, t("what it is about is not stored"));
        dead.push(item);
        continue;
      }
      batch.push({ item, line });
      going.add(item.id);
    }
    return { batch, dead };
  }

  /** @param {any[]} sent @param {any[]} answers @param {any[]} items @returns {Promise<number>} how many are done */
  async #answered(sent, answers, items) {
    const done = [];
    const gone = [];
    for (const [place, item] of sent.entries()) {
      const answer = answers[place];
      if (!answer || answer.id !== item.id || answer.error?.retry) break;
      this.#hear(answer);
      done.push(item);
      if (answer.error) gone.push(item.id);
    }
    // what refers to a refused entry goes with it
    const dead = [];
    for (const item of items) {
      if (!item.after || !gone.includes(item.after)) continue;
      gone.push(item.id);
      dead.push(item);
      const own = this.entries.byId.get(item.id);
      if (own) this.entries.refuse(own, t("what it is about is not stored"));
    }
    await this.queue.drop([...done, ...dead]);
    this.channel.postMessage({ answers: answers.slice(0, done.length) });
    this.#changed();
    return done.length;
  }

  /** @param {any} answer */
  #hear(answer) {
    this.entries.answered(answer);
    if (answer.error) this.hint = t("not stored: {reason}", { reason: answer.error.reason });
    const said = (answer.cautions || []).map((/** @type {any} */ c) => c.text[spoken() === "en" ? "en" : "id"]);
    if (said.length) this.hint = said.join(" ");
  }

  /** @param {any} data from another tab of this browser */
  #other(data) {
    for (const answer of data.answers || []) this.#hear(answer);
    if (data.entered) this.poke();
    this.#changed();
  }

  // -- the link --

  /** Enter with the token of the address, which is good once and stays in no history. */
  async enter() {
    const token = location.hash.slice(1);
    if (!token) return;
    history.replaceState(null, "", location.pathname);
    try {
      await link.enter(token);
      this.channel.postMessage({ entered: true });
    } catch {
      // spent or old: the cookie may be good
    }
    this.poke();
  }

  /** Ask, send what waits, listen; and again, for as long as the page is there. */
  async connect() {
    for (let failed = 0; ; failed++) {
      try {
        await this.#take(await link.state());
        if (!(await this.drain())) throw new link.Away("entries");
        this.listening = new AbortController();
        await link.listen(
          this.entries.last,
          {
            opened: () => {
              failed = 0;
              this.link = "live";
              this.#changed();
            },
            record: (record) => this.#record(record),
          },
          this.listening.signal,
        );
        this.#lost(new link.Away("ended"));
      } catch (error) {
        this.#lost(error);
      }
      await this.#wait(WAITS[Math.min(failed, WAITS.length - 1)]);
    }
  }

  /** @param {number} ms */
  #wait(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.poke = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  /** @param {unknown} error */
  #lost(error) {
    this.link = error instanceof link.Locked ? "locked" : "away";
    this.listening?.abort();
    this.listening = null;
    this.#changed();
    if (!(error instanceof link.Locked || error instanceof link.Away || error instanceof link.Wrong)) throw error;
  }

  /** @param {any} record */
  #record(record) {
    this.entries.heard(record);
    if ([record, ...(record.changes || [])].some((r) => ROOM.test(r.kind))) this.#refresh();
    this.#changed();
  }

  /** Ask for the room again, once for all that came together. */
  async #refresh() {
    const asked = ++this.asked;
    await Promise.resolve();
    if (asked !== this.asked) return;
    try {
      const state = await link.state();
      if (asked === this.asked) await this.#take(state);
    } catch {
      // the link says so itself
    }
  }

  /** Back in front: look at the clock and at the link. */
  wake() {
    if (this.link === "live") this.#refresh();
    else this.poke();
  }
}

/** @param {string} a @param {string} b */
function byTime(a, b) {
  const tapped = (/** @type {string} */ key) => JSON.parse(localStorage.getItem(key) || "{}").tapped || 0;
  return tapped(a) - tapped(b) || (a < b ? -1 : 1);
}

/**
 * Put the number of an entry's record into a line that is about it; null: nobody knows it.
 * @param {string} line @param {import("./entries.js").Entry | undefined} about
 */
function numbered(line, about) {
  const found = /\{seq(?:\+(\d+))?\}/.exec(line);
  if (!found) return line;
  // it was stored before this page's time: then it is the last one
  if (!about || about.seq < 0) return line === UNDO ? "~" : null;
  // a pause that a turn has ended stands before it
  const before = found[1] === undefined ? 0 : Math.max(0, about.count - about.line.split(" ").length);
  return line.replace(found[0], String(about.seq + before + Number(found[1] || 0)));
}

/** Let one page of this browser send at a time, so that the order of the queue is kept. @param {() => Promise<void>} work */
function alone(work) {
  return navigator.locks ? navigator.locks.request("tkcore.drain", work) : work();
}
