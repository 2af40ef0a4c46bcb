/** The strip below: time, silence, phase, link, the last entries. */

import { label as aloud, set, text } from "./circle.js";
import { clockText, lengthText } from "./clock.js";
import { label, t } from "./words.js";

const LAST = 3;
const MARKS = [10_000, 30_000, 60_000];
const SHOWN = 3000;
const MINUTE = 60_000;

export class Strip {
  /** @param {import("./capture.js").Capture} capture */
  constructor(capture) {
    this.capture = capture;
    this.said = "";
    this.spoken = -Infinity;
    const list = part("last");
    this.rows = Array.from({ length: LAST }, () => {
      const row = document.createElement("li");
      const [time, what, state] = ["time", "span", "em"].map((name) => document.createElement(name));
      row.append(time, what, state);
      return { row, time, what, state };
    });
    list.append(...this.rows.map(({ row }) => row));
  }

  /** What moves by itself. */
  tick() {
    const { capture } = this;
    const now = capture.clock.now();
    text(part("clock"), clockText(now));
    const since = capture.state.paused ? null : capture.silentSince();
    const silent = since === null ? 0 : Math.max(0, now - since);
    const shown = silent >= SHOWN;
    text(part("silence"), shown ? t("silence {length}", { length: lengthText(silent) }) : "");
    part("silence").dataset.mark = String(MARKS.filter((mark) => silent >= mark).length);
    const lately = capture.entries.list.filter((e) => e.own && !e.back && !e.undone && e.state !== "refused" && now - e.at < MINUTE);
    text(part("rate"), t("{count}/min", { count: lately.length }));
    this.#aloud();
  }

  render() {
    const { capture } = this;
    this.tick();
    const phase = capture.book.phases.find((/** @type {any} */ p) => p.id === capture.phase());
    text(part("phase-now"), phase ? label(phase.label) : t("no phase yet"));
    const waiting = capture.entries.waiting();
    const link = part("link");
    link.dataset.link = capture.state.closed ? "closed" : capture.link;
    link.dataset.waiting = String(waiting);
    text(link, this.#link(waiting));
    const shown = capture.entries.shown(LAST).reverse();
    for (const [i, { row, time, what, state }] of this.rows.entries()) {
      const entry = shown[i];
      row.hidden = !entry;
      if (!entry) continue;
      row.dataset.state = entry.state;
      row.dataset.line = entry.line;
      set(row, "undone", entry.undone);
      text(time, clockText(entry.at));
      text(what, capture.book.say(entry.line));
      const said = { noted: t("noted"), stored: t("on disk"), refused: t("refused") }[entry.state];
      text(state, entry.undone ? t("taken back") : said);
      if (entry.state === "refused") text(what, `${capture.book.say(entry.line)} (${entry.reason})`);
    }
    text(part("hint"), this.#hint());
  }

  /** @param {number} waiting */
  #link(waiting) {
    const { capture } = this;
    if (capture.state.closed) return t("the session is closed");
    if (capture.link === "locked") return t("a new link is needed: {count} kept here", { count: waiting });
    if (capture.link === "away") return t("no connection: {count} kept here", { count: waiting });
    return waiting ? t("connected: {count} on the way", { count: waiting }) : t("connected");
  }

  #hint() {
    const { capture } = this;
    if (capture.hint) return capture.hint;
    if (capture.state.paused) return t("recording is stopped: hc goes on");
    if (capture.foreign) return t("{count} taps of another session or observer wait here", { count: capture.foreign });
    if (!capture.queue.durable) return t("this browser keeps nothing: do not close the page");
    if (capture.taps.quick) return t("quick mode: one tap a turn");
    return "";
  }

  /** Say the last entry to a screen reader, once a second at most. */
  #aloud() {
    const last = this.capture.entries.shown(1)[0];
    if (!last) return;
    const said = `${this.capture.book.say(last.line)}${last.undone ? `, ${t("taken back")}` : ""}`;
    if (said === this.said || performance.now() - this.spoken < 1000) return;
    this.said = said;
    this.spoken = performance.now();
    text(part("aloud"), said);
  }

  /** The labels of what stands. */
  name() {
    aloud(part("phase-before"), t("phase before"));
    aloud(part("phase-after"), t("next phase"));
    aloud(part("last"), t("the last entries"));
    text(part("undo"), `⌫ ${t("undo")}`);
  }
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
