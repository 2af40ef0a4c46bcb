/** The codebook as the page needs it, and what a line of the grammar says in words. Knows no screen. */

import { label, t } from "./words.js";

/** Families by key, in the three rows of the pad. */
export const ROWS = ["gdpsln", "urbfme", "ijaohw"];
/** This needs another observer: the line has it, the pad does not. */
const NOT_BY_TAP = new Set(["lead.passed"]);
/** What is said about one seat and must name it. */
const OF_A_SEAT = new Set(["seat.left", "seat.arrived", "place.changed"]);
/** What is recorded of a seat that did not agree to everything. @type {Record<string, string>} */
export const SCOPES = {
  floor_only: "only who speaks to whom, no codes",
  none: "nothing is recorded of this seat",
};
/** What belongs to no turn, or to what it settles. */
const OF_NO_TURN = /^(seat|place|capture|lead|activity|rating|checklist)\.|\.settled$/;
/** What is said of the room, whoever speaks. */
const OF_THE_ROOM = /(^|\.)(mark\.visitor|mark\.handed_to_duty|resistance\.silence)$/;
/** The family of danger. */
const SAFETY = "safety";
/** Codes of what is said: with an armed seat they store its turn too. */
const SAID_FAMILIES = "gdpsl";
const SAID = new Set(["uu", "un", "uf", "ud"]);

export class Book {
  /** @param {any} state */
  constructor(state) {
    /** The codebook whose keys are the first keys; those of the others come after q. No two have the same. */
    this.home = state.families.find((/** @type {any} */ f) => f.key)?.book;
    this.families = state.families.filter((/** @type {any} */ f) => f.book === this.home);
    this.further = state.families.filter((/** @type {any} */ f) => f.key && f.book !== this.home);
    const live = state.codes.filter((/** @type {any} */ c) => c.key && !NOT_BY_TAP.has(c.event));
    this.codes = live.filter((/** @type {any} */ c) => c.book === this.home);
    this.live = live;
    this.byKey = new Map(this.codes.map((/** @type {any} */ c) => [c.key, c]));
    /** The setting's; a device may have its own. */
    this.favourites = this.offered = state.favourites;
    this.cautions = state.cautions || {};
    this.phases = state.phases;
    this.all = state.codes;
  }

  /** The families of the pad, row by row; those of further codebooks stand behind. */
  rows() {
    return ROWS.map((keys) =>
      [...keys].map((key) => this.families.find((/** @type {any} */ f) => f.key === key)).filter(Boolean),
    );
  }

  /** @param {string} key */
  family(key) {
    return this.families.find((/** @type {any} */ f) => f.key === key);
  }

  /** The codes of a family, the general one first. @param {any} family */
  of(family) {
    const own = this.live.filter((/** @type {any} */ c) => c.book === family.book && c.key[0] === family.key && c.key.length === 2);
    const general = family.key + family.key;
    return [...own.filter((/** @type {any} */ c) => c.key === general), ...own.filter((/** @type {any} */ c) => c.key !== general)];
  }

  /** The families of other codebooks. */
  others() {
    return this.further;
  }

  /** @param {{id: string, en: string}} words */
  worded(words) {
    return label(words);
  }

  /** Whether a code stands on a turn, so that the cursor may move it. @param {any} code */
  standsOnTurn(code) {
    return !OF_NO_TURN.test(code.event) && !OF_THE_ROOM.test(code.id);
  }

  /** Whether an entry is what was observed in the room, and not who is there, what goes on, or that there was danger. @param {string} line */
  isMark(line) {
    return line[0] === "#" || line.split(" ").every((token) => {
      const code = this.codeOf(token);
      if (!code) return token === ";" || token[0] === "_" || token === "&" || Boolean(turnOf(token)) || /^[A-Z]\d{0,2}$/.test(token);
      return !OF_NO_TURN.test(code.event) && code.family !== SAFETY;
    });
  }

  /** Whether a word of a line is a code that has a level, a target and an author. @param {string} token */
  isCode(token) {
    const code = this.codeOf(token);
    return Boolean(code) && !/^(seat|place|capture|lead)\./.test(code.event);
  }

  /** The code of a word of a line. @param {string} token */
  codeOf(token) {
    const word = /^[^!]*!([^\s>^=~!]+)/.exec(token)?.[1];
    return word ? this.find(word) : undefined;
  }

  /** The tiles while no family is open. */
  favoured() {
    return this.favourites.map((/** @type {string} */ key) => this.byKey.get(key)).filter(Boolean);
  }

