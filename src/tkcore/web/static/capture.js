/** The recording as this page holds it: taps become entries, entries wait on the disk, the server gets them in order. */

import { Book, turnOf } from "./book.js";
import { Clock } from "./clock.js";
import { Correcting } from "./correcting.js";
import { Entries } from "./entries.js";
import * as link from "./link.js";
import { pressing } from "./press.js";
import { Sending } from "./sending.js";
import { Taps } from "./taps.js";
import { forOffline, Waiting } from "./waiting.js";
import { spoken, t } from "./words.js";

/** More taps than so many in so long are faster than two of them a turn can be for long. */
const HURRY = { taps: 25, ms: 60_000 };
/** Of which session and observer this browser is in quick mode. */
const QUICK = "tkcore.quick";
/** So long a finger is waited for that may be the receiver. */
const LIFTS = 2000;
/** The code of a go-round. */
const ROUND = "aa";
/** So long before the planned end open contracts are seen. */
const NEAR_END = 600_000;
/** So many tabs of a browser are told what comes, further ones ask: it has six connections to a host. */
const TOLD = 3;
const ASKS = 1000;
const WAITS = [250, 500, 1000, 2000, 5000];
/** Records that change who is there and what is recorded. */
const ROOM = /^(seat|place|capture|lead|session|activity|phase|observer|contract)\./;
const LETTERS = [..."ABCDEFGHIJLMNOPQRSUV"];

export class Capture extends EventTarget {
  /** @param {any} queue */
  constructor(queue) {
    super();
    this.queue = queue;
    this.waiting = new Waiting(queue);
    this.clock = new Clock();
    this.entries = new Entries();
    /** @type {any} */
    this.state = null;
    /** @type {Book} */
    this.book = /** @type {any} */ (null);
    /** @type {Taps} */
    this.taps = /** @type {any} */ (null);
    /** @type {"before" | "away" | "live" | "locked"} */
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
    this.correct = new Correcting(this);
    this.sending = new Sending(this);
    this.poke = () => {};
    /** @type {any} */
    this.timer = undefined;
    this.asked = 0;
    /** When it was tapped lately. @type {number[]} */
    this.tapped = [];
    /** The end is asked for, or near. */
    this.ending = false;
    /** Keys go to what has the focus. */
    this.focusing = false;
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  // -- the beginning --

  /** Begin with what was kept here, if there is no server. @param {any} kept */
  async begin(kept) {
    if (kept && !this.state) {
      await this.#take(kept.state, false);
      this.clock.resume(kept.clock);
      this.changed();
    }
  }

  /** @param {any} state @param {boolean} [fresh] whether it comes from the server */
  async #take(state, fresh = true) {
    const first = !this.state || this.state.session !== state.session || this.state.observer !== state.observer || this.state.queue.name !== state.queue.name;
    if (first) await this.waiting.of(state.queue, state.observer);
    this.state = state;
    if (first && fresh) this.clock.latest = 0;
    if (fresh) this.clock.set(state.clock.now, state.clock.running, state.came);
    if (first) {
      this.entries = new Entries();
      this.book = new Book(state);
      this.taps = new Taps(this.book, this.#room(), (...line) => this.#send(...line), (...said) => this.say(...said));
      this.taps.quick = localStorage.getItem(QUICK) === this.#whose();
    }
    this.entries.snapshot(state);
    if (first) await this.#waiting();
    if (fresh) this.#keep().catch(() => undefined);
    this.changed();
  }

  /** What a page without a server begins with: nothing once the session is closed and nothing of it waits. */
  async #keep() {
    const over = this.state.closed && !(await this.waiting.all()).items.length;
    await this.queue.keep("state", over ? null : { state: forOffline(this.state), clock: this.clock.keep() });
  }

