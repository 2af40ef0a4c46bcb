/** What the tiles offer instead of codes for a while: what can be done with an entry, a seat, a leaving, and what is rarer. */

import { SCOPES } from "./book.js";
import { keys } from "./keys.js";
import { label, t } from "./words.js";

/** For so long a reason can be added; nothing waits for it. */
const ADDED = 4000;
/** So far back a request not to be recorded reaches. */
const FORGET = 120_000;
/** What is explained to everybody: that it is recorded, that it stays here. */
const EXPLAINED = ["ai", "ar"];
/** As `room.py` has them. @type {[string, string][]} */
const LEAVINGS = [
  ["short", "for a short time"],
  ["excused", "excused"],
  ["escorted", "escorted"],
  ["asked", "asked to go out"],
  ["own_accord", "of their own accord"],
  ["unknown", "reason unknown"],
];
/** @type {[string, string][]} */
const ROLES = [
  ["member", "member"],
  ["visitor", "visitor"],
  ["staff", "staff"],
  ["volunteer", "volunteer"],
];
/** @type {[string, string][]} */
const PAUSES = [
  ["break", "a break"],
  ["escort", "somebody is escorted"],
  ["incident", "an incident"],
  ["technical", "technical trouble"],
  ["request", "somebody asks for it"],
];

/** What has no button of its own. @type {[string, string][]} */
const RARER = [
  ["find", "search a code"],
  ["again", "the last code again"],
  ["cursor-before", "codes on the turn before"],
  ["cursor-after", "codes on the turn after"],
  ["target", "target of the last code"],
  ["too", "one more receiver"],
  ["earlier", "2 s earlier"],
  ["exchange", "seats exchanged"],
  ["redo", "bring back"],
  ["others", "codes of other codebooks"],
  ["ago", "the next turn was earlier"],
];
/** So long a seat is waited for whose turn was earlier. */
const CHOSEN = 15_000;
/** @type {number[]} seconds */
const AGO = [10, 20, 30, 60];

export class Offers {
  /** @param {import("./capture.js").Capture} capture */
  constructor(capture) {
    this.capture = capture;
    /** What the keys do, for the rarer of them. @type {(act: string) => void} */
    this.does = () => {};
    /** @type {() => void} */
    this.favour = () => {};
  }

  /** @param {string} title @param {() => import("./taps.js").Choice[]} choices @param {number} [due] */
  show(title, choices, due = Infinity) {
    this.capture.taps.settle();
    this.capture.taps.offer = { title, choices, due };
    this.capture.alarm();
    this.capture.changed();
  }

