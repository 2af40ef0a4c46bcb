/** Session time on this device: what the server said last, and how long ago that was. */

/** What the wall clock must be ahead of the page's own before we believe that the device slept. */
const SLEPT = 2000;

const AHEAD = 500;

export class Clock {
  constructor() {
    this.base = 0;
    this.running = false;
    this.mark = performance.now();
    this.wall = Date.now();
    this.latest = 0;
  }

  /**
   * Take what an answer said, as of the moment it came: so the page is behind the server, never ahead.
   * @param {number} now @param {boolean} running @param {number} [came] on the page's own clock
   */
  set(now, running, came = performance.now()) {
    this.base = now;
    this.running = running;
    this.mark = came;
    this.wall = Date.now() - (performance.now() - came);
  }

  /** Take the time beside an answer; small differences are the way it took. @param {number} now */
  adjust(now) {
    const own = this.now();
    if (now > own || own - now > AHEAD) this.set(now, this.running);
  }

  /** Go on from a time kept before a reload. @param {{now: number, running: boolean, wall: number}} kept */
  resume(kept) {
    this.set(kept.now + (kept.running ? Math.max(0, Date.now() - kept.wall) : 0), kept.running);
  }

  keep() {
    return { now: this.now(), running: this.running, wall: Date.now() };
  }

  /** The time of a tap: never before that of the tap before. */
  tap() {
    this.latest = Math.max(this.latest, this.now());
    return this.latest;
  }

  /** Milliseconds on the session clock. */
  now() {
    if (!this.running) return Math.round(this.base);
    const own = performance.now() - this.mark;
    const wall = Date.now() - this.wall;
    // the page's clock stands while the device sleeps
    return Math.round(this.base + (wall - own > SLEPT ? wall : own));
  }
}

/** `0:12:04` @param {number} ms */
export function clockText(ms) {
  const s = Math.floor(ms / 1000);
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** `1:04` @param {number} ms */
export function lengthText(ms) {
  const s = Math.floor(ms / 1000);
  return `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** @param {number} n */
function two(n) {
  return String(n).padStart(2, "0");
}