  /** Show what waits here since before a reload, and what the reload has cut off. */
  async #waiting() {
    const { items, foreign } = await this.waiting.recover();
    this.foreign = foreign;
    const read = await Promise.all(items.map((item) => this.waiting.read(item)));
    for (const [i, item] of items.entries()) {
      if (this.entries.byId.has(item.id)) continue;
      const said = read[i];
      this.entries.note(item.id, said.line, said.at ?? this.clock.now(), { ...item.more, before: said.before });
      const target = this.entries.byId.get(item.more.back);
      if (target) target.undone = !item.more.redo;
    }
  }

  /** Whether phases and the end are this observer's. */
  leads() {
    return this.state.lead === this.state.observer;
  }

  /** @returns {import("./taps.js").Room} */
  #room() {
    return {
      has: (seat) => this.seats().some((s) => s.seat === seat),
      turn: () => this.turn(),
      speaking: () => this.speaking(),
      inside: (seat) => this.seats().some((s) => s.seat === seat && s.inside),
      places: () => places(this.seats()),
      // a sign of the group is somebody's, be they here today or gone for good
      free: () => LETTERS.find((letter) => !this.state.taken.includes(letter) && !this.seats().some((s) => s.seat === letter)) || "",
    };
  }

  /** The seats of the circle, with those that were added here and are not told yet. @returns {any[]} */
  seats() {
    const known = this.entries.moved(this.state.seats, this.state.head.seq);
    const added = this.entries.list
      .filter((e) => e.state !== "refused" && !e.undone && /^\+[A-Z]\d*:/.test(e.line))
      .map((e) => e.line.slice(1).split(":")[0])
      .filter((seat) => !known.some((/** @type {any} */ s) => s.seat === seat));
    return [...known, ...added.map((seat) => ({ seat, role: "member", place: null, inside: true, scope: "full" }))];
  }

  /** The last turn: of this page's records, else as the server said it. */
  turn() {
    const floor = this.state.floor;
    const own = this.entries.turn(floor?.sender);
    if (own) return own;
    return floor?.sender ? { sender: floor.sender, to: floor.audience, receivers: floor.receivers } : null;
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

  /** Members in the room whom a go-round has not come to yet; none while there is no round. @returns {string[]} */
  missed() {
    const round = this.book.byKey.get(ROUND);
    if (!round || !this.activities().includes(round.id)) return [];
    const heard = this.entries.since((token) => this.book.codeOf(token)?.key === ROUND);
    return this.seats().filter((s) => s.inside && s.role === "member" && s.scope !== "none" && !heard.has(s.seat)).map((s) => s.seat);
  }

  /** What goes on, also when the server has not heard of it. @returns {string[]} */
  activities() {
    return this.entries.activities(this.state.activities, this.state.head.seq, (token) => this.book.codeOf(token));
  }

  /** Members with an open contract, in the last minutes that were planned. @returns {string[]} */
  owing() {
    const { planned, owing } = this.state;
    return planned !== null && this.clock.now() >= planned - NEAR_END ? owing : [];
  }

  /** What is said of danger that is not reported yet, "" if there is none. */
  unreported() {
    const count = this.state.unreported;
    return count ? t("not reported to the staff on duty yet: {count}; wj once it is", { count }) : "";
  }

  /** Whether recording is stopped, also when the server has not heard of it. */
  paused() {
    return this.entries.paused(Boolean(this.state.paused), this.state.head.seq);
  }

  phase() {
    return this.entries.phase() || this.state.phase;
  }

  // -- taps --

  /** @param {string} source @param {Record<string, string>} [values] */
  say(source, values = {}) {
    this.hint = t(source, values);
    this.changed();
  }

  /** Do what a tap or a key says, and show it. @param {(taps: Taps, at: number) => void} act @param {number} [at] */
  tap(act, at = this.clock.tap()) {
    if (!this.state) return;
    this.hint = "";
    this.tapped = [...this.tapped.slice(-HURRY.taps), at];
    this.taps.elapse(at);
    act(this.taps, at);
    this.alarm();
    this.changed();
  }

  /** One tap a turn, or two again; a page that is loaded anew goes on with it. */
  quicken() {
    this.tap((taps) => {
      taps.settle();
      taps.quick = !taps.quick;
    });
    if (this.taps.quick) localStorage.setItem(QUICK, this.#whose());
    else localStorage.removeItem(QUICK);
  }

  #whose() {
    return `${this.state.queue.name} ${this.state.observer}`;
  }

  /** Whether two taps a turn are too slow just now. */
  hurried() {
    return this.tapped.length > HURRY.taps && this.clock.now() - this.tapped[0] < HURRY.ms;
  }

  /** Let the armed seat and the open family run out in their time. */
  alarm() {
    this.waiting.arm(this.taps.armed);
    clearTimeout(this.timer);
    const due = this.taps.due;
    if (due < Infinity) this.timer = setTimeout(() => this.#due(due), Math.max(0, due - this.clock.now()));
  }

  /** @param {number} due */
  #due(due) {
    // a finger that is down came in time: what it does comes first
    if (pressing() && this.clock.now() < due + LIFTS) {
      this.timer = setTimeout(() => this.#due(due), 50);
      return;
    }
    this.taps.elapse(Math.max(due, this.clock.now()));
    this.alarm();
    this.changed();
  }

  /** @param {string} line @param {number | null} at @param {any} [code] @param {import("./entries.js").Entry} [on] the turn it stands on */
  #send(line, at, code, on) {
    if (code) this.code = code;
    const [first] = line.split(" ");
    if (at !== null && this.taps.ago && (turnOf(first) || /^[A-Z]\d{0,2}$/.test(first))) at = Math.max(0, at - this.taps.ago.ms);
    this.taps.ago = null;
    const missed = code?.key === ROUND ? this.missed() : [];
    const id = this.enqueue(line, at, on ? { on: on.id } : {});
    if (missed.length) this.say("the round has not come to {seats}", { seats: missed.join(", ") });
    if (code) this.correct.offers.after(id, code);
  }

  /**
   * Note an entry: seen at once, on this device's disk next, then the server's.
   * @param {string} line @param {number | null} at
   * @param {import("./waiting.js").More & {made?: string}} more
   */
  enqueue(line, at, more) {
    const { id, kept } = this.waiting.add(line, at, more);
    this.entries.note(id, line, at ?? this.clock.now(), more);
    this.changed();
    kept
      .catch((/** @type {unknown} */ error) => this.say("this device's disk refuses: {error}", { error: String(error) }))
      .then(() => this.sending.drain());
    return id;
  }

  /** @param {any} answer */
  hear(answer) {
    this.entries.answered(answer);
    if (answer.error) this.hint = t("not stored: {reason}", { reason: answer.error.reason });
    const said = (answer.cautions || []).map((/** @type {any} */ c) => c.text[spoken() === "en" ? "en" : "id"]);
    if (said.length) this.hint = said.join(" ");
  }

  /** @param {any} data from another tab of this browser */
  #other(data) {
    for (const answer of data.answers || []) this.hear(answer);
    if (data.entered) this.anew();
    this.changed();
  }

  /**
   * Listen anew: perhaps it is another observer's page now, and what is listened to is the one's before; or the
   * network was gone, and the stream is cut off without a word.
   */
  anew() {
    this.poke();
    this.listening?.abort();
  }

  // -- the link --

  /** Come in, and let the other tabs know. @param {Promise<boolean>} [entered] */
  async enter(entered = link.enter()) {
    if (await entered) {
      this.channel.postMessage({ entered: true });
      this.anew();
    } else this.poke();
  }

  /** Ask, send what waits, listen; and again, for as long as the page is there. @param {Promise<any>} [asked] already */
  async connect(asked) {
    for (let failed = 0; ; failed++) {
      try {
        const state = asked || link.state();
        asked = undefined;
        await this.#take(await state);
        if (!(await this.sending.drain())) throw new link.Away("entries");
        const opened = () => {
          failed = 0;
          this.link = "live";
          this.changed();
        };
        const told = await place();
        if (!told) {
          opened();
          await this.#wait(ASKS);
          continue;
        }
        this.listening = new AbortController();
        const aside = (/** @type {any} */ detail) => this.dispatchEvent(new CustomEvent("alert", { detail }));
        await link.listen(this.entries.last, { opened, record: (record) => this.#record(record), aside }, this.listening.signal).finally(told);
        this.lost(new link.Away("ended"));
      } catch (error) {
        this.lost(error);
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
  lost(error) {
    this.link = error instanceof link.Locked ? "locked" : error instanceof link.Before ? "before" : "away";
    this.listening?.abort();
    this.listening = null;
    this.changed();
    // a fault here, or of this device's disk, is told and no end: the page asks again
    if (!(error instanceof link.Before || error instanceof link.Locked || error instanceof link.Away || error instanceof link.Wrong)) reportError(error);
  }

  /** @param {any} record */
  #record(record) {
    this.entries.heard(record);
    if (this.state.closed || [record, ...(record.changes || [])].some((r) => ROOM.test(r.kind))) this.#refresh();
    this.changed();
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
      // what has changed must not stay unknown: the connection is begun anew, and asks until it is told
      if (asked === this.asked) this.listening?.abort();
    }
  }

  /** Back in front: look at the clock and at the link. */
  wake() {
    if (this.link === "live") this.#refresh();
    else this.poke();
  }
}

/** A place among the tabs that are told; what is returned gives it back. @returns {Promise<(() => void) | null>} */
async function place() {
  if (!navigator.locks) return () => undefined;
  for (let n = 0; n < TOLD; n++) {
    const found = await new Promise((resolve) => {
      navigator.locks.request(`tkcore.told.${n}`, { ifAvailable: true }, (lock) => (lock ? new Promise((free) => resolve(() => free(undefined))) : resolve(null)));
    });
    if (found) return found;
  }
  return null;
}

/** The chairs in their order, each with who sits on it, and one more. @param {any[]} seats @returns {[number, string][]} */
function places(seats) {
  const most = Math.max(0, ...seats.map((s) => s.place || 0));
  return Array.from({ length: most + 1 }, (_, i) => [i + 1, seats.find((s) => s.place === i + 1)?.seat || ""]);
}
