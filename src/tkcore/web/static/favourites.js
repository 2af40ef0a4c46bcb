/** The codes on the pad while no family is open: the setting's, or the observer's own on this device. */

import { t } from "./words.js";

const KEPT = "tkcore.favourites";
const MOST = 21;
/** Enough for who begins. */
const FIRST = "gg dd sr uu un ud fu rr bb".split(" ");

/** Give a book the favourites of an observer. @param {import("./book.js").Book} book @param {string} observer */
export function own(book, observer) {
  try {
    const kept = JSON.parse(localStorage.getItem(`${KEPT}.${observer}`) || "null");
    book.favourites = Array.isArray(kept) ? kept : book.offered;
  } catch {
    book.favourites = book.offered;
  }
}

/** @param {import("./book.js").Book} book @param {string} observer @param {string[] | null} keys null: the setting's */
function keep(book, observer, keys) {
  const name = `${KEPT}.${observer}`;
  if (keys) localStorage.setItem(name, JSON.stringify(keys));
  else localStorage.removeItem(name);
  own(book, observer);
}

/** Choose them: a code that is tapped is put on or taken off, until that is done. @param {import("./capture.js").Capture} capture */
export function choose(capture) {
  const { taps, book } = capture;
  const { observer } = capture.state;
  const begin = () => {
    taps.offer = null;
    taps.pick = (code) => {
      const has = book.favourites.includes(code.key);
      if (!has && book.favourites.length >= MOST) capture.say("there are {count} already: take one off first", { count: String(MOST) });
      else {
        keep(book, observer, has ? book.favourites.filter((/** @type {string} */ key) => key !== code.key) : [...book.favourites, code.key]);
        capture.say("a tapped code is put on or taken off, nothing is recorded of it; Esc ends");
      }
    };
    capture.say("a tapped code is put on or taken off, nothing is recorded of it; Esc ends");
  };
  const take = (/** @type {string[] | null} */ keys) => {
    keep(book, observer, keys);
    taps.disarm();
    capture.changed();
  };
  capture.correct.offers.show("own favourites", () => [
    { words: t("choose them one by one"), act: begin },
    { words: t("those of the setting"), act: () => take(null) },
    { words: t("nine to begin with"), act: () => take(FIRST.filter((key) => book.byKey.has(key))) },
    { words: t("let go"), act: () => capture.tap((all) => all.disarm()) },
  ]);
}
