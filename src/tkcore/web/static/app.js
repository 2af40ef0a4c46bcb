/** The page: begins, listens to fingers and keys, and draws what is the case. */

import { Alerts } from "./alerts.js";
import { bare } from "./bare.js";
import { Capture } from "./capture.js";
import { Circle } from "./circle.js";
import { Ending } from "./ending.js";
import { Device } from "./device.js";
import * as favourites from "./favourites.js";
import { Finding } from "./finding.js";
import { guide } from "./guide.js";
import { keys as keymap } from "./keys.js";
import * as link from "./link.js";
import { Notes } from "./notes.js";
import { Pad } from "./pad.js";
import { Patient } from "./patient.js";
import { press } from "./press.js";
import { Others } from "./others.js";
import { fill, section, settings } from "./settings.js";
import * as start from "./start.js";
import { Strip } from "./strip.js";
import { begin, learn, speak, spoken, t } from "./words.js";

const KEYS_KEPT = "tkcore.keys";

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const main = /** @type {HTMLElement} */ (document.querySelector("main"));

const capture = new Capture(await start.queue);
const circle = new Circle(part("circle"), capture);
const pad = new Pad(part("families"), part("tiles"), capture);
const strip = new Strip(capture);
const notes = new Notes(part("note"), capture);
const finding = new Finding(part("finding"), capture);
circle.about = (/** @type {string} */ seat) => notes.about(seat);
pad.finding = () => finding.found();
pad.chose = () => capture.taps.pick || finding.close();
const { offers } = capture.correct;
offers.does = (/** @type {string} */ act) => doKey({ act });
offers.note = (/** @type {string} */ seat) => notes.begin(seat);
offers.sign = (/** @type {string} */ seat) => circle.sign(seat);
offers.favour = () => favourites.choose(capture);
const ending = new Ending(part("end"), part("ended"), capture);
const alerts = new Alerts(part("alert"), capture);
const others = new Others(capture);
const device = new Device();
const covered = ["top", "settings", "guide", "observers", "ended"].map(part);
new Patient(part("patient"), part("show"), [main, ...covered], () => circle.letters());

/** Whether single keys record. */
let keys = localStorage.getItem(KEYS_KEPT) !== "off";
let learned = false;
let named = "";
let drawn = 0;
/** The session whose review was offered. */
let offered = "";

/** @type {[string, string, string, (at: number) => void][]} id, key, words, act */
const ACTS = [
  ["reply", "⇄", "answer", (at) => capture.tap((taps) => taps.reply(at), at)],
  ["hush", "␣", "silence", (at) => capture.tap((taps) => taps.hush(at), at)],
  ["crowd", "x", "several at once", (at) => capture.tap((taps) => taps.crowd(at), at)],
  ["star", ";", "star", (at) => capture.tap((taps) => taps.star(at), at)],
  ["quick", "c", "quick mode", () => capture.quicken()],
  ["noting", "/", "note", () => notes.begin()],
  ["rarer", "⋯", "more", () => offers.more()],
];

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
// a palm on the header, where no button is, hides everything
part("top").addEventListener("pointerup", (event) => {
  // what scrolls is cancelled instead
  if (event.button === 0 && event.target instanceof Element && !event.target.closest("button, a")) veil(true);
});
does("help", () => help());
does("review-open", () => openReview());
does("set", () => settings());
does("tongue", () => {
  speak(spoken() === "id" ? "en" : "id");
  capture.changed();
});
does("keys", () => {
  keys = !keys;
  localStorage.setItem(KEYS_KEPT, keys ? "on" : "off");
  named = "";
  draw();
});

/** The minutes after the group; also in a break. @param {boolean} [offered] */
async function openReview(offered = false) {
  const { open } = await import("./review.js").catch(() => ({ open: null }));
  if (open) await open(capture, offered);
}

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

/** Tab moves through the page: then Enter and Space press what has the focus. @param {boolean} is */
function focus(is) {
  if (capture.focusing === is) return;
  capture.focusing = is;
  capture.changed();
}
document.addEventListener("pointerdown", () => focus(false));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !capture.state || main.hidden) return;
  if (event.code === "Tab") focus(true);
  if (!keys) return;
  if (event.target instanceof HTMLInputElement) return;
  if (capture.focusing && (event.code === "Enter" || event.code === "Space")) return;
  const act = keymap.actOf(event.code, event.shiftKey || event.key === "?", Boolean(capture.taps.open || capture.taps.others));
  if (!act) return;
  event.preventDefault();
  if (!event.repeat) doKey(act);
});
document.addEventListener("keyup", (event) => {
  // a button takes Space on letting go
  if (keys && !capture.focusing && !main.hidden && event.code === "Space") event.preventDefault();
});

