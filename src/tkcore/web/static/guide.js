/** What the keys do, for whoever asks. */

import { label, spoken, t } from "./words.js";

/** @type {[string, string][]} */
const KEYS = [
  ["1–9 0", "seats A to J"],
  ["t k", "therapist, co-therapist"],
  ["Enter", "answer; after one seat: to whoever spoke last"],
  [".", "to the group"],
  ["Space", "silence: the turn ends"],
  ["x", "several at once"],
  ["'", "one more receiver: then the seat"],
  ["y", "the last code again"],
  ["= -", "level or rating up, down"],
  [",", "the last entry 2 s earlier"],
  ["⌫", "undo; with Shift: bring back"],
  [";", "star: look again later"],
  ["[ ]", "phase before, next phase"],
  ["c", "quick mode: one tap a turn"],
  ["`", "hide everything; again: show"],
  ["Del", "the alert rests for ten minutes"],
  ["Esc ?", "let go; this page"],
];

/** @param {HTMLElement} place @param {import("./book.js").Book} book */
export function guide(place, book) {
  const title = document.createElement("h2");
  title.textContent = t("Keys");
  const keys = rows(KEYS.map(([key, words]) => [key, t(words)]));
  const families = rows(book.families.filter((/** @type {any} */ f) => f.key).map((/** @type {any} */ f) => [f.key, label(f.label)]));
  const note = document.createElement("p");
  note.textContent = t("Two taps: who, to whom. The same seat twice: to the group. A code stands on the present turn. Held: the words of a code.");
  const sheet = Object.assign(document.createElement("a"), { href: `/guide?lang=${spoken()}`, target: "_blank", rel: "noopener" });
  sheet.textContent = t("quick guide to print");
  place.replaceChildren(title, note, keys, families, sheet);
}

/** @param {string[][]} pairs */
function rows(pairs) {
  const list = document.createElement("dl");
  for (const [key, words] of pairs) {
    const row = document.createElement("div");
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = key;
    dd.textContent = words;
    row.append(dt, dd);
    list.append(row);
  }
  return list;
}
