/** This device's own keys: choose what is to be done, then press its key. Recording by touch goes on meanwhile. */

import { ACTS, chordOf, keys, printed } from "./keys.js";
import { label, t } from "./words.js";

/**
 * @param {HTMLElement} place
 * @param {import("./book.js").Book} book
 * @param {() => void} changed
 */
export function keyset(place, book, changed) {
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();
  let waiting = "";
  const said = document.createElement("p");
  said.role = "status";
  said.textContent = t("Choose what is to be done, then press its key. Esc leaves it as it is.");
  /** @param {string} act */
  const words = (act) => {
    if (act.startsWith("seat:")) return t("seat {seat}", { seat: act.slice(5) });
    const family = act.startsWith("family:") && book.family(act.slice(7));
    if (family) return label(family.label);
    return t(ACTS.find(([id]) => id === act)?.[2] || act);
  };
  const show = () => {
    for (const [act, button] of buttons) {
      const waits = act === waiting;
      button.setAttribute("aria-pressed", String(waits));
      /** @type {HTMLElement} */ (button.firstElementChild).textContent = waits ? "…" : keys.shown(act) || "–";
    }
  };
  const list = document.createElement("div");
  list.className = "keyset";
  const acts = [...keys.byAct.keys()].filter((act) => !act.startsWith("family:") || book.family(act.slice(7)));
  for (const act of acts) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.act = act;
    const name = document.createElement("span");
    name.textContent = words(act);
    button.append(document.createElement("kbd"), " ", name);
    button.onclick = () => {
      waiting = waiting === act ? "" : act;
      show();
    };
    buttons.set(act, button);
    list.append(button);
  }
  const reset = document.createElement("button");
  reset.type = "button";
  reset.textContent = t("the keys of the sheet again");
  reset.onclick = () => {
    keys.reset();
    said.textContent = t("the keys are those of the sheet");
    show();
    changed();
  };
  place.replaceChildren(said, list, reset);
  place.onkeydown = (event) => {
    if (!waiting) return;
    event.stopPropagation();
    const act = waiting;
    const chord = chordOf(event);
    if (!chord && event.code !== "Tab") return;
    waiting = "";
    if (chord && (event.code !== "Escape" || act === "disarm")) {
      event.preventDefault();
      const had = keys.give(act, chord);
      const values = { key: printed(chord), act: words(act), other: had ? words(had) : "", left: had ? keys.shown(had) : "" };
      said.textContent = had ? t("{key} is now: {act}. It was: {other}, which has {left} now", values) : t("{key} is now: {act}", values);
    }
    show();
    changed();
  };
  show();
}
