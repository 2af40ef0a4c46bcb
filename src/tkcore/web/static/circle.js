/** The seats as they stand in the room. */

import { keys } from "./keys.js";
import { press } from "./press.js";
import { t } from "./words.js";

export class Circle {
  /** @param {HTMLElement} place @param {import("./capture.js").Capture} capture */
  constructor(place, capture) {
    this.place = place;
    this.capture = capture;
    this.shape = "";
    /** @type {Map<string, HTMLButtonElement>} */
    this.buttons = new Map();
    this.group = document.createElement("button");
    this.group.type = "button";
    this.group.id = "group";
    press(this.group, { act: (at) => capture.tap((taps) => taps.group(at), at), now: () => capture.clock.tap() });
    /** Whether a note that is being begun takes the seat. @type {(seat: string) => boolean} */
    this.about = () => false;
    new ResizeObserver(() => this.#arrange()).observe(place);
  }

  render() {
    const { capture } = this;
    const seats = inOrder(capture.seats());
    const shape = seats.map((s) => s.seat).join();
    if (shape !== this.shape) {
      this.shape = shape;
      this.#build(seats);
    }
    const armed = capture.taps.armed?.seat;
    const turn = capture.turn();
    const speaking = capture.speaking();
    for (const seat of seats) {
      const button = /** @type {HTMLButtonElement} */ (this.buttons.get(seat.seat));
      const to = Boolean(speaking && turn && turn.receivers.includes(seat.seat));
      button.dataset.key = keys.shown(`seat:${seat.seat}`);
      set(button, "armed", armed === seat.seat);
      set(button, "speaking", speaking === seat.seat);
      set(button, "to", to);
      set(button, "out", !seat.inside);
      set(button, "leader", /therapist$/.test(seat.role));
      const said = [t("seat {seat}", { seat: seat.seat })];
      if (speaking === seat.seat) said.push(t("speaks"));
      if (to) said.push(t("is spoken to"));
      if (!seat.inside) said.push(t("not in the room"));
      label(button, said.join(", "));
      button.setAttribute("aria-pressed", String(armed === seat.seat));
    }
    const says = armed ? `${armed} →` : capture.taps.asking ? "?" : "";
    text(/** @type {HTMLElement} */ (this.group.firstElementChild), says);
    text(/** @type {HTMLElement} */ (this.group.lastElementChild), t("to the group"));
    set(this.group, "armed", Boolean(says));
  }

  /** @param {any[]} seats */
  #build(seats) {
    const { capture } = this;
    this.buttons.clear();
    const buttons = seats.map(({ seat }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "seat";
      button.dataset.seat = seat;
      const sign = document.createElement("b");
      sign.textContent = seat;
      button.append(sign);
      press(button, {
        act: (at) => this.seat(seat, at),
        now: () => capture.clock.tap(),
        hold: () => {
          // a slow finger on the seat that is waited for is a tap
          if (capture.taps.armed || capture.taps.asking) return false;
          return capture.correct.offers.ofSeat(seat);
        },
      });
      this.buttons.set(seat, button);
      return button;
    });
    if (!this.group.childElementCount) this.group.append(document.createElement("b"), document.createElement("span"));
    this.place.replaceChildren(...buttons, this.group);
    this.#arrange();
  }

  /** The seats in the order in which they are drawn. */
  letters() {
    return [...this.buttons.keys()];
  }

  /** @param {string} seat @param {number} at */
  seat(seat, at) {
    if (!this.about(seat)) this.capture.tap((taps) => taps.seat(seat, at), at);
  }

  /** The one who records sits at the bottom, the others round the circle as in the room. */
  #arrange() {
    const { width, height } = this.place.getBoundingClientRect();
    const across = width / 2 - 40;
    const down = height / 2 - 40;
    [...this.buttons.values()].forEach((button, i) => {
      const angle = Math.PI / 2 + (2 * Math.PI * i) / this.buttons.size;
      button.style.left = `${width / 2 + across * Math.cos(angle)}px`;
      button.style.top = `${height / 2 + down * Math.sin(angle)}px`;
    });
  }
}

/** Begin with the co-therapist, else a leader. @param {any[]} seats */
function inOrder(seats) {
  let first = seats.findIndex((s) => s.role === "co_therapist");
  if (first < 0) first = seats.findIndex((s) => s.role === "therapist");
  return first <= 0 ? seats : [...seats.slice(first), ...seats.slice(0, first)];
}

/** @param {HTMLElement} element @param {string} name @param {boolean} is */
export function set(element, name, is) {
  if (is !== (name in element.dataset)) {
    if (is) element.dataset[name] = "";
    else delete element.dataset[name];
  }
}

/** @param {HTMLElement} element @param {string} said */
export function text(element, said) {
  if (element.textContent !== said) element.textContent = said;
}

/** @param {HTMLElement} element @param {string} said */
export function label(element, said) {
  if (element.getAttribute("aria-label") !== said) element.setAttribute("aria-label", said);
}
