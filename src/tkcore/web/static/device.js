/** The device: whether its screen stays on, how long its battery lasts, whether it slept. Knows nothing of a session. */

import { percent, t } from "./words.js";

/** The battery is shown below this, in a warning's dress below the other. */
const SHOWN = 0.3;
const LOW = 0.2;
/** A page in front whose clock stood this long was asleep with its device. */
const SLEPT = 10_000;
const BEAT = 1000;

export class Device extends EventTarget {
  constructor() {
    super();
    /** @type {"asked" | "on" | "may go off"} */
    this.screen = "asked";
    /** @type {any} null: this device does not say */
    this.battery = null;
    /** @type {boolean | null} whether what waits here may be cleared when the disk gets full */
    this.lasting = null;
    this.seen = Date.now();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  begin() {
    this.awake();
    document.addEventListener("visibilitychange", () => {
      this.seen = Date.now();
      if (document.visibilityState === "visible") this.awake();
    });
    setInterval(() => this.#beat(), BEAT);
    navigator.storage?.persisted?.().then((is) => (this.lasting = is)).catch(() => undefined);
    return /** @type {any} */ (navigator).getBattery?.().then((/** @type {any} */ battery) => {
      this.battery = battery;
      for (const what of ["levelchange", "chargingchange"]) battery.addEventListener(what, () => this.#changed());
      this.#changed();
    }).catch(() => undefined);
  }

  #beat() {
    const slept = document.visibilityState === "visible" && Date.now() - this.seen > SLEPT;
    this.seen = Date.now();
    if (slept) this.dispatchEvent(new Event("woke"));
  }

  /** Ask that the screen stays on: again each time the page is in front, a hidden page loses it. */
  async awake() {
    if (document.visibilityState !== "visible" || this.screen === "on") return;
    try {
      const lock = await navigator.wakeLock.request("screen");
      this.screen = "on";
      lock.addEventListener("release", () => {
        this.screen = "may go off";
        this.#changed();
      }, { once: true });
    } catch {
      this.screen = "may go off";
    }
    this.#changed();
  }

  get low() {
    return Boolean(this.battery) && !this.battery.charging && this.battery.level < LOW;
  }

  /** What whoever records should know, "" if all is well. */
  said() {
    const said = [];
    const { battery } = this;
    if (battery && !battery.charging && battery.level < SHOWN) said.push(t("battery {level}", { level: percent(battery.level) }));
    if (this.screen === "may go off") said.push(t("the screen may turn off"));
    return said.join(" · ");
  }
}
