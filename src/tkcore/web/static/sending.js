/** What waits goes to the server: in its order, one page of this browser at a time, and leaves the queue once answered. */

import * as link from "./link.js";
import { spoken, t } from "./words.js";

const AT_ONCE = 100;
/** Takes back the last entry, whichever that is. */
const LAST = "~";

export class Sending {
  /** @param {import("./capture.js").Capture} capture */
  constructor(capture) {
    this.capture = capture;
    /** @type {Promise<boolean> | null} */
    this.draining = null;
    this.more = false;
  }

  /** Send what waits, in its order, one page at a time. @returns {Promise<boolean>} whether the way was open */
  async drain() {
    this.more = true;
    if (!this.capture.state) return true;
    this.draining ??= this.#whole();
    return this.draining;
  }

  async #whole() {
    try {
      while (this.more) {
        this.more = false;
        await alone(() => this.#drain());
      }
      return true;
    } catch (error) {
      this.capture.lost(error);
      return false;
    } finally {
      this.draining = null;
      this.capture.changed();
    }
  }

  async #drain() {
    for (;;) {
      const { session, observer } = this.capture.state;
      const { items, foreign } = await this.capture.waiting.all();
      this.capture.foreign = foreign;
      if (!items.length) return;
      const { batch, dead } = this.#batch(items);
      if (dead.length) await this.capture.queue.drop(dead);
      if (!batch.length) {
        if (dead.length) continue;
        return;
      }
      const sent = batch.map(({ item, line }) => ({ ...line, made: item.more?.made }));
      let answers;
      try {
        const said = await link.entries({ session, observer, language: spoken(), entries: sent });
        answers = said.answers;
        if (said.now !== undefined) this.capture.clock.adjust(said.now);
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
    const waiting = new Set(items.map((item) => item.id));
    for (const item of items) {
      if (batch.length >= AT_ONCE || going.has(item.after)) break;
      // what this device's disk has refused stands behind what is about it
      if (waiting.has(item.after)) continue;
      const known = this.capture.entries.byId.get(item.after);
      const line = item.after && known?.state === "refused" ? null : numbered(item, known);
      if (line === null) {
        const own = this.capture.entries.byId.get(item.id);
        if (own) this.capture.entries.refuse(own, t("what it is about is not stored"));
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
      this.capture.hear(answer);
      done.push(item);
      if (answer.error) gone.push(item.id);
    }
    // what refers to a refused entry goes with it
    const dead = [];
    for (const item of items) {
      if (!item.after || !gone.includes(item.after)) continue;
      gone.push(item.id);
      dead.push(item);
      const own = this.capture.entries.byId.get(item.id);
      if (own) this.capture.entries.refuse(own, t("what it is about is not stored"));
    }
    await this.capture.queue.drop([...done, ...dead]);
    this.capture.channel.postMessage({ answers: answers.slice(0, done.length) });
    this.capture.changed();
    return done.length;
  }
}

/**
 * Put beside an entry that is about another the number of that one's record; null: nobody knows it.
 * @param {any} item @param {import("./entries.js").Entry | undefined} about
 */
function numbered({ id, sealed, after, nth, more }, about) {
  if (!after) return { id, sealed };
  // it was stored before this page's time: then it is the last one
  if (!about || about.seq < 0) return more.back && !more.redo && !more.one ? { id, line: LAST, at: null } : null;
  // a pause that a turn has ended stands before it
  const before = nth === undefined ? 0 : Math.max(0, about.count - about.line.split(" ").length);
  return { id, sealed, seq: about.seq + before + (nth || 0) };
}

/** Let one page of this browser send at a time, so that the order of the queue is kept. @param {() => Promise<void>} work */
function alone(work) {
  return navigator.locks ? navigator.locks.request("tkcore.drain", work) : work();
}