  /** @param {string} title @param {[string, string][]} list @param {(word: string) => void} take */
  #list(title, list, take) {
    const choices = () => list.map(([word, words]) => ({ words: t(words), act: () => take(word) }));
    const { taps, clock } = this.capture;
    taps.offer = { title, choices, due: clock.now() + ADDED };
  }

  /** What can be added to what was just stored. @param {string} id @param {any} code */
  after(id, code) {
    const { entries, correct } = this.capture;
    const entry = entries.byId.get(id);
    if (!entry) return;
    const [, seat] = /^\+?([A-Z]\d{0,2})/.exec(entry.line) || [];
    const amend = (/** @type {string} */ line) => {
      this.capture.taps.offer = null;
      correct.replace(entry, line);
    };
    if (code.key === "hh" && entry.line.includes("!"))
      this.#list("why?", LEAVINGS, (word) => {
        amend(`-${seat}:${word}`);
        if (word === "escorted") this.#along(entry, seat);
      });
    else if (code.event === "seat.left" && code.values.escort) this.#along(entry, seat);
    else if (code.event === "seat.arrived") this.#explain();
    else if (code.event === "seat.added")
      this.#list("who is it?", ROLES, (word) => {
        amend(`+${seat}:${word}`);
        this.#explain();
      });
    else if (code.event === "capture.paused" && this.capture.paused())
      this.#list("why?", PAUSES, (word) => {
        amend(`||${word}`);
        if (word === "request") this.#forget(entry);
      });
  }

  /** Who comes later has not heard what was said at the beginning: that it is recorded, and what is kept secret. */
  #explain(left = EXPLAINED) {
    const { capture } = this;
    const codes = left.map((key) => capture.book.byKey.get(key)).filter(Boolean);
    if (!codes.length) return;
    const act = (/** @type {any} */ code, /** @type {number} */ at) => {
      capture.tap((taps) => taps.code(code, at), at);
      this.#explain(left.filter((key) => key !== code.key));
    };
    const choices = () => codes.map((code) => ({ words: label(code.label), sign: code.key, act: (/** @type {number} */ at) => act(code, at) }));
    capture.taps.offer = { title: "explained to them too?", choices, due: capture.clock.now() + ADDED };
    capture.changed();
  }

  /** Somebody asks that it is not recorded: what was marked just before is taken back. @param {import("./entries.js").Entry} pause */
  #forget(pause) {
    const { entries, correct } = this.capture;
    const marks = entries.list.filter(
      (e) => e !== pause && e.own && e.state !== "refused" && !e.undone && !e.back && !e.fixes && e.at >= pause.at - FORGET && this.capture.book.isMark(e.line),
    );
    // codes before the turn they stand on: it would take them along
    for (const entry of marks.toReversed()) correct.undo(entry);
    this.capture.say("what was marked in the last two minutes is taken back: {count}", { count: String(marks.length) });
  }

  /** Who of those who lead or help goes along with a seat. @param {import("./entries.js").Entry} entry @param {string} seat */
  #along(entry, seat) {
    const { capture } = this;
    const found = capture.seats().filter((s) => s.inside && s.role !== "member" && s.seat !== seat);
    const code = capture.book.codes.find((/** @type {any} */ c) => c.event === "seat.left" && c.values.escort);
    if (!found.length || !code) return;
    const go = (/** @type {string} */ who) => {
      capture.taps.offer = null;
      capture.correct.replace(entry, `${seat}!${code.key}=${who}`);
    };
    const choices = () => found.map((s) => ({ words: t("seat {seat}", s), sign: s.seat, act: () => go(s.seat) }));
    capture.taps.offer = { title: "who goes along?", choices, due: capture.clock.now() + ADDED };
  }

  /** A seat that is held. @param {string} seat */
  ofSeat(seat) {
    const { capture } = this;
    const sits = capture.seats().find((s) => s.seat === seat);
    const send = (/** @type {string} */ line, /** @type {number} */ at) => {
      capture.taps.offer = null;
      const entry = capture.entries.byId.get(capture.enqueue(line, at, {}));
      if (entry && line.endsWith(":escorted")) this.#along(entry, seat);
      capture.alarm();
      capture.changed();
    };
    const place = capture.book.codes.find((/** @type {any} */ c) => c.event === "place.changed");
    const moves = { words: t("changes chair"), sign: place?.key, act: () => capture.tap((taps) => taps.place(place, seat)) };
    const about = { words: t("note on {seat}", { seat }), sign: keys.shown("note"), act: () => this.note(seat) };
    const sign = { words: t("a sign for {seat}", { seat }), act: () => this.sign(seat) };
    const order = ["full", "floor_only", "none"];
    const narrower = order.slice(order.indexOf(sits?.scope || "full") + 1).map((scope) => ({ words: t(SCOPES[scope]), act: (/** @type {number} */ at) => send(`+${seat}:${scope}`, at) }));
    const choices = () =>
      sits?.inside
        ? [...narrower, ...LEAVINGS.map(([word, words]) => ({ words: `${t("goes out")}: ${t(words)}`, act: (/** @type {number} */ at) => send(`-${seat}:${word}`, at) })), moves, about, sign]
        : [{ words: t("comes in"), act: (/** @type {number} */ at) => (send(`+${seat}`, at), this.#explain()) }, about];
    this.show(t("seat {seat}", { seat }), choices);
  }

  /** @type {(seat: string) => void} */
  note = () => {};
  /** @type {(seat: string) => void} */
  sign = () => {};

  /** A turn that was missed is tapped now, at its own time. */
  ago() {
    const { capture } = this;
    const act = (/** @type {number} */ seconds) => {
      capture.taps.offer = null;
      capture.taps.ago = { ms: seconds * 1000, due: capture.clock.now() + CHOSEN };
      capture.changed();
    };
    this.show("the next turn was earlier", () => AGO.map((seconds) => ({ sign: `−${seconds} s`, words: "", act: () => act(seconds) })));
  }

  /** What has no button of its own, by its keys. */
  more() {
    const { capture } = this;
    const code = (/** @type {string} */ event) => capture.book.codes.filter((/** @type {any} */ c) => c.event === event);
    const choices = () => [
      ...RARER.map(([act, words]) => ({
        words: t(words),
        sign: keys.shown(act),
        act: () => {
          capture.taps.offer = null;
          this.does(act);
        },
      })),
      ...["seat.left", "seat.arrived", "seat.added", "place.changed"].flatMap((event) =>
        code(event).slice(0, 1).map((/** @type {any} */ c) => ({
          words: label(c.label),
          sign: c.key,
          act: (/** @type {number} */ at) => capture.tap((taps) => taps.code(c, at), at),
        })),
      ),
      { words: t("own favourites"), act: () => this.favour() },
    ];
    if (capture.taps.offer?.title === "more") {
      capture.taps.disarm();
      capture.changed();
    } else this.show("more", choices);
  }

  /** One of the last entries, touched. @param {import("./entries.js").Entry} entry */
  ofEntry(entry) {
    const { capture } = this;
    const { correct } = capture;
    this.show(capture.book.say(entry.line), () => {
      if (entry.undone) return [{ words: t("bring back"), act: () => correct.back(entry) }];
      const tokens = entry.line.split(" ");
      const turn = tokens.findIndex((token) => /^[A-Z0-9]+>/.test(token));
      const code = tokens.findIndex((token) => capture.book.isCode(token));
      /** @type {[boolean, string, string, (at: number) => void][]} */
      const all = [
        [true, "undo", t("take this back"), () => correct.undo(entry)],
        [!/^[+\-|~#]/.test(entry.line), "earlier", t("2 s earlier"), () => correct.earlier(entry)],
        [turn >= 0, "", t("another speaks"), () => correct.ask(entry, turn, "from")],
        [turn >= 0, "", t("to somebody else"), () => correct.ask(entry, turn, "to")],
        [turn >= 0 && />[A-Z]/.test(tokens[turn] || ""), "too", t("one more receiver"), () => correct.too(entry)],
        [code >= 0, "", t("another does it"), () => correct.ask(entry, code, "author")],
        [code >= 0, "target", t("target of the code"), () => correct.ask(entry, code, "target")],
        [code >= 0, "more", t("level up"), () => correct.level(1, entry)],
        [code >= 0, "less", t("level down"), () => correct.level(-1, entry)],
        [turn >= 0, "cursor-before", t("codes on this turn"), () => correct.stand(entry)],
        [true, "star", t("star"), () => correct.star(entry)],
      ];
      return all.filter(([fits]) => fits).map(([, act, words, does]) => ({ sign: act && keys.shown(act), words, act: does }));
    });
  }
}
