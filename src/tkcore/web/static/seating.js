/** Who sits where: a circle to drag in, and the same as a list with buttons. Tells of each change. */

import { t } from "./words.js";

const LEADERS = ["therapist", "co_therapist"];
const LETTERS = [..."ABCDEFGHIJLMNOPQRSUVWXYZ"];
const NEAR = 8;
/** @param {string} role */
const called = (role) => t(role === "co_therapist" ? "co-therapist" : role);

/**
 * @typedef {{seat: string, role: string, absent: boolean}} Chair
 * @typedef {{seat: string, role: string, allows: string | null, withdrawn: boolean}} Person
 */

/**
 * Make an element; an attribute that is a function listens, one that is false is left out.
 * @param {string} tag @param {Record<string, any>} [of] @param {...(Node | string)} inside
 * @returns {any}
 */
export function el(tag, of = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(of)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...inside);
  return made;
}

export class Seating {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.circle = el("div", { id: "b-circle", role: "group" });
    this.list = el("ol", { id: "b-list" });
    this.add = el("select", { id: "b-add" });
    this.whole = el("div", { id: "b-places" });
    /** @type {Chair[]} */
    this.chairs = [];
    /** @type {Person[]} */
    this.people = [];
    /** @type {string[]} */
    this.gone = [];
    this.group = "";
  }

  /** @param {Chair[]} chairs @param {Person[]} people @param {string[]} gone @param {string} group */
  take(chairs, people, gone, group) {
    Object.assign(this, { chairs, people, gone, group });
  }

  render() {
    this.circle.setAttribute("aria-label", t("the circle"));
    this.#draw();
    this.#arrange();
    const add = el("button", { type: "button", id: "b-adding", click: () => this.#adding() }, t("add"));
    this.whole.replaceChildren(
      el("p", { class: "b-note" }, t("Drag a seat to its place, or use the buttons. Tap a seat: present or absent.")),
      this.circle,
      el("div", {}, this.list, el("p", { class: "b-row" }, el("label", { for: "b-add" }, t("further seat")), this.add, add)),
    );
  }

  // -- changing --

  #done(focus = "") {
    this.#draw();
    this.#arrange();
    if (focus) /** @type {HTMLElement | null} */ (this.whole.querySelector(focus))?.focus();
    this.changed();
  }

  /** @param {number} from @param {number} to @param {string} [focus] */
  move(from, to, focus) {
    const count = this.chairs.length;
    to = (to + count) % count;
    if (from === to) return;
    this.chairs.splice(to, 0, ...this.chairs.splice(from, 1));
    this.#done(focus);
  }

  /** @param {Chair} chair @param {string} focus */
  #attend(chair, focus) {
    chair.absent = !chair.absent;
    this.#done(focus);
  }

  #adding() {
    const [kind, word] = this.add.value.split(":");
    const person = this.people.find((p) => p.seat === word);
    const seat = kind === "seat" ? word : this.#free(word);
    if (!seat) return;
    this.chairs.push({ seat, role: kind === "seat" ? person?.role || "member" : word, absent: false });
    this.#done(`[data-chair="${seat}"] .b-there`);
  }

  /** The next sign nobody has or had. @param {string} role */
  #free(role) {
    const used = new Set([...this.chairs.map((c) => c.seat), ...this.people.map((p) => p.seat), ...this.gone]);
    const letters = role === "therapist" ? ["T"] : role === "co_therapist" ? ["K"] : LETTERS;
    for (let n = 0; n < 100; n++)
      for (const letter of letters) if (!used.has(`${letter}${n || ""}`)) return `${letter}${n || ""}`;
    return "";
  }

  // -- drawing --

  #draw() {
    this.list.replaceChildren(...this.chairs.map((chair, i) => this.#row(chair, i)));
    const out = this.people.filter((p) => !this.chairs.some((c) => c.seat === p.seat));
    this.add.replaceChildren(
      ...out.map((p) => el("option", { value: `seat:${p.seat}` }, `${p.seat} (${called(p.role)})`)),
      ...["member", "visitor", "staff", "volunteer", ...LEADERS].map((role) => el("option", { value: `role:${role}` }, `${this.#free(role)} (${called(role)})`)),
    );
  }

  /** @param {Chair} chair @param {number} i */
  #row(chair, i) {
    const { seat } = chair;
    const own = (/** @type {string} */ name) => `[data-chair="${seat}"] .${name}`;
    const there = el("input", { type: "checkbox", class: "b-there", change: () => this.#attend(chair, own("b-there")) });
    there.checked = !chair.absent;
    /** @param {string} name @param {string} sign @param {string} says @param {() => void} act */
    const button = (name, sign, says, act) => el("button", { type: "button", class: name, "aria-label": says, click: act }, sign);
    const row = el(
      "li", { "data-chair": seat },
      el("b", {}, seat),
      el("span", { class: "b-role" }, called(chair.role)),
      el("label", {}, there, t("present")),
      button("b-up", "▲", t("{seat} one place up", { seat }), () => this.move(i, i - 1, own("b-up"))),
      button("b-down", "▼", t("{seat} one place down", { seat }), () => this.move(i, i + 1, own("b-down"))),
      button("b-off", "×", t("no seat for {seat}", { seat }), () => {
        this.chairs.splice(i, 1);
        this.#done("#b-adding");
      }),
      el("small", {}, this.#consent(chair)),
    );
    if (chair.absent) row.dataset.absent = "";
    return row;
  }

  /** What the consent on record means for the recording. @param {Chair} chair */
  #consent({ seat, role }) {
    const person = this.people.find((p) => p.seat === seat);
    if (LEADERS.includes(role) && !person?.allows) return "";
    if (!person || person.allows === null) return t("no consent on record");
    if (person.withdrawn) return t("consent withdrawn: nothing is recorded of this seat");
    if (person.allows === "none") return t("no consent: nothing is recorded of this seat");
    return person.allows === "full" ? t("consent: everything") : t("consent: only who speaks to whom, no codes");
  }

  /** Who records sits at the bottom, as on the capture page. */
  #arrange() {
    const count = this.chairs.length;
    const at = (/** @type {string} */ role) => this.chairs.findIndex((c) => c.role === role);
    const first = Math.max(0, at("co_therapist") >= 0 ? at("co_therapist") : at("therapist"));
    // of many seats the discs become smaller, not the circle wider than the page
    const size = Math.min(560, Math.max(300, (count * 84) / Math.PI + 84));
    const wide = Math.max(36, Math.min(76, (Math.PI * (size - 80)) / count - 4));
    this.circle.style.width = this.circle.style.height = `${size}px`;
    this.circle.replaceChildren(
      ...this.chairs.map((chair, i) => {
        const disc = el(
          "button", { type: "button", class: "b-disc", "data-disc": chair.seat, "aria-pressed": String(!chair.absent) },
          el("b", {}, chair.seat), " ", el("span", {}, chair.absent ? t("absent") : ""),
        );
        disc.setAttribute("aria-label", `${t("seat {seat}", { seat: chair.seat })} ${t(chair.absent ? "absent" : "present")}`);
        if (LEADERS.includes(chair.role)) disc.dataset.leader = "";
        disc.style.width = disc.style.height = `${wide}px`;
        disc.style.margin = `${-wide / 2}px`;
        const angle = Math.PI / 2 + (2 * Math.PI * (i - first)) / count;
        disc.style.left = `${size / 2 + (size / 2 - 40) * Math.cos(angle)}px`;
        disc.style.top = `${size / 2 + (size / 2 - 40) * Math.sin(angle)}px`;
        this.#drags(disc, chair, i, first, size);
        return disc;
      }),
    );
  }

  /** @param {HTMLElement} disc @param {Chair} chair @param {number} i @param {number} first @param {number} size */
  #drags(disc, chair, i, first, size) {
    const own = `[data-disc="${chair.seat}"]`;
    /** @type {{x: number, y: number} | null} */
    let from = null;
    let moved = false;
    /** @param {PointerEvent} event */
    const here = (event) => {
      const box = this.circle.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    disc.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = here(event);
      moved = false;
      disc.setPointerCapture(event.pointerId);
    });
    disc.addEventListener("pointermove", (event) => {
      if (!from) return;
      const { x, y } = here(event);
      moved ||= Math.hypot(x - from.x, y - from.y) > NEAR;
      if (!moved) return;
      disc.dataset.dragged = "";
      disc.style.left = `${x}px`;
      disc.style.top = `${y}px`;
    });
    const drop = (/** @type {PointerEvent} */ event) => {
      if (!from) return;
      from = null;
      if (!moved) return;
      const { x, y } = here(event);
      const turn = (Math.atan2(y - size / 2, x - size / 2) - Math.PI / 2) / (2 * Math.PI);
      const to = (Math.round(turn * this.chairs.length) + first + 2 * this.chairs.length) % this.chairs.length;
      if (event.type === "pointerup" && to !== i) this.move(i, to);
      else this.#arrange();
    };
    disc.addEventListener("pointerup", drop);
    disc.addEventListener("pointercancel", drop);
    disc.addEventListener("click", () => {
      if (!moved) this.#attend(chair, own);
      moved = false;
    });
    disc.addEventListener("keydown", (event) => {
      const by = { ArrowRight: -1, ArrowUp: -1, ArrowLeft: 1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.move(i, i + by, own);
    });
  }
}
