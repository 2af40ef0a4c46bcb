/**
 * Which key does what, by its place on the keyboard: Caps Lock and the layout do not matter. Each device may have keys
 * of its own; a letter that does nothing else opens the family of that letter.
 */

const KEPT = "tkcore.keymap";
const SAME = /^(Key|Digit|Numpad|Enter|Space|Escape|Arrow|Equal$)/;
/** Left to the browser and to focus. */
const OTHERS = /^(Tab|Shift|Control|Alt|Meta|OS|CapsLock|NumLock|ContextMenu|F\d)/;

/** What a key can do, its keys, and what is said of it. @type {[string, string, string][]} */
export const ACTS = [
  ["reply", "Enter NumpadEnter", "answer; after one seat: to whoever spoke last"],
  ["group", "Period NumpadDecimal NumpadMultiply Shift+Digit8", "to the group"],
  ["hush", "Space", "silence: the turn ends"],
  ["crowd", "KeyX", "several at once"],
  ["too", "Quote", "one more receiver: then the seat"],
  ["target", "KeyV", "the target of the last code: then the seat"],
  ["cursor-before", "ArrowLeft", "codes stand on the turn before"],
  ["cursor-after", "ArrowRight", "codes stand on the turn after"],
  ["again", "KeyY", "the last code again"],
  ["more", "Equal NumpadAdd", "level or rating up"],
  ["less", "Minus NumpadSubtract", "level or rating down"],
  ["earlier", "Comma", "the last entry 2 s earlier"],
  ["undo", "Backspace", "take back the last entry"],
  ["redo", "Shift+Backspace", "bring back what was taken back"],
  ["exchange", "KeyZ", "seats exchanged: the wrong one, the right one, Enter"],
  ["star", "Semicolon", "star: look again later"],
  ["note", "Slash", "note"],
  ["phase-before", "BracketLeft", "phase before"],
  ["phase-after", "BracketRight", "next phase"],
  ["quick", "KeyC", "quick mode: one tap a turn"],
  ["others", "KeyQ", "codes of other codebooks"],
  ["find", "Backslash", "search a code"],
  ["rest", "Delete", "the alert rests for ten minutes"],
  ["review", "Shift+Backslash", "review"],
  ["veil", "Backquote", "hide everything; again: show"],
  ["guide", "Shift+Slash", "this page"],
  ["disarm", "Escape", "let go"],
];
const SEATS = [..."ABCDEFGHIJ", "T", "K"];

/**
 * @typedef {{act: string, value?: string}} Act
 */

/** @returns {Map<string, string[]>} keys by act */
function standard() {
  /** @type {Map<string, string[]>} */
  const found = new Map(SEATS.map((seat) => [`seat:${seat}`, keysOf(seat)]));
  for (const [act, chords] of ACTS) found.set(act, chords.split(" "));
  const taken = new Set([...found.values()].flat());
  for (const letter of "abcdefghijklmnopqrstuvwxyz") {
    const chord = `Key${letter.toUpperCase()}`;
    if (!taken.has(chord)) found.set(`family:${letter}`, [chord]);
  }
  return found;
}

/** @param {string} seat */
function keysOf(seat) {
  const place = "ABCDEFGHIJ".indexOf(seat);
  const digit = (place + 1) % 10;
  return place < 0 ? [`Key${seat}`] : [`Digit${digit}`, `Numpad${digit}`];
}

export class Keys {
  constructor() {
    this.byAct = standard();
    for (const [act, chords] of Object.entries(kept())) if (this.byAct.has(act) && Array.isArray(chords)) this.byAct.set(act, chords);
    this.#index();
  }

  #index() {
    /** @type {Map<string, string>} */
    this.byChord = new Map();
    for (const [act, chords] of this.byAct) for (const chord of chords) this.byChord.set(chord, act);
  }

  /**
   * @param {string} code KeyboardEvent.code
   * @param {boolean} shift
   * @param {boolean} open whether a family is open
   * @returns {Act | null}
   */
  actOf(code, shift, open) {
    if (OTHERS.test(code)) return null;
    const own = shift ? this.byChord?.get(`Shift+${code}`) : undefined;
    // with Shift a sign is another sign: only what stays the same does the same
    if (shift && !own && !SAME.test(code)) return null;
    const act = own || this.byChord?.get(code) || "";
    if (act.startsWith("seat:")) return { act: "seat", value: act.slice(5) };
    const letter = /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
    if (open && letter) return { act: "letter", value: letter };
    if (act.startsWith("family:")) return { act: "family", value: act.slice(7) };
    return act ? { act } : null;
  }

  /** The key of an act as it is printed, "" if it has none. @param {string} act */
  shown(act) {
    const chord = this.byAct.get(act)?.[0];
    return chord ? printed(chord) : "";
  }

  /** Give an act a key; what had it gets the key it leaves. @param {string} act @param {string} chord @returns {string} what had it */
  give(act, chord) {
    const had = this.byChord?.get(chord) || "";
    if (had === act) return "";
    const left = this.byAct.get(act) || [];
    this.byAct.set(act, [chord]);
    if (had) this.byAct.set(had, [...(this.byAct.get(had) || []).filter((one) => one !== chord), ...left]);
    this.#index();
    keep(this.byAct);
    return had;
  }

  reset() {
    this.byAct = standard();
    this.#index();
    keep(this.byAct);
  }
}

/** The keys of this device. */
export const keys = new Keys();

/** The name of a key with Shift or without, null where it cannot be given away. @param {KeyboardEvent} event */
export function chordOf(event) {
  if (OTHERS.test(event.code) || !event.code || event.ctrlKey || event.metaKey || event.altKey) return null;
  return (event.shiftKey ? "Shift+" : "") + event.code;
}

/** @type {Record<string, string>} */
const SIGNS = {
  Period: ".", Quote: "'", Equal: "=", Minus: "-", Comma: ",", Semicolon: ";", Slash: "/", Backslash: "\\", Backquote: "`",
  BracketLeft: "[", BracketRight: "]", Backspace: "⌫", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓",
  Escape: "Esc", Delete: "Del",
};

/** @param {string} chord */
export function printed(chord) {
  if (chord === "Shift+Slash") return "?";
  const code = chord.replace("Shift+", "");
  const sign = SIGNS[code] || code.replace(/^(Key|Digit)/, "").toLowerCase().replace(/^\w{2}/, (two) => two[0].toUpperCase() + two[1]);
  return chord === code ? sign : `⇧${sign}`;
}

/** @returns {Record<string, string[]>} */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) || "{}") || {};
  } catch {
    return {};
  }
}

/** Keep what is not standard. @param {Map<string, string[]>} byAct */
function keep(byAct) {
  const own = [...byAct].filter(([act, chords]) => standard().get(act)?.join() !== chords.join());
  if (own.length) localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(own)));
  else localStorage.removeItem(KEPT);
}
