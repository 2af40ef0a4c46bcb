/** The other observers, as far as they concern who records here: faint marks, who leads, whether it is blind. */

import { label, set, text } from "./circle.js";
import { turnOf } from "./book.js";
import { press } from "./press.js";
import { t } from "./words.js";

export class Others {
  /** @param {import("./capture.js").Capture} capture */
  constructor(capture) {
    this.capture = capture;
    this.lead = "";
    this.listed = "";
    /** @type {typeof import("./observers.js") | null} what the list is drawn by, once it is asked for */
    this.sheet = null;
    press(part("who"), { act: () => this.show(Boolean(part("observers").hidden)), now: () => capture.clock.tap() });
  }

  /** The labels of what stands. */
  name() {
    text(part("blind"), t("blind"));
    part("blind").title = t("observers are not shown each other's marks");
    label(part("observers"), t("observers"));
    this.listed = "";
  }

  render() {
    const { state } = this.capture;
    const leads = this.capture.leads();
    part("blind").hidden = !state.blind;
    text(part("who"), leads ? `★ ${state.observer}` : state.observer);
    label(part("who"), `${state.observer}, ${leads ? t("you lead") : t("{observer} leads", { observer: state.lead })}: ${t("observers")}`);
    part("phase-before").hidden = part("phase-after").hidden = !leads;
    this.#passed(state.lead, leads);
    this.#mark();
    this.#list();
  }

  /** Say it where the lead has come or gone. @param {string} lead @param {boolean} leads */
  #passed(lead, leads) {
    const before = this.lead;
    this.lead = lead;
    if (!before || before === lead) return;
    if (leads) this.capture.say("you lead now: the phases and the end are yours");
    else this.capture.say("{observer} leads now", { observer: lead });
  }

  /** What another observer marked last: a hollow dot on the seat, a faint line below. */
  #mark() {
    const { capture } = this;
    const entry = capture.entries.other();
    const tokens = entry ? entry.line.split(" ") : [];
    const turn = tokens.map(turnOf).find(Boolean);
    for (const seat of document.querySelectorAll(".seat"))
      set(/** @type {HTMLElement} */ (seat), "other", /** @type {HTMLElement} */ (seat).dataset.seat === turn?.sender);
    part("other").hidden = !entry;
    part("other").dataset.line = entry?.line || "";
    text(part("other"), entry ? `◌ ${entry.observer}: ${capture.book.say(entry.line)}` : "");
  }

  /** @param {boolean} shown */
  async show(shown) {
    part("observers").hidden = !shown;
    part("who").setAttribute("aria-expanded", String(shown));
    this.listed = "";
    if (!shown) return;
    this.sheet ??= await import("./observers.js").catch(() => null);
    if (this.sheet) this.#list();
    else this.capture.say("no connection: {count} kept here", { count: String(this.capture.entries.waiting()) });
  }

  /** Draw the list anew only where it says something else: a link that is shown stays. */
  #list() {
    const { state } = this.capture;
    const now = JSON.stringify([state.observers, state.lead, state.observer, state.blind]);
    if (part("observers").hidden || !this.sheet || now === this.listed) return;
    this.listed = now;
    this.sheet.list(part("observers"), this.capture, () => this.show(false));
  }
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
