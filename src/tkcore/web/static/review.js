/**
 * The minutes after the group: what the server found in the log is asked one by one, one key each. An answer is an entry
 * like any other, made in the review; to leave a thing as it is stores nothing, and only this device remembers that.
 */

import { clockText, lengthText } from "./clock.js";
import { UNDO } from "./correcting.js";
import * as link from "./link.js";
import { press } from "./press.js";
import { label, spoken, t, timed } from "./words.js";

/** What of each session was left as it is on this device, and how many were answered. */
const KEPT = "tkcore.reviewed.";
/** Codes that say what was to be seen at a moment. */
const PICKED = /^(intervention\.made|conflict\.arisen|resistance\.shown|factor\.shown|mark\.made|contract\.opened)$/;
/** @type {[string, string, string][]} kind, title, question */
const KINDS = [
  ["safety", "safety", "Not reported yet. Was it told to the staff on duty?"],
  ["star", "star", "What was to be seen here? Choose a family and its code, or:"],
  ["kind", "kind left open", "Which kind was it?"],
  ["gap", "long silence", "Was this silence resistance?"],
  ["unattended", "long turn", "Nothing was entered for so long. Did this turn go on?"],
  ["late", "pressed early in a turn", "Does it belong to this turn?"],
  ["contract", "open contract", "How did this contract end?"],
  ["conflict", "open conflict", "How did this conflict end?"],
  ["activity", "open activity", "Did this activity end with the session?"],
  ["detail", "detail", "Choose what fits:"],
];
/** @type {[string, string][]} */
const CHOICES = [
  ["unreported", "not yet"],
  ["reported", "reported"],
  ["keep", "keep the star"],
  ["unstar", "take the star away"],
  ["leave", "leave it open"],
  ["open", "it stays open"],
  ["goes_on", "no, leave it open"],
  ["ended", "yes, it ended"],
  ["not_judged", "not judged"],
  ["attended", "yes, it went on"],
  ["nobody_recorded", "no, nobody recorded"],
  ["right", "yes, this turn"],
  ["turn_before", "no, the turn before"],
  ["take_back", "no, take it back"],
];

/** @type {Review | null} */
let review = null;

/**
 * Open the review, where it was left. @param {import("./capture.js").Capture} capture
 * @param {boolean} [offered] nobody asked for it: then it comes only if there is something to look at
 */
export async function open(capture, offered = false) {
  review ||= new Review(capture);
  await review.open(offered);
}

class Review {
  /** @param {import("./capture.js").Capture} capture */
  constructor(capture) {
    this.capture = capture;
    this.shown = false;
    this.details = false;
    this.away = false;
    /** @type {any[]} */
    this.asked = [];
    /** @type {Map<string, string>} what became of each here: answered, left, skipped */
    this.fate = new Map();
    /** @type {{id: string, entries: string[]}[]} */
    this.done = [];
    /** @type {any} the family whose codes are to be seen */
    this.family = null;
    /** @type {Element | null} */
    this.before = null;
    this.closed = false;
    this.speaks = "";
    /** @type {HTMLElement | null} */
    this.said = null;
    /** How many answers are to be added to those kept. */
    this.step = 0;
    /** @type {Map<string, () => void>} */
    this.keys = new Map();
    this.place = make("section", { id: "review", role: "main", tabIndex: -1 });
    this.place.hidden = true;
    document.body.insertBefore(this.place, document.getElementById("guide"));
    document.addEventListener("keydown", (event) => this.#key(event), true);
    capture.addEventListener("change", () => this.shown && this.#changed());
  }

  /** @param {boolean} offered */
  async open(offered) {
    await style();
    await this.#ask();
    if (offered && !this.asked.length) return;
    this.shown = true;
    this.place.hidden = false;
    document.documentElement.dataset.reviewing = "";
    this.render();
    this.before = document.activeElement;
    this.place.focus({ preventScroll: true });
  }

  close() {
    this.shown = false;
    this.place.hidden = true;
    this.family = null;
    delete document.documentElement.dataset.reviewing;
    // whoever came by a finger or by its key has no focus to go back to
    if (this.before instanceof HTMLButtonElement) this.before.focus({ preventScroll: true });
    else this.place.blur();
  }

  /** Fetch what is left, once what was answered here has arrived. */
  async #ask() {
    this.details = false;
    for (const [id, fate] of this.fate) if (fate === "skipped") this.fate.delete(id);
    await this.#fetch();
  }

  async #fetch() {
    this.away = false;
    try {
      await this.capture.sending.drain();
      const found = await link.review();
      this.asked = found.items;
      this.closed = found.closed;
    } catch {
      this.away = true;
    }
    const kept = this.#kept();
    for (const id of kept.left) if (!this.fate.has(id)) this.fate.set(id, "left");
  }

