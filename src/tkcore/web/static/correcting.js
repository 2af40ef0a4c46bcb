/** Undo, redo, and changes of the last entries: each is an entry of its own, and is seen in what it corrects. */

import { clockText } from "./clock.js";

/** Names the record it takes back: another tab may have stored a later one. */
export const UNDO = "~{seq+0}";

export class Correcting {
  /** @param {import("./capture.js").Capture} capture */
  constructor(capture) {
    this.capture = capture;
  }

  /** Take back the last own entry. */
  undo() {
    if (!this.capture.state) return;
    this.capture.hint = "";
    if (this.capture.taps.armed || this.capture.taps.open || this.capture.taps.asking) {
      // what is not stored yet is let go of
      this.capture.taps.disarm();
      this.capture.alarm();
      this.capture.changed();
      return;
    }
    const last = this.capture.entries.undoable();
    if (!last) return this.capture.say("there is nothing to take back");
    last.undone = true;
    const fixed = this.capture.entries.byId.get(last.fixes);
    if (fixed) fixed.line = last.before;
    this.capture.enqueue(UNDO, null, { back: last.id });
    this.capture.changed();
  }

  redo() {
    if (!this.capture.state) return;
    this.capture.hint = "";
    const undo = this.capture.entries.redoable();
    const last = undo && this.capture.entries.byId.get(undo.back);
    if (!undo || !last) return this.capture.say("there is nothing to bring back");
    undo.undone = true;
    last.undone = false;
    this.capture.enqueue("~{seq}", null, { back: undo.id, redo: true });
    this.capture.changed();
  }

  /** Raise or lower the level of the last code, or the value of the last rating. @param {number} by */
  level(by) {
    if (!this.capture.state) return;
    this.capture.hint = "";
    const entry = this.capture.entries.latest((e) => e.line.includes("!"));
    if (!entry) return this.capture.say("there is no code yet");
    const tokens = entry.line.split(" ");
    const place = tokens.findIndex((token) => token.includes("!"));
    const [, head, word, to = "", level = "", value = ""] =
      /^([^!]*)!([^\s>^=~!]+)(>[^\s^=~]+)?(?:\^(\d))?(?:=([^\s~]+))?/.exec(tokens[place]) || [];
    const rating = this.capture.book.find(word)?.event === "rating.given";
    const now = rating ? Number(value || 3) : Number(level || (by > 0 ? 0 : 2));
    const next = Math.min(rating ? 5 : 3, Math.max(1, now + by));
    if (String(next) === (rating ? value || "3" : level)) return this.capture.say("it ends there");
    return this.#fix(entry, place, `${head}!${word}${to}${rating ? `=${next}` : `^${next}`}`);
  }

  /** The last entry was two seconds earlier. */
  earlier() {
    if (!this.capture.state) return;
    this.capture.hint = "";
    const entry = this.capture.entries.latest((e) => e.line !== "" && !/^[+-]|^\|\|/.test(e.line));
    if (!entry) return this.capture.say("there is nothing to move");
    const at = Math.max(0, entry.at - 2000);
    const first = entry.line.split(" ")[0];
    this.#fix(entry, 0, first, `@${clockText(at)}.${String(at % 1000).padStart(3, "0")} `);
    entry.at = at;
    return this.capture.say("{what}: 2 s earlier", { what: this.capture.book.say(first) });
  }

  /** One more receiver of the last turn. @param {string} seat */
  too(seat) {
    const entry = this.capture.entries.latest((e) => />[A-Z]/.test(e.line.split(" ")[0]));
    if (!entry) return this.capture.say("there is no turn to add a receiver to");
    const first = entry.line.split(" ")[0];
    const [from, to] = first.split(">");
    if (from === seat || to.split(",").includes(seat)) return this.capture.say("{seat} is in that turn already", { seat });
    return this.#fix(entry, 0, `${first},${seat}`);
  }

  /** @param {import("./entries.js").Entry} entry @param {number} place @param {string} token @param {string} [time] */
  #fix(entry, place, token, time = "") {
    const tokens = entry.line.split(" ");
    const before = entry.line;
    tokens[place] = token;
    entry.line = tokens.join(" ");
    this.capture.enqueue(`${time}~{seq+${place}}: ${token}`, null, { fixes: entry.id, before });
    this.capture.changed();
  }
}
