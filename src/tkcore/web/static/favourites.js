/** The codes on the pad while no family is open: the setting's, or this device's own. */

import { t } from "./words.js";

const KEPT = "tkcore.favourites";
const MOST = 21;
/** Enough for who begins. */
const FIRST = "gg dd sr uu un ud fu rr bb".split(" ");

/** Give a book the favourites of this device. @param {import("./book.js").Book} book */
export function own(book) {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) || "null");
    book.favourites = Array.isArray(kept) ? kept : book.offered;
  } catch {
    book.favourites = book.offered;
  }
}

/** @param {import("./book.js").Book} book @param {string[] | null} keys null: the setting's */
function keep(book, keys) {
  if (keys) localStorage.setItem(KEPT, JSON.stringify(keys));
  else localStorage.removeItem(KEPT);
  own(book);
}

/** Choose them: a code that is tapped is put on or taken off, until that is done. @param {import("./capture.js").Capture} capture */
export function choose(capture) {
  const { taps, book } = capture;
  const begin = () => {
    taps.offer = null;
    taps.pick = (code) => {
      const has = book.favourites.includes(code.key);
      if (!has && book.favourites.length >= MOST) capture.say("there are {count} already: take one off first", { count: String(MOST) });
      else {
        keep(book, has ? book.favourites.filter((/** @type {string} */ key) => key !== code.key) : [...book.favourites, code.key]);
        capture.say("a tapped code is put on or taken off, nothing is recorded of it; Esc ends");
      }
    };
    capture.say("a tapped code is put on or taken off, nothing is recorded of it; Esc ends");
  };
  const take = (/** @type {string[] | null} */ keys) => {
    keep(book, keys);
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
