/** What the keys do, for whoever asks: the keys in force on this device. */

import { ACTS, keys } from "./keys.js";
import { label, spoken, t } from "./words.js";

/** @param {HTMLElement} place @param {import("./book.js").Book} book @param {() => void} changed */
export function guide(place, book, changed) {
  const title = document.createElement("h2");
  title.textContent = t("Keys");
  const list = document.createElement("div");
  const fill = () => list.replaceChildren(inForce(), families());
  const inForce = () => rows([
    [[..."ABCDEFGHIJ"].map((seat) => keys.shown(`seat:${seat}`)).join(" "), t("seats A to J")],
    [["T", "K"].map((seat) => keys.shown(`seat:${seat}`)).join(" "), t("therapist, co-therapist")],
    ...ACTS.map(([act, , words]) => [keys.shown(act), t(words)]),
  ]);
  const families = () => rows(
    book.families.filter((/** @type {any} */ f) => f.key).map((/** @type {any} */ f) => [keys.shown(`family:${f.key}`), label(f.label)]),
  );
  const note = document.createElement("p");
  note.textContent = t("Two taps: who, to whom. The middle: to the group. A code stands on the present turn. Held: the words of a code.");
  const change = document.createElement("button");
  change.type = "button";
  change.id = "rekey";
  change.textContent = t("change the keys");
  const own = document.createElement("div");
  change.onclick = async () => {
    const { keyset } = await import("./keyset.js");
    keyset(own, book, () => {
      fill();
      changed();
    });
    /** @type {HTMLElement} */ (own.querySelector("button")).focus();
  };
  fill();
  const sheet = Object.assign(document.createElement("a"), { href: `/guide?lang=${spoken()}`, target: "_blank", rel: "noopener" });
  sheet.textContent = t("quick guide to print");
  place.replaceChildren(title, note, list, change, own, sheet);
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
