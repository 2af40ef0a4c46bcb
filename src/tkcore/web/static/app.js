/** The page: begins, listens to fingers and keys, and draws what is the case. */

import { Capture } from "./capture.js";
import { Circle } from "./circle.js";
import { guide } from "./guide.js";
import { actOf } from "./keys.js";
import * as link from "./link.js";
import { Pad } from "./pad.js";
import { press } from "./press.js";
import { Others } from "./others.js";
import { open } from "./queue.js";
import { Strip } from "./strip.js";
import { begin, learn, speak, spoken, t } from "./words.js";

const KEYS_KEPT = "tkcore.keys";

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const main = /** @type {HTMLElement} */ (document.querySelector("main"));

const capture = new Capture(await open());
const circle = new Circle(part("circle"), capture);
const pad = new Pad(part("families"), part("tiles"), capture);
const strip = new Strip(capture);
const others = new Others(capture);

/** Whether single keys record. */
let keys = localStorage.getItem(KEYS_KEPT) !== "off";
/** Tab moves through the page: then Enter and Space press what has the focus. */
let focusing = false;
/** The next seat is one more receiver. */
let too = false;
let learned = false;
let named = "";
let drawn = 0;

/** @type {[string, string, string, (at: number) => void][]} id, key, words, act */
const ACTS = [
  ["reply", "⇄", "answer", (at) => capture.tap((taps) => taps.reply(at), at)],
  ["hush", "␣", "silence", (at) => capture.tap((taps) => taps.hush(at), at)],
  ["crowd", "x", "several at once", (at) => capture.tap((taps) => taps.crowd(at), at)],
  ["star", ";", "star", (at) => capture.tap((taps) => taps.star(at), at)],
  ["quick", "c", "quick mode", () => quick()],
];

function quick() {
  capture.tap((taps) => {
    taps.settle();
    taps.quick = !taps.quick;
  });
}

for (const [id, sign, , act] of ACTS) {
  const button = document.createElement("button");
  button.type = "button";
  button.id = id;
  const key = document.createElement("b");
  key.textContent = sign;
  button.append(key, document.createElement("span"));
  press(button, { act, now: () => capture.clock.tap() });
  part("acts").append(button);
}

/** @param {string} id @param {(at: number) => void} act */
function does(id, act) {
  press(part(id), { act, now: () => capture.clock.tap() });
}
does("undo", () => capture.correct.undo());
does("phase-before", (at) => phase(-1, at));
does("phase-after", (at) => phase(1, at));
does("veil", () => veil(false));
does("hide", () => veil(true));
does("help", () => help());
does("tongue", () => {
  speak(spoken() === "id" ? "en" : "id");
  draw();
});
does("keys", () => {
  keys = !keys;
  localStorage.setItem(KEYS_KEPT, keys ? "on" : "off");
  named = "";
  draw();
});

/** @param {number} by @param {number} at */
function phase(by, at) {
  if (!capture.leads()) return capture.say("{observer} leads: phases are not yours", { observer: capture.state.lead });
  return capture.tap((taps) => taps.phase(by, capture.phase(), at), at);
}

/** Nothing of the recording is to be seen; it goes on. @param {boolean} hidden */
function veil(hidden) {
  part("veil").hidden = !hidden;
  main.inert = part("top").inert = hidden;
}

function help(shown = Boolean(part("guide").hidden)) {
  pad.words = shown;
  part("guide").hidden = !shown;
  part("help").setAttribute("aria-expanded", String(shown));
  if (shown) others.show(false);
  draw();
}

// -- keys --

document.addEventListener("pointerdown", () => {
  focusing = false;
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !capture.state) return;
  if (event.code === "Tab") focusing = true;
  if (!keys) return;
  if (focusing && (event.code === "Enter" || event.code === "Space")) return;
  const act = actOf(event.code, event.shiftKey, Boolean(capture.taps.open));
  if (!act) return;
  event.preventDefault();
  if (!event.repeat) doKey(act);
});
document.addEventListener("keyup", (event) => {
  // a button takes Space on letting go
  if (keys && !focusing && event.code === "Space") event.preventDefault();
});

