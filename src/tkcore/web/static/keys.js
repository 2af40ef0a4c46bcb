/** Keys by their place on the keyboard: Caps Lock and the layout do not matter. */

/** First keys; letters that are none of these are families. @type {Record<string, string>} */
const SIGNS = {
  Enter: "reply", NumpadEnter: "reply", Period: "group", NumpadDecimal: "group", NumpadMultiply: "group", Space: "hush",
  Semicolon: "star", BracketLeft: "phase-before", BracketRight: "phase-after", Backquote: "veil", Escape: "disarm",
  Comma: "earlier", Equal: "more", NumpadAdd: "more", Minus: "less", NumpadSubtract: "less", Quote: "too",
  Delete: "rest",
};
/** @type {Record<string, string>} */
const LETTERS = { x: "crowd", c: "quick", y: "again" };
/** Left to the browser and to focus. */
const OTHERS = new Set(["Tab", "ShiftLeft", "ShiftRight"]);

/**
 * @typedef {{act: string, value?: string}} Act
 * @param {string} code KeyboardEvent.code
 * @param {boolean} shift
 * @param {boolean} open whether a family is open
 * @returns {Act | null}
 */
export function actOf(code, shift, open) {
  if (OTHERS.has(code)) return null;
  if (code === "Backslash" && shift) return { act: "review" };
  if (code === "Slash") return shift ? { act: "guide" } : null;
  if (code === "Backspace") return { act: shift ? "redo" : "undo" };
  if (code === "Semicolon" && shift) return null;
  if (code in SIGNS) return { act: SIGNS[code] };
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code);
  if (digit) return shift && digit[1] === "8" ? { act: "group" } : { act: "seat", value: seatOf(digit[1]) };
  const letter = /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
  if (!letter) return null;
  if (letter === "t" || letter === "k") return { act: "seat", value: letter.toUpperCase() };
  if (open) return { act: "letter", value: letter };
  if (letter in LETTERS) return { act: LETTERS[letter] };
  return { act: "family", value: letter };
}

/** 1 is A, 0 is J. @param {string} digit */
export function seatOf(digit) {
  return "JABCDEFGHI"[Number(digit)];
}

/** What is printed beside a seat's letter: its key. @param {string} seat */
export function keyOf(seat) {
  const place = "ABCDEFGHIJ".indexOf(seat);
  return place < 0 ? (seat === "T" || seat === "K" ? seat.toLowerCase() : "") : String((place + 1) % 10);
}
