/**
 * What a finger, a mouse or a key does to a button. The time is that of touching down; it counts on lifting on the
 * same button, so that sliding off takes it back. A pointer leaves no focus behind.
 */

const HELD = 600;
/** When a pointer was lifted: the click that follows may fall on what has come to lie there since. */
let lifted = -Infinity;
addEventListener("pointerup", () => (lifted = performance.now()), true);
/** How many fingers are down. */
let fingers = 0;

/** Whether a finger is on a button just now: what it does is not known yet. */
export function pressing() {
  return fingers > 0;
}

/**
 * @param {HTMLElement} button
 * @param {object} what
 * @param {(at: number, key: any) => void} what.act `key` is what `what.of` gave on touching down
 * @param {() => number} what.now
 * @param {() => any} [what.of] what the button stands for; if that changes under the finger, nothing is done
 * @param {(key: any) => unknown} [what.hold] held for a while: then lifting does nothing, unless false is returned
 * @param {() => void} [what.release]
 * @param {(event: PointerEvent) => void} [what.drop] held, and lifted elsewhere
 * @param {() => void} [what.unhold] it was not held: a busy device told of the lifting too late
 */
export function press(button, { act, now, of = () => null, hold, release, drop, unhold }) {
  /** @type {{pointer: number, at: number, stamp: number, key: any, held: boolean, timer: any} | null} */
  let down = null;

  const letGo = () => {
    if (!down) return;
    clearTimeout(down.timer);
    fingers--;
    if (down.held && release) release();
    down = null;
    delete button.dataset.down;
  };

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || down) return;
    const timer = /** @type {any} */ (undefined);
    const own = { pointer: event.pointerId, at: now(), stamp: event.timeStamp, key: of(), held: false, timer };
    down = own;
    fingers++;
    try {
      button.setPointerCapture(event.pointerId);
    } catch {
      // lifted already
    }
    button.dataset.down = "";
    if (hold)
      own.timer = setTimeout(() => {
        own.held = hold(own.key) !== false;
      }, HELD);
  });
  button.addEventListener("pointerup", (event) => {
    if (!down || down.pointer !== event.pointerId) return;
    const { at, stamp, key, held } = down;
    const here = inside(button, event);
    // the events know how long it was, the timer only when this page had time for it
    const tapped = event.timeStamp - stamp < HELD;
    letGo();
    if (held && tapped && unhold) unhold();
    if (held && !tapped && !here && drop) drop(event);
    if (here && (tapped || !held) && of() === key) act(at, key);
  });
  button.addEventListener("pointercancel", letGo);
  button.addEventListener("lostpointercapture", letGo);
  // no focus by pointer, no menu under a held finger
  button.addEventListener("mousedown", (event) => event.preventDefault());
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  // a key, or a screen reader: there was no pointer
  button.addEventListener("click", (event) => {
    if (event.detail === 0 || performance.now() - lifted > 1000) act(now(), of());
  });
}

/** @param {HTMLElement} button @param {PointerEvent} event */
function inside(button, event) {
  const box = button.getBoundingClientRect();
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
}