/** @param {import("./keys.js").Act} act */
function doKey(act) {
  const at = capture.clock.tap();
  const value = act.value || "";
  const more = too;
  too = false;
  if (more && act.act === "seat") return capture.correct.too(value);
  switch (act.act) {
    case "seat":
      return circle.seat(value, at);
    case "letter":
      return capture.tap((taps) => taps.letter(value, at), at);
    case "family":
      return capture.tap((taps) => {
        const family = capture.book.family(value);
        if (family) taps.family(family, at);
        else taps.letter(value, at);
      }, at);
    case "reply":
      return capture.tap((taps) => taps.reply(at), at);
    case "group":
      return capture.tap((taps) => taps.group(), at);
    case "hush":
      return capture.tap((taps) => taps.hush(at), at);
    case "crowd":
      return capture.tap((taps) => taps.crowd(at), at);
    case "star":
      return capture.tap((taps) => taps.star(at), at);
    case "again":
      return capture.tap((taps) => taps.again(capture.code, at), at);
    case "quick":
      return quick();
    case "phase-before":
      return phase(-1, at);
    case "phase-after":
      return phase(1, at);
    case "undo":
      return capture.correct.undo();
    case "redo":
      return capture.correct.redo();
    case "more":
      return capture.correct.level(1);
    case "less":
      return capture.correct.level(-1);
    case "earlier":
      return capture.correct.earlier();
    case "too":
      too = true;
      return capture.tap((taps) => {
        taps.settle();
        taps.hint("one more receiver: tap the seat");
      }, at);
    case "veil":
      return veil(Boolean(part("veil").hidden));
    case "guide":
      return help();
    case "disarm":
      help(false);
      others.show(false);
      focusing = false;
      return capture.tap((taps) => taps.disarm(), at);
    default:
      return undefined;
  }
}

// -- drawing --

function name() {
  const now = `${spoken()} ${learned} ${keys}`;
  if (now === named) return;
  named = now;
  part("tongue").textContent = spoken() === "id" ? "EN" : "ID";
  part("tongue").lang = spoken() === "id" ? "en" : "id";
  part("tongue").setAttribute("aria-label", spoken() === "id" ? "EN, English" : "ID, Bahasa Indonesia");
  part("promise").textContent = t("no sound, no camera");
  part("hide").textContent = t("hide");
  part("veil").textContent = t("show");
  part("help").textContent = t("help");
  part("keys").textContent = keys ? t("keys on") : t("keys off");
  part("keys").setAttribute("aria-pressed", String(keys));
  part("floor").setAttribute("aria-label", t("the circle"));
  part("pad").setAttribute("aria-label", t("codes"));
  part("strip").setAttribute("aria-label", t("state and last entries"));
  part("families").setAttribute("aria-label", t("code families"));
  part("circle").setAttribute("aria-label", t("seats"));
  part("acts").setAttribute("aria-label", t("floor"));
  part("phase").setAttribute("aria-label", t("phase"));
  part("guide").setAttribute("aria-label", t("Keys"));
  for (const [id, , words] of ACTS) part(id).lastElementChild?.replaceChildren(t(words));
  strip.name();
  others.name();
  if (capture.book) guide(part("guide"), capture.book);
}

function draw() {
  const ready = Boolean(capture.state) && learned;
  part("top").hidden = main.hidden = !ready;
  part("away").hidden = ready && capture.link !== "locked";
  part("away").role = ready ? "region" : "main";
  if (!ready) return;
  name();
  part("session").textContent = capture.state.session;
  part("quick").setAttribute("aria-pressed", String(capture.taps.quick));
  circle.render();
  pad.render();
  strip.render();
  others.render();
  document.documentElement.dataset.ready = "";
}

/** Draw once for all that changes in one go. */
function soon() {
  if (drawn) return;
  drawn = 1;
  queueMicrotask(() => {
    drawn = 0;
    draw();
  });
}

capture.addEventListener("change", soon);
setInterval(() => capture.state && learned && strip.tick(), 250);

// -- the beginning --

/** Without them nothing is shown; they are kept for a page that begins without a server. */
async function words() {
  let said;
  try {
    said = await link.words();
    capture.queue.keep("words", said).catch(() => undefined);
  } catch {
    said = learned ? null : await capture.queue.kept("words").catch(() => null);
  }
  if (!said) return;
  learn(said);
  learned = true;
}

let configured = "";
capture.addEventListener("change", () => {
  if (capture.state && capture.state.language !== configured) begin((configured = capture.state.language));
  if (!learned && capture.link === "live") words().then(draw);
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    capture.wake();
    awake();
  }
});
window.addEventListener("online", () => capture.wake());
window.addEventListener("hashchange", () => capture.enter());

/** Ask that the screen stays on; where that is refused it may go off, which loses nothing. */
async function awake() {
  await navigator.wakeLock?.request("screen").catch(() => undefined);
}

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => undefined);
awake();
await capture.enter();
await Promise.all([words(), capture.begin()]);
draw();
capture.connect();
