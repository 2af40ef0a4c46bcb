/** The end: two presses by whoever leads, then the receipt for the attendance sheet. */

import * as link from "./link.js";
import { press } from "./press.js";
import { t } from "./words.js";

/** How long the second press is waited for. */
const ASKED = 5000;
/** After that a receipt that did not come is asked for again. */
const AGAIN = 2000;

export class Ending {
  /** @param {HTMLElement} button @param {HTMLElement} panel @param {import("./capture.js").Capture} capture */
  constructor(button, panel, capture) {
    this.button = button;
    this.panel = panel;
    this.capture = capture;
    /** @type {{session: string, words: string[], seq: number, h: string} | null} */
    this.receipt = null;
    this.asked = "";
    /** Who comes to a session that is closed already has seen the receipt, or finds it behind the button. */
    this.hidden = true;
    /** @type {any} */
    this.timer = undefined;
    press(button, { act: () => this.#pressed(), now: () => capture.clock.tap() });
    // not in drawing: a page that knew it open may hear of the end before it has its texts
    capture.addEventListener("change", () => {
      if (capture.state && !capture.state.closed) this.hidden = false;
    });
  }

  #pressed() {
    if (this.capture.state.closed) {
      this.hidden = !this.hidden;
      return this.capture.changed();
    }
    clearTimeout(this.timer);
    if (this.capture.ending) return this.#end();
    this.capture.ending = true;
    this.timer = setTimeout(() => this.#let(), ASKED);
    this.capture.wake();
    return this.capture.changed();
  }

  #let() {
    this.capture.ending = false;
    this.capture.changed();
  }

  async #end() {
    this.capture.ending = false;
    this.capture.tap((taps) => taps.settle());
    try {
      // what was tapped before it stands before it in the log
      await this.capture.waiting.settled;
      if (!(await this.capture.sending.drain())) throw new link.Away("entries");
      this.receipt = await link.close();
      this.capture.wake();
    } catch {
      this.capture.say("no connection: the session is not ended yet, press again later");
    }
  }

  /** Whether the receipt is before somebody's eyes, or about to be: what else comes after the end waits. */
  get stands() {
    return Boolean(this.capture.state.closed && !this.hidden);
  }

  async #learn() {
    this.asked = this.capture.state.session;
    this.receipt = await link.receipt().catch(() => null);
    if (!this.receipt) setTimeout(() => this.#again(), AGAIN);
    this.capture.changed();
  }

  #again() {
    this.asked = "";
    this.capture.changed();
  }

  render() {
    const { session, closed, observer, lead } = this.capture.state;
    if (this.receipt && this.receipt.session !== session) this.receipt = null;
    if (closed && !this.receipt && this.asked !== session && this.capture.link === "live") this.#learn();
    this.button.hidden = !closed && observer !== lead;
    const says = closed ? t("receipt") : this.capture.ending ? t("end? press again") : t("end");
    if (this.button.textContent !== says) this.button.textContent = says;
    this.button.toggleAttribute("data-asking", this.capture.ending);
    const shown = Boolean(closed && this.receipt && !this.hidden);
    this.panel.hidden = !shown;
    if (closed) this.button.setAttribute("aria-expanded", String(shown));
    else this.button.removeAttribute("aria-expanded");
    if (shown) this.#show();
  }

  #show() {
    const { words, seq, h } = /** @type {any} */ (this.receipt);
    const unreported = this.capture.unreported();
    const said = `${t("The session is closed. Copy these words onto the attendance sheet: they prove the log.")} ${seq} ${unreported}`;
    if (this.panel.dataset.said === said) return;
    this.panel.dataset.said = said;
    this.panel.setAttribute("aria-label", t("receipt"));
    const title = document.createElement("h2");
    title.textContent = t("receipt");
    const text = document.createElement("p");
    text.textContent = t("The session is closed. Copy these words onto the attendance sheet: they prove the log.");
    const list = document.createElement("ol");
    for (const word of words.length ? words : [`${seq} ${h}`]) {
      const item = document.createElement("li");
      item.textContent = word;
      item.lang = "en";
      list.append(item);
    }
    const shut = document.createElement("button");
    shut.type = "button";
    shut.textContent = t("copied");
    shut.addEventListener("click", () => {
      this.hidden = true;
      this.capture.changed();
    });
    const owed = Object.assign(document.createElement("p"), { className: "owed", textContent: unreported });
    this.panel.replaceChildren(title, ...(unreported ? [owed] : []), text, list, shut);
  }
}