  // -- what is left --

  get key() {
    return KEPT + this.capture.state.session;
  }

  /** @returns {{left: string[], answered: number}} */
  #kept() {
    try {
      return { left: [], answered: 0, ...JSON.parse(localStorage.getItem(this.key) || "{}") };
    } catch {
      return { left: [], answered: 0 };
    }
  }

  #keep() {
    const left = [...this.fate].filter(([, fate]) => fate === "left").map(([id]) => id);
    const before = this.#kept();
    try {
      localStorage.setItem(this.key, JSON.stringify({ left, answered: before.answered + this.step }));
    } catch {
      // then it is asked again
    }
    this.step = 0;
  }

  items() {
    return this.asked.filter(({ item }) => (item.kind === "detail") === this.details);
  }

  current() {
    return this.items().find(({ item }) => !this.fate.has(item.id));
  }

  /** @param {any} item @param {string} fate @param {string[]} [entries] */
  #settle(item, fate, entries = []) {
    this.fate.set(item.id, fate);
    this.done.push({ id: item.id, entries });
    if (fate === "answered") this.step = 1;
    if (fate !== "skipped") this.#keep();
    this.family = null;
    this.render();
  }

  /** @param {any} item @param {any} choice */
  choose(item, choice) {
    const entries = choice.says.map((/** @type {any} */ { line, at }) => this.capture.enqueue(line, at, { made: "review" }));
    this.#settle(item, entries.length ? "answered" : "left", entries);
    this.capture.changed();
  }

  /** @param {any} item @param {any} code */
  pick(item, code) {
    const line = item.pick.line.replace("{code}", code.key);
    this.choose(item, { says: [{ line, at: item.pick.at }] });
  }

  skip() {
    const now = this.current();
    if (now) this.#settle(now.item, "skipped");
  }

  /** Take back the last answer, or come back to what was left or skipped. */
  back() {
    const last = this.done.pop();
    if (!last) return;
    for (const id of [...last.entries].reverse()) {
      const entry = this.capture.entries.byId.get(id);
      if (!entry || entry.state === "refused") continue;
      entry.undone = true;
      this.capture.enqueue(UNDO, null, { back: id });
    }
    if (this.fate.get(last.id) === "answered") this.step = -1;
    this.fate.delete(last.id);
    this.details = last.id.startsWith("detail:");
    this.family = null;
    this.#keep();
    this.render();
    this.capture.changed();
  }

  /** What the server refuses is asked again. */
  #changed() {
    if (this.away && this.capture.link === "live") {
      this.away = false;
      this.#fetch().then(() => this.render());
      return;
    }
    for (const { id, entries } of this.done) {
      const refused = entries.some((one) => this.capture.entries.byId.get(one)?.state === "refused");
      if (!refused || this.fate.get(id) !== "answered") continue;
      this.fate.delete(id);
      this.done = this.done.filter((one) => one.id !== id);
      this.step = -1;
      this.#keep();
      this.render();
    }
    if (this.speaks !== spoken()) this.render();
    this.#state();
  }

  // -- the screen --

  render() {
    if (!this.shown) return;
    const now = this.current();
    this.speaks = spoken();
    this.keys = new Map();
    this.said = document.createElement("p");
    this.place.setAttribute("aria-label", t("review"));
    const top = make("header", {}, make("h2", {}, t("review")), this.#count(now), this.#button("Esc", this.closed ? t("close the review") : t("back to recording"), "Escape", () => this.close()));
    this.place.replaceChildren(top, ...(now ? this.#question(now) : this.#end()), this.#below(now));
    this.#state();
  }

  /** @param {any} now */
  #count(now) {
    const items = this.items();
    const answered = this.details ? 0 : this.#kept().answered;
    const here = items.filter(({ item }) => this.fate.get(item.id) === "answered").length;
    const before = Math.max(0, answered - here);
    const gone = items.filter(({ item }) => this.fate.has(item.id)).length;
    const text = now ? t("{number} of {count}", { number: before + gone + 1, count: before + items.length }) : "";
    return make("p", { id: "review-count" }, text);
  }

  /** @param {any} now */
  #question(now) {
    const { item, near, text } = now;
    const [, title, question] = KINDS.find(([kind]) => kind === item.kind) || ["", item.kind, ""];
    const length = item.until === null ? "" : ` · ${timed(lengthText(item.until - item.ts))}`;
    const head = make("h3", { id: "review-what" }, `${timed(clockText(item.ts))} · ${t(title)}${length}`);
    const what = text && item.kind !== "star" ? make("p", { className: "about" }, this.#say(text)) : "";
    const asks = make("p", {}, item.label ? `${label(item.label)}:` : t(question));
    const said = make("div", { className: "asks" }, head, what, asks);
    said.setAttribute("aria-live", "polite");
    const parts = [said, this.#near(item, near), make("div", { className: "choices" }, ...item.choices.map((/** @type {any} */ c) => this.#choice(item, c)))];
    return item.pick ? [...parts, this.#families(item)] : parts;
  }

  /** @param {any} item @param {any} choice */
  #choice(item, choice) {
    const words = choice.seat
      ? t("{seat} was silent", { seat: choice.seat })
      : choice.label
        ? this.#words({ ...choice, key: choice.key })
        : t((CHOICES.find(([what]) => what === choice.what) || ["", choice.what])[1]);
    return this.#button(choice.key, words, choice.key, () => this.choose(item, choice));
  }

  /** In the room a discreet code is two letters. @param {any} code */
  #words(code) {
    return code.discreet && !this.closed ? code.key : label(code.label);
  }

  /** @param {string} line */
  #say(line) {
    const book = Object.create(this.capture.book);
    book.shown = (/** @type {any} */ code) => this.#words(code);
    return book.say(line);
  }

  /** @param {any} item @param {any[]} near */
  #near(item, near) {
    const rows = near.map(({ seq, ts, text }) => ({ seq, ts, text: this.#say(text), here: false }));
    const mark = item.seq === null ? "…" : this.#say(this.current().text);
    rows.push({ seq: item.seq ?? Infinity, ts: item.ts, text: mark, here: true });
    rows.sort((a, b) => a.ts - b.ts || a.seq - b.seq);
    const list = make("ol", { className: "near" });
    list.setAttribute("aria-label", t("around it"));
    for (const row of rows) {
      const time = make("time", {}, timed(clockText(row.ts)));
      const one = make("li", {}, time, row.text);
      if (row.here) one.dataset.here = "";
      list.append(one);
    }
    return list;
  }

  /** @param {any} item */
  #families(item) {
    const { book } = this.capture;
    const place = make("div", { className: "pick" });
    if (this.family) {
      for (const code of book.of(this.family).filter((/** @type {any} */ c) => PICKED.test(c.event)))
        place.append(this.#button(code.key, this.#words(code), code.key[1], () => this.pick(item, code)));
      return place;
    }
    for (const family of book.rows().flat()) {
      if (!book.of(family).some((/** @type {any} */ c) => PICKED.test(c.event))) continue;
      const open = () => {
        this.family = family;
        this.render();
      };
      place.append(this.#button(family.key, label(family.label), family.key, open));
    }
    return place;
  }

  #end() {
    const skipped = this.items().filter(({ item }) => this.fate.get(item.id) === "skipped");
    const more = this.asked.filter(({ item }) => item.kind === "detail" && !this.fate.has(item.id)).length;
    const parts = [];
    if (this.away) parts.push(make("p", {}, t("no connection: the review comes when it is back")));
    else if (skipped.length) parts.push(make("p", {}, t("{count} skipped: they are asked again next time", { count: skipped.length })));
    else parts.push(make("p", {}, t("Everything has been looked at.")));
    const choices = make("div", { className: "choices" });
    if (skipped.length) choices.append(this.#button("1", t("look at the skipped ones"), "1", () => {
      for (const { item } of skipped) this.fate.delete(item.id);
      this.render();
    }));
    if (more && !this.details) choices.append(this.#button("2", t("{count} details, if there is time", { count: more }), "2", () => {
      this.details = true;
      // what was answered has changed what may be asked
      this.#fetch().then(() => this.render());
    }));
    return [...parts, choices];
  }

  /** @param {any} now */
  #below(now) {
    const below = make("footer", {});
    if (now) below.append(this.#button("→", t("skip"), "ArrowRight", () => this.skip()));
    if (this.done.length) below.append(this.#button("⌫", t("undo"), "Backspace", () => this.back()));
    if (now) below.append(this.#button("Esc", t("skip all"), "Escape", () => this.close()));
    if (this.said) below.append(this.said);
    return below;
  }

  /** What is on its way, as the strip says it while the session is open. */
  #state() {
    const count = this.capture.entries.waiting();
    if (!this.said) return;
    if (!count && this.capture.link === "live") this.said.textContent = t("connected");
    else if (this.capture.link === "live") this.said.textContent = t("connected: {count} on the way", { count });
    else this.said.textContent = t("no connection: {count} kept here", { count });
  }

  /** @param {string} sign @param {string} words @param {string} key @param {() => void} act */
  #button(sign, words, key, act) {
    const button = make("button", { type: "button" }, make("kbd", {}, sign), make("span", {}, words));
    button.dataset.key = key;
    this.keys.set(key, act);
    press(button, { act: () => act(), now: () => 0 });
    return button;
  }

  // -- keys --

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.shown || document.getElementById("veil")?.hidden === false) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.code === "Tab" || event.code === "Backquote") return;
    // nothing of this is for the recording behind
    event.stopPropagation();
    const on = document.activeElement;
    const focused = on instanceof HTMLButtonElement;
    if (focused && (event.code === "Enter" || event.code === "Space")) return;
    if (localStorage.getItem("tkcore.keys") === "off" && event.code !== "Escape") return;
    if (event.code === "Escape" && this.family) {
      this.family = null;
      event.preventDefault();
      return this.render();
    }
    const name = /^(?:Digit|Numpad|Key)(\w)$/.exec(event.code)?.[1].toLowerCase() || event.code;
    const act = this.keys.get(name === "Enter" || name === "NumpadEnter" ? "1" : name);
    if (!act) return;
    event.preventDefault();
    if (!event.repeat) act();
  }
}

/** @param {string} name @param {Record<string, any>} props @param {...(Node | string)} inside */
function make(name, props, ...inside) {
  const made = Object.assign(document.createElement(name), props);
  made.append(...inside);
  return made;
}

/** The style comes with the first opening. */
function style() {
  if (document.getElementById("review-style")) return Promise.resolve();
  return new Promise((resolve) => {
    const sheet = make("link", { id: "review-style", rel: "stylesheet", href: "/static/review.css" });
    sheet.onload = sheet.onerror = () => resolve(undefined);
    document.head.append(sheet);
  });
}
