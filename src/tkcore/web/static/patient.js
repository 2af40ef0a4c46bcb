/** What is shown to a patient who looks at the device: that nothing listens and nothing looks, and the time of day. */

import { press } from "./press.js";
import { t, timeOfDay } from "./words.js";

const EACH = 1000;

export class Patient {
  /** @param {HTMLElement} place @param {HTMLElement} button @param {HTMLElement[]} behind what is not to be seen meanwhile */
  constructor(place, button, behind) {
    this.place = place;
    this.behind = behind;
    const now = () => 0;
    press(button, { act: () => this.show(true), now });
    press(place, { act: () => this.show(false), now });
    place.replaceChildren(...["b", "time", "span"].map((name) => document.createElement(name)));
    setInterval(() => this.#write(), EACH);
  }

  /** Recording goes on behind it, by keys. @param {boolean} shown */
  show(shown) {
    this.place.hidden = !shown;
    for (const element of this.behind) element.inert = shown;
    this.#write();
    if (shown) this.place.focus();
  }

  #write() {
    if (this.place.hidden) return;
    const said = [t("no sound, no camera"), timeOfDay(new Date()), t("tap to go back")];
    said.forEach((line, i) => {
      const element = this.place.children[i];
      if (element.textContent !== line) element.textContent = line;
    });
  }
}
