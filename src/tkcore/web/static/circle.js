/** The seats as they stand in the room. */

import { SCOPES } from "./book.js";
import { keys } from "./keys.js";
import { press } from "./press.js";
import { t } from "./words.js";

/** Who taps the seat that speaks so soon again has tapped it once; another one, who may answer, only within less. */
const TWICE = 1000;
const AGAIN = 300;
/** Shapes to tell strangers apart; a word of one's own is up to so long. */
const SHAPES = ["●", "▲", "■", "★", "✚", "☂"];
/** Of clothes; on a disc each stands with its word. */
const COLOURS = ["red", "yellow", "green", "blue", "white", "black"];
const LONGEST = 6;

/** A disc and the gap to the next. */
const DISC = 84;
/** Exponents, and points of the line. */
const BENDS = [2, 3, 5, 12];
const FINE = 720;

export class Circle {
  /** @param {HTMLElement} place @param {import("./capture.js").Capture} capture */
  constructor(place, capture) {
    this.place = place;
    this.capture = capture;
    this.shape = "";
    /** @type {Map<string, HTMLButtonElement>} */
    this.buttons = new Map();
    /** What tells strangers apart: in this page's memory, on no disk. @type {Map<string, string>} */
    this.signs = new Map();
    this.whose = "";
    /** The seat a finger was on last. */
    this.last = { seat: "", at: -Infinity };
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
    const whose = `${capture.state.session} ${capture.state.observer}`;
    if (this.whose !== whose) this.signs.clear();
    this.whose = whose;
    const armed = capture.taps.armed?.seat;
    const missed = capture.missed();
    const owing = capture.owing();
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
      const sign = this.signs.get(seat.seat) || "";
      const own = COLOURS.includes(sign) ? t(sign) : sign;
      const shown = /** @type {HTMLElement} */ (button.lastElementChild);
      shown.dataset.colour = own === sign ? "" : sign;
      text(shown, own);
      const said = [t("seat {seat}", { seat: seat.seat }), ...(own ? [own] : [])];
      if (speaking === seat.seat) said.push(t("speaks"));
      if (to) said.push(t("is spoken to"));
      if (!seat.inside) said.push(t("not in the room"));
      set(button, "missed", missed.includes(seat.seat));
      set(button, "owing", owing.includes(seat.seat));
      if (missed.includes(seat.seat)) said.push(t("the round has not come here"));
      if (owing.includes(seat.seat)) said.push(t("a contract is open"));
      button.dataset.scope = seat.scope;
      if (Object.hasOwn(SCOPES, seat.scope)) said.push(t(SCOPES[seat.scope]));
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
    const before = new Map(this.buttons);
    this.buttons.clear();
    const buttons = seats.map(({ seat }) => {
      const there = before.get(seat);
      if (there) {
        this.buttons.set(seat, there);
        return there;
      }
      const button = document.createElement("button");
      button.type = "button";
      button.className = "seat";
      button.dataset.seat = seat;
      const sign = document.createElement("b");
      sign.textContent = seat;
      button.append(sign, document.createElement("em"));
      press(button, {
        act: (at) => this.#tapped(seat, at),
        now: () => capture.clock.tap(),
        hold: () => {
          // a slow finger on the seat that is waited for is a tap
          if (capture.taps.armed || capture.taps.asking) return false;
          return capture.correct.offers.ofSeat(seat);
        },
        drop: (event) => {
          const onto = document.elementFromPoint(event.clientX, event.clientY)?.closest(".seat");
          if (onto instanceof HTMLElement && onto.dataset.seat) capture.correct.exchange(seat, onto.dataset.seat);
        },
      });
      this.buttons.set(seat, button);
      return button;
    });
    if (!this.group.childElementCount) this.group.append(document.createElement("b"), document.createElement("span"));
    // a finger may be on one: what stays is not taken out
    for (const old of [...this.place.children]) if (old !== this.group && !buttons.includes(/** @type {any} */ (old))) old.remove();
    [...buttons, this.group].forEach((button, i) => {
      const there = this.place.children[i];
      if (there !== button) this.place.insertBefore(button, there || null);
    });
    this.#arrange();
  }

