/** The strip below: time, silence, phase, link, the last entries. */

import { label as aloud, set, text } from "./circle.js";
import { clockText, lengthText } from "./clock.js";
import { press } from "./press.js";
import { label, t, timed } from "./words.js";

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
    /** The entry that is held: a discreet code shows its words. @type {any} */
    this.held = null;
    const list = part("last");
    this.rows = Array.from({ length: LAST }, () => {
      const row = document.createElement("li");
      const [time, what, state] = ["time", "span", "em"].map((name) => document.createElement(name));
      const [touch, less, more] = ["touch", "less", "more"].map((name) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = name;
        return button;
      });
      const one = { row, time, what, state, touch, less, more, entry: /** @type {any} */ (null) };
      const now = () => capture.clock.tap();
      const of = () => one.entry;
      const worded = (/** @type {any} */ entry) => {
        const { book } = this.capture;
        if (entry && book.say(entry.line) === book.say(entry.line, true)) return false;
        this.held = entry;
        this.render();
        return true;
      };
      press(touch, { act: (_, entry) => capture.correct.choose(entry), now, of, hold: worded, release: () => worded(null) });
      press(less, { act: (_, entry) => capture.correct.level(-1, entry), now, of });
      press(more, { act: (_, entry) => capture.correct.level(1, entry), now, of });
      text(less, "−");
      text(more, "+");
      touch.append(time, what, state);
      row.append(touch, less, more);
      return one;
    });
    list.append(...this.rows.map(({ row }) => row));
  }

  /** What moves by itself. */
  tick() {
    const { capture } = this;
    const now = capture.clock.now();
    text(part("clock"), timed(clockText(now)));
    const since = capture.paused() ? null : capture.silentSince();
    const silent = since === null ? 0 : Math.max(0, now - since);
    const shown = silent >= SHOWN;
    text(part("silence"), shown ? t("silence {length}", { length: timed(lengthText(silent)) }) : "");
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
    const shown = this.#entries();
    const coded = shown.find((e) => changes(e) && e.line.split(" ").some((token) => capture.book.isCode(token)));
    for (const [i, one] of this.rows.entries()) {
      const { row, time, what, state, touch, less, more } = one;
      const entry = (one.entry = shown[i] || null);
      row.hidden = !entry;
      if (!entry) continue;
      less.hidden = more.hidden = entry !== coded;
      aloud(less, t("level down"));
      aloud(more, t("level up"));
      touch.disabled = !entry.own;
      touch.setAttribute("aria-pressed", String(capture.correct.touched === entry));
      set(row, "cursor", capture.taps.cursor === entry);
      row.dataset.state = entry.state;
      row.dataset.line = entry.line;
      set(row, "undone", entry.undone);
      text(time, timed(clockText(entry.at)));
      const words = capture.book.say(entry.line, this.held === entry);
      text(what, words);
      const said = { noted: t("noted"), stored: t("on disk"), refused: t("refused") }[entry.state];
      text(state, entry.undone ? t("taken back") : said);
      if (entry.state === "refused") text(what, `${words} (${entry.reason})`);
    }
    text(part("hint"), this.#hint());
  }

  /** The last ones; among them one that was refused and not looked at, the touched one, the turn that codes stand on. */
  #entries() {
    const { capture } = this;
    const shown = capture.entries.shown(LAST).reverse();
    for (const entry of [capture.entries.refused()[0], capture.correct.touched, capture.taps.cursor])
      if (entry && !shown.includes(entry)) shown[LAST - 1] = entry;
    return shown;
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
    const owed = capture.unreported();
    if (owed && capture.ending) return owed;
    if (capture.taps.ago) return t("the next turn was {count} s ago", { count: capture.taps.ago.ms / 1000 });
    if (capture.hint) return capture.hint;
    if (owed && capture.state.closed) return owed;
    if (capture.paused()) return t("recording is stopped: hc goes on");
    if (capture.foreign) return t("{count} taps of another session or observer wait here", { count: capture.foreign });
    const refused = capture.entries.refused();
    if (refused.length) return t("{count} not stored: touch it below", { count: refused.length });
    if (capture.focusing && document.activeElement?.matches("button, a, input")) return t("Tab: Enter and Space press what is marked; Esc: they record again");
    if (!capture.queue.durable) return t("this browser keeps nothing: do not close the page");
    if (capture.taps.quick) return t("quick mode: one tap a turn");
    if (capture.hurried()) return t("too fast for two taps? c: one tap a turn");
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

/** Whether who is here can change an entry. @param {import("./entries.js").Entry} e */
function changes(e) {
  return e.own && !e.undone && e.state !== "refused";
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
