/** What is shown to a patient who looks at the device: the circle, that nothing listens and nothing looks, the time of day. */

import { press } from "./press.js";
import { t, timeOfDay } from "./words.js";

const EACH = 1000;

export class Patient {
  /**
   * @param {HTMLElement} place @param {HTMLElement} button @param {HTMLElement[]} behind what is not to be seen meanwhile
   * @param {() => string[]} seats in their order
   */
  constructor(place, button, behind, seats) {
    this.place = place;
    this.behind = behind;
    this.seats = seats;
    const now = () => 0;
    press(button, { act: () => this.show(true), now });
    // whoever holds it in his hand may touch it: only who knows how comes back
    press(place, { act: () => undefined, now, hold: () => this.show(false) });
    place.addEventListener("click", (event) => event.detail === 0 && this.show(false));
    place.replaceChildren(...["b", "time", "i", "em", "span"].map((name) => document.createElement(name)));
    setInterval(() => this.#write(), EACH);
  }

  /** Recording goes on behind it, by keys. @param {boolean} shown */
  show(shown) {
    this.place.hidden = !shown;
    for (const element of this.behind) element.inert = shown;
    if (shown) this.#circle(this.seats());
    this.#write();
    if (shown) this.place.focus();
  }

  /** Letters round a circle, and nothing of who speaks. @param {string[]} seats */
  #circle(seats) {
    const discs = seats.map((seat, i) => {
      const disc = document.createElement("u");
      const angle = Math.PI / 2 + (2 * Math.PI * i) / seats.length;
      disc.style.left = `${50 + 42 * Math.cos(angle)}%`;
      disc.style.top = `${50 + 42 * Math.sin(angle)}%`;
      disc.textContent = seat;
      return disc;
    });
    this.place.children[2].replaceChildren(...discs);
  }

  #write() {
    if (this.place.hidden) return;
    const said = [t("no sound, no camera"), timeOfDay(new Date()), null, t("noted is who speaks to whom, by letters, without names"), t("hold to go back")];
    said.forEach((line, i) => {
      const element = this.place.children[i];
      if (line !== null && element.textContent !== line) element.textContent = line;
    });
  }
}