  /** Whether a code of an armed seat stores that seat's turn as well. @param {any} code */
  isSaid(code) {
    return code.floor;
  }

  /** Whether no single seat does what a code names. @param {any} code */
  isGroups(code) {
    return code.author === "group";
  }

  /** @param {any} code */
  needsSeat(code) {
    return OF_A_SEAT.has(code.event);
  }

  /** @param {any} code */
  caution(code) {
    const said = this.cautions[code.id];
    return said ? label(said) : "";
  }

  /** @param {string} word a key, an id with or without codebook, or its last part */
  find(word) {
    const low = word.toLowerCase();
    return (
      this.byKey.get(low) ||
      this.all.find((/** @type {any} */ c) => c.id === low || c.key === low) ||
      this.all.find((/** @type {any} */ c) => low.endsWith("." + c.id) || c.id.endsWith("." + low))
    );
  }

  /** What stands on a tile or in the strip: a discreet code shows its two letters, held its words. @param {any} code @param {boolean} [held] */
  shown(code, held = false) {
    return code.discreet && !held ? code.key : label(code.label);
  }

  /** Say a line in words; a note's are its own. @param {string} line @param {boolean} [held] */
  say(line, held = false) {
    if (line[0] === "#") return [t("note"), /^#([^:…]+):/.exec(line)?.[1]].filter(Boolean).join(" · ");
    return line
      .replace(/^@\S+\s+/, "")
      .split(" ")
      .map((token) => this.item(token, held))
      .join(" · ");
  }

  /** @param {string} token @param {boolean} [held] */
  item(token, held = false) {
    const turn = turnOf(token);
    if (turn) {
      if (turn.to === "all") return t("{seat} → group", { seat: turn.sender });
      if (turn.to === "unknown") return `${turn.sender} → ?`;
      return `${turn.sender} → ${turn.receivers.join(", ")}`;
    }
    const swapped = /^~([A-Z0-9]+)=([A-Z0-9]+)/.exec(token);
    if (swapped) return t("{seat} and {other} exchanged", { seat: swapped[1], other: swapped[2] });
    if (token[0] === "~") return token.endsWith(":") ? "~" : t("undo");
    if (/^_/.test(token)) return t("silence");
    if (token === "&") return t("several at once");
    if (token === ";") return t("star");
    if (token[0] === "%") {
      const phase = this.phases.find((/** @type {any} */ p) => p.id === token.slice(1));
      return t("phase: {phase}", { phase: phase ? label(phase.label) : token.slice(1) });
    }
    const quick = /^([A-Z]\d{0,2})$/.exec(token);
    if (quick) return `${quick[1]} → …`;
    const scoped = /^\+([A-Z]\d{0,2}):(floor_only|none)$/.exec(token);
    if (scoped) return `${t("seat {seat}", { seat: scoped[1] })}: ${t(SCOPES[scoped[2]])}`;
    const come = /^\+([A-Z]\d{0,2})/.exec(token);
    if (come) return t("{seat} comes in", { seat: come[1] });
    const leave = /^-([A-Z]\d{0,2})/.exec(token);
    if (leave) return t("{seat} goes out", { seat: leave[1] });
    if (token === "||") return t("recording goes on");
    if (token.startsWith("||")) return t("recording stops");
    const code = /^([A-Z0-9]+)?!([^\s>^=~!]+)(?:>([^\s^=~]+))?(?:\^(\d))?(?:=([^\s~]+))?/.exec(token);
    if (code) {
      const found = this.find(code[2]);
      const words = found ? this.shown(found, held) : code[2];
      if (found?.event === "place.changed") return t("{seat} sits on chair {place}", { seat: code[1], place: code[5] });
      const level = code[4] ? ` ^${code[4]}` : "";
      const value = code[5] ? ` = ${code[5]}` : "";
      return (code[1] ? `${code[1]}: ` : "") + words + (code[3] ? ` → ${code[3]}` : "") + level + value;
    }
    return token;
  }
}

/**
 * Read a turn: `A>B`, `A>B,C`, `A>*`, `A>?`.
 * @param {string} token
 * @returns {{sender: string, to: string, receivers: string[]} | null}
 */
export function turnOf(token) {
  const found = /^([A-Z]\d{0,2}|\d{1,3})>([A-Z0-9,]+|[*.?])(?:=[\d.]+)?$/.exec(token);
  if (!found) return null;
  const to = { "*": "all", ".": "all", "?": "unknown" }[found[2]] || "seats";
  return { sender: found[1], to, receivers: to === "seats" ? found[2].split(",") : [] };
}
