/**
 * What the analyses say meanwhile: one line in a place of its own, and a pattern round the seat it is about. Nothing
 * moves, nothing sounds, nothing has to be answered. Only the lead observer has it.
 */

import { set, text } from "./circle.js";
import { clockText } from "./clock.js";
import * as link from "./link.js";
import { press } from "./press.js";
import { spoken, t, timed } from "./words.js";

/** @typedef {{alert: string, seat: string | null, says: {id: string, en: string}, ts: number, since: number, stored: boolean}} Standing */

export class Alerts {
  /** @param {HTMLElement} place @param {import("./capture.js").Capture} capture */
  constructor(place, capture) {
    this.place = place;
    this.capture = capture;
    /** @type {{alerts: Standing[], trouble: string | null}} */
    this.told = { alerts: [], trouble: null };
    /** What rests here already, whether or not the server knows. @type {Set<string>} */
    this.resting = new Set();
    this.seen = "";
    this.time = document.createElement("time");
    this.line = document.createElement("span");
    this.line.setAttribute("role", "status");
    this.line.id = "alert-says";
    this.rest = document.createElement("button");
    this.rest.type = "button";
    this.rest.id = "rest";
    press(this.rest, { act: () => this.dismiss(), now: () => capture.clock.tap() });
    place.append(this.time, this.line, this.rest);
    // the page may come before somebody's eyes later
    setInterval(() => this.#look(), 1000);
    capture.addEventListener("alert", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {any} told */
  #hear(told) {
    this.told = told;
    for (const one of told.alerts) if (this.resting.has(name(one))) this.#say(one, "dismissed");
    this.render();
  }

  /** @returns {Standing[]} what stands before this observer, newest first */
  #standing() {
    const { state } = this.capture;
    if (!state || state.observer !== state.lead) return [];
    return this.told.alerts.filter((one) => !this.resting.has(name(one))).reverse();
  }

  render() {
    const standing = this.#standing();
    const [first] = standing;
    const trouble = { live: t("alerts are begun again; recording goes on"), plugin: t("some alerts are begun again; recording goes on") }[this.told.trouble || ""] || "";
    text(this.time, first ? timed(clockText(first.ts)) : "");
    const more = standing.length > 1 ? ` (+${standing.length - 1})` : "";
    text(this.line, first ? first.says[spoken() === "en" ? "en" : "id"] + more : trouble);
    text(this.rest, t("rest 10 min"));
    set(this.place, "stands", Boolean(first));
    const seats = new Set(standing.filter((one) => one.stored || one === first).map((one) => one.seat));
    for (const button of document.querySelectorAll("#circle .seat")) {
      const seat = /** @type {HTMLElement} */ (button);
      const marked = seats.has(seat.dataset.seat || "");
      set(seat, "alert", marked);
      if (marked) seat.setAttribute("aria-describedby", "alert-says");
      else seat.removeAttribute("aria-describedby");
    }
    this.#look();
  }

  /** Only what stood before somebody's eyes was shown. */
  #look() {
    const [one] = this.#standing();
    const hidden = document.visibilityState !== "visible" || !document.getElementById("veil")?.hidden;
    if (!one || hidden || one.stored || this.seen === name(one)) return;
    this.seen = name(one);
    this.#say(one, "shown");
  }

  /** It comes back when it is raised anew, ten minutes from now at the earliest. */
  dismiss() {
    const [first] = this.#standing();
    if (!first) return;
    this.resting.add(name(first));
    this.#say(first, "dismissed");
    this.render();
  }

  /** @param {Standing} one @param {"shown" | "dismissed"} act */
  #say({ alert, seat }, act) {
    // what does not arrive is said again with the next that is told
    link.alert({ alert, seat, act }).catch(() => (this.seen = ""));
  }
}

/** @param {Standing} one */
function name({ alert, seat, since }) {
  return `${alert} ${seat || ""} ${since}`;
}