  /** A finger on a seat; soon again on the same one it is the same tap. @param {string} seat @param {number} at */
  #tapped(seat, at) {
    const { capture, last } = this;
    const { armed, quick } = capture.taps;
    const named = armed ? armed.seat === seat : quick && capture.speaking() === seat;
    if (last.seat === seat && at - last.at < (named ? TWICE : AGAIN)) return capture.say("{seat} twice: taken once", { seat });
    this.last = { seat, at };
    return this.seat(seat, at);
  }

  /** Offer signs for a seat: a word, a shape, none. @param {string} seat */
  sign(seat) {
    const { capture } = this;
    const take = (/** @type {string} */ sign) => {
      capture.taps.offer = null;
      if (sign) this.signs.set(seat, sign);
      else this.signs.delete(seat);
      capture.changed();
    };
    const choices = () => [
      { words: t("a word"), act: () => this.#write(seat, take) },
      ...SHAPES.map((shape) => ({ sign: shape, words: "", act: () => take(shape) })),
      ...COLOURS.map((colour) => ({ words: t(colour), act: () => take(colour) })),
      ...(this.signs.has(seat) ? [{ words: t("no sign"), act: () => take("") }] : []),
    ];
    capture.correct.offers.show("a sign, seen on this page only", choices);
  }

  /** Write it on the disc itself. @param {string} seat @param {(sign: string) => void} take */
  #write(seat, take) {
    const button = this.buttons.get(seat);
    if (!button) return;
    const field = Object.assign(document.createElement("input"), { type: "text", maxLength: LONGEST, autocomplete: "off", value: COLOURS.includes(this.signs.get(seat) || "") ? "" : this.signs.get(seat) || "" });
    field.id = "sign";
    label(field, t("a sign for {seat}", { seat }));
    field.enterKeyHint = "done";
    field.style.left = `${button.offsetLeft + button.offsetWidth / 2}px`;
    field.style.top = `${button.offsetTop + button.offsetHeight / 2}px`;
    let written = false;
    const done = (/** @type {boolean} */ keep) => {
      if (written) return;
      written = true;
      document.removeEventListener("pointerdown", beside, true);
      field.remove();
      if (keep) take(field.value.trim());
    };
    // a finger anywhere else is done with it, and does what it does there
    const beside = (/** @type {Event} */ event) => event.target !== field && done(true);
    document.addEventListener("pointerdown", beside, true);
    field.addEventListener("keydown", (event) => {
      // keyboards on screens give no code
      if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      done(event.key !== "Escape");
    });
    field.addEventListener("blur", () => done(true));
    this.place.append(field);
    field.focus({ preventScroll: true });
    field.select();
  }

  /** The seats in the order in which they are drawn. */
  letters() {
    return [...this.buttons.keys()];
  }

  /** @param {string} seat @param {number} at */
  seat(seat, at) {
    if (!this.about(seat)) this.capture.tap((taps) => taps.seat(seat, at), at);
  }

  /**
   * The one who records sits at the bottom, the others round the circle as in the room, as long as the discs have room;
   * more of them bend it towards the edges, and too many stand in rows.
   */
  #arrange() {
    // where the page scrolls they stand in rows by its style
    const scrolls = getComputedStyle(/** @type {Element} */ (this.place.closest("main"))).display === "block";
    const { width, height } = this.place.getBoundingClientRect();
    const [across, down] = [width / 2 - 40, height / 2 - 40];
    const found = BENDS.map((bend) => spread(this.buttons.size, across, down, bend)).find((places) => apart(places) >= DISC);
    set(this.place, "rows", !found && !scrolls);
    [...this.buttons.values()].forEach((button, i) => {
      const [x, y] = found ? found[i] : [0, 0];
      button.style.left = `${width / 2 + x}px`;
      button.style.top = `${height / 2 + y}px`;
    });
  }
}

/**
 * Places at equal ways along a closed line round the middle, from its lowest point on: an ellipse, or with a greater
 * `bend` (the exponent of a superellipse) nearer to its rectangle.
 * @param {number} count @param {number} across @param {number} down @param {number} bend @returns {[number, number][]}
 */
function spread(count, across, down, bend) {
  const part = (/** @type {number} */ n) => Math.sign(n) * Math.abs(n) ** (2 / bend);
  const line = Array.from({ length: FINE + 1 }, (_, i) => {
    const angle = Math.PI / 2 + (2 * Math.PI * i) / FINE;
    return /** @type {[number, number]} */ ([across * part(Math.cos(angle)), down * part(Math.sin(angle))]);
  });
  const ways = [0];
  for (let i = 1; i <= FINE; i++) ways.push(ways[i - 1] + Math.hypot(line[i][0] - line[i - 1][0], line[i][1] - line[i - 1][1]));
  return Array.from({ length: count }, (_, n) => line[ways.findIndex((way) => way >= (ways[FINE] * n) / count)]);
}

/** The least distance between two of the places. @param {[number, number][]} places */
function apart(places) {
  let least = Infinity;
  places.forEach(([x, y], i) => places.slice(0, i).forEach(([u, v]) => (least = Math.min(least, Math.hypot(x - u, y - v)))));
  return least;
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