/** @param {import("./keys.js").Act} act */
function doKey(act) {
  const at = capture.clock.tap();
  const value = act.value || "";
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
      return capture.tap((taps) => taps.group(at), at);
    case "hush":
      return capture.tap((taps) => taps.hush(at), at);
    case "crowd":
      return capture.tap((taps) => taps.crowd(at), at);
    case "star":
      return capture.tap((taps) => taps.star(at), at);
    case "again":
      return capture.tap((taps) => taps.again(capture.code, at), at);
    case "quick":
      return capture.quicken();
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
      return capture.correct.too();
    case "target":
      return capture.correct.target();
    case "exchange":
      return capture.correct.exchange();
    case "cursor-before":
      return capture.correct.cursor(-1);
    case "cursor-after":
      return capture.correct.cursor(1);
    case "others":
      return capture.tap((taps) => taps.elsewhere(at), at);
    case "note":
      return notes.begin();
    case "find":
      return finding.begin();
    case "rest":
      return alerts.dismiss();
    case "veil":
      return veil(Boolean(part("veil").hidden));
    case "ago":
      return offers.ago();
    case "review":
      return openReview();
    case "guide":
      return help();
    case "disarm":
      help(false);
      finding.close();
      others.show(false);
      focus(false);
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
  part("review-open").textContent = t("review");
  part("keys").textContent = keys ? t("keys on") : t("keys off");
  part("keys").setAttribute("aria-pressed", String(keys));
  part("floor").setAttribute("aria-label", t("the circle"));
  part("pad").setAttribute("aria-label", t("codes"));
  part("strip").setAttribute("aria-label", t("state and last entries"));
  part("families").setAttribute("aria-label", t("code families"));
  part("circle").setAttribute("aria-label", t("seats"));
  part("acts").setAttribute("aria-label", t("floor"));
  part("alert").setAttribute("aria-label", t("alerts"));
  part("phase").setAttribute("aria-label", t("phase"));
  part("guide").setAttribute("aria-label", t("Keys"));
  for (const [id, , words] of ACTS) part(id).lastElementChild?.replaceChildren(t(words));
  strip.name();
  part("note").setAttribute("aria-label", t("note"));
  part("finding").setAttribute("aria-label", t("search a code"));
  part("bare").textContent = t("without offline");
  part("show").textContent = t("for patients");
  part("set").setAttribute("aria-label", t("settings"));
  fill();
  others.name();
  if (capture.book) guide(part("guide"), capture.book, () => capture.changed());
}

function draw() {
  const ready = Boolean(capture.state) && learned && !choosing;
  part("top").hidden = main.hidden = !ready;
  part("before").hidden = !choosing;
  part("away").hidden = (ready || choosing) && capture.link !== "locked";
  part("away").role = ready || choosing ? "region" : "main";
  if (!ready) return;
  name();
  part("session").textContent = capture.state.session;
  part("quick").setAttribute("aria-pressed", String(capture.taps.quick));
  circle.render();
  if (pad.book !== capture.book) favourites.own(capture.book, capture.state.observer);
  notes.render();
  finding.render();
  pad.render();
  strip.render();
  ending.render();
  alerts.render();
  others.render();
  part("device").textContent = device.said();
  part("device").toggleAttribute("data-low", device.low);
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
capture.addEventListener("change", () => {
  // once a session: who closes it has seen it
  if (!capture.state?.closed || ending.stands || capture.link !== "live" || offered === capture.state.session) return;
  offered = capture.state.session;
  openReview(true);
});
setInterval(() => capture.state && learned && strip.tick(), 250);

// -- the beginning --

/** Without them nothing is shown; they are kept for a page that begins without a server. @param {Promise<any>} [coming] */
async function words(coming = link.words()) {
  let said;
  try {
    said = await coming;
    capture.queue.keep("words", said).catch(() => undefined);
  } catch {
    said = learned ? null : await capture.queue.kept("words").catch(() => null);
  }
  if (!said) return;
  learn(said);
  learned = true;
}

/** No session is open yet: it is set up first. */
let choosing = false;
capture.addEventListener("change", async () => {
  if (capture.link === "live") choosing = false;
  if (capture.link !== "before" || choosing) return;
  choosing = true;
  if (!learned) await words();
  const form = await import("./before.js").catch(() => null);
  if (!form) {
    choosing = false; // asked again with the next try
    return;
  }
  draw();
  await form.before(part("before"));
  capture.poke();
});

let configured = "";
capture.addEventListener("change", () => {
  if (capture.state && capture.state.language !== configured) begin((configured = capture.state.language));
  if (!learned && capture.link === "live") words().then(draw);
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    capture.wake();
  }
});
window.addEventListener("online", () => capture.anew());
window.addEventListener("hashchange", () => capture.enter());

device.addEventListener("change", soon);
device.addEventListener("woke", () => capture.anew());
section("look", async () => (await import("./looks.js")).looks());
section("this device", async () => (await import("./looks.js")).says(device));

navigator.serviceWorker?.register("/sw.js").catch(() => bare(part("bare")));
device.begin();
await capture.enter(start.entered);
const spoke = words(start.words);
// what was kept here first, else it would stand over what the server says
await capture.begin(await start.kept).catch(reportError);
capture.connect(start.state);
await spoke;
draw();
