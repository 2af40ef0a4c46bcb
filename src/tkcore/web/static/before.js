/** Before the session: what is chosen here is opened as one record, and the page goes on as the capture page. */

import { newId } from "./queue.js";
import { el, Seating } from "./seating.js";
import { begin, label, moment, speak, spoken, t } from "./words.js";

const DRAFT = "tkcore.before";
const QUIET = 400;

/** @type {any} what the server offers */
let offer;
/** @type {any} what is chosen so far; kept over a reload */
let draft;
/** @type {HTMLElement} */
let place;
/** @type {(session: string) => void} */
let begun;
let tried = false;
/** @type {any} */
let timer;
/** How often a form was asked for, and what the codebook says of it: an answer to an older question comes too late. */
let loaded = 0;
let judged = 0;
const seating = new Seating(() => keep());

/** Show what is to be chosen, until a session is open. @param {HTMLElement} where @returns {Promise<string>} its name */
export async function before(where) {
  place = where;
  if (!document.getElementById("b-style")) document.head.append(el("link", { id: "b-style", rel: "stylesheet", href: "/static/before.css" }));
  const kept = JSON.parse(sessionStorage.getItem(DRAFT) || "null");
  return new Promise((resolve) => {
    begun = resolve;
    load(kept);
  });
}

/** @param {any} kept @param {string} [group] */
async function load(kept, group = kept ? (kept.founding ? "" : kept.group) : undefined) {
  const asked = new URLSearchParams({ language: spoken(), ...(group === undefined ? {} : { group }) });
  const mine = (loaded += 1);
  const { status, said } = await ask(`/api/before?${asked}`);
  if (mine !== loaded) return undefined;
  if (status === 409) return done("");
  if (status !== 200) {
    if (status === 403) place.replaceChildren(el("p", { role: "status" }, t("The session is being set up on another device. This page begins by itself.")));
    // the server is away for the moment, and what is typed stays
    setTimeout(() => mine === loaded && load(kept, group), 1000);
    return undefined;
  }
  if (!offer) begin(said.language);
  offer = said;
  // what was opened since is no draft any more
  draft = kept && !(offer.sheet.there && offer.sheet.taken.includes(kept.session)) ? kept : fresh(offer.sheet);
  render();
  if (!kept && group !== undefined) place.querySelector("select")?.focus();
  return undefined;
}

/** @param {any} sheet */
function fresh(sheet) {
  return {
    id: newId(), founding: !sheet.there, group: sheet.group, session: sheet.session, number: sheet.number,
    planned: sheet.planned, settings: { ...sheet.settings }, observer: sheet.observer,
    seats: sheet.seats.map((/** @type {any} */ s) => ({ ...s, absent: false })),
    families: sheet.families || offer.families.map((/** @type {any} */ f) => f.id),
  };
}

/** @param {string} path @param {any} [body] @returns {Promise<{status: number, said: any}>} */
async function ask(path, body) {
  const post = { method: "POST", headers: { "Content-Type": "application/json", "X-Tkcore": "1" }, body: JSON.stringify(body) };
  try {
    const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(10_000), ...(body ? post : {}) });
    return { status: answer.status, said: await answer.json() };
  } catch {
    return { status: 0, said: null };
  }
}

/** Keep it, and a little later ask what the codebook says of it. */
function keep() {
  sessionStorage.setItem(DRAFT, JSON.stringify(draft));
  summary();
  clearTimeout(timer);
  timer = setTimeout(() => judge(true), QUIET);
}

/** @param {boolean} dry */
async function judge(dry) {
  clearTimeout(timer);
  const mine = (judged += 1);
  const { seats, ...rest } = draft;
  const absent = seats.filter((/** @type {any} */ s) => s.absent).map((/** @type {any} */ s) => s.seat);
  const chosen = seats.map((/** @type {any} */ s) => ({ seat: s.seat, role: s.role }));
  const { status, said } = await ask("/api/before", { ...rest, seats: chosen, absent, dry, language: spoken() });
  if (status === 200 && !dry) return done(said.session);
  if (status === 409 && said.error.reason === "begun") return done("");
  // it has nothing to say any more, least of all over what the press was answered
  if (dry && mine !== judged) return undefined;
  tried ||= !dry;
  const fields = status === 200 || status === 422 ? said.fields : {};
  wrong(tried ? fields : {});
  if (status === 200) part("b-cautions").replaceChildren(...said.cautions.map((/** @type {any} */ c) => el("li", {}, label(c))));
  if (!dry) {
    const reason = status === 422 ? t("Something is not right yet: see the marked fields.") : status ? said?.error?.reason : t("no connection: nothing was opened, try again");
    say(reason || "");
    /** @type {HTMLElement | null} */ (place.querySelector("[aria-invalid=true]"))?.focus();
  } else if (status) say("");
  return undefined;
}

/** @param {string} session */
async function go(session) {
  const { status, said } = await ask("/api/before", { running: session, language: spoken() });
  if (status === 200) return done(session);
  return say(said?.error?.reason || t("no connection: nothing was opened, try again"));
}

/** @param {string} session */
function done(session) {
  clearTimeout(timer);
  sessionStorage.removeItem(DRAFT);
  begun(session);
}

// -- drawing --

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

/** @param {string} said */
function say(said) {
  part("b-say").textContent = said;
}

/** @param {Record<string, string>} fields */
function wrong(fields) {
  for (const said of place.querySelectorAll("[data-field]")) {
    const field = /** @type {HTMLElement} */ (said).dataset.field || "";
    said.textContent = fields[field] || "";
    part(`b-${field}`)?.setAttribute("aria-invalid", String(field in fields));
  }
  if (fields[""]) say(fields[""]);
}

/** @param {string} field @param {string} name @param {any} input @param {string} [hint] */
function field(field, name, input, hint = "") {
  input.id = `b-${field}`;
  input.setAttribute("aria-describedby", `b-${field}-said`);
  return el(
    "div", { class: "b-field" }, el("label", { for: input.id }, name), input,
    el("small", { id: `b-${field}-said` }, hint, el("strong", { "data-field": field })),
  );
}

/** @param {string} name @param {any} [of] */
function input(name, of = {}) {
  const made = el("input", {
    autocomplete: "off", autocapitalize: "none", spellcheck: "false", ...of,
    input: () => {
      draft[name] = of.type === "number" ? (made.value === "" ? null : Math.round(Number(made.value))) : made.value;
      keep();
    },
  });
  made.value = draft[name] ?? "";
  return made;
}

/** @param {string[][]} options @param {string} chosen @param {(word: string) => void} act */
function select(options, chosen, act) {
  const made = el("select", { change: () => act(made.value) }, ...options.map(([value, said]) => el("option", { value }, said)));
  made.value = chosen;
  return made;
}

function render() {
  const { sheet } = offer;
  seating.take(draft.seats, sheet.members, sheet.gone, draft.group);
  const form = el(
    // Enter in a field opens nothing: what is opened cannot be taken back
    "form", { novalidate: true, "aria-label": t("before the session"), submit: (/** @type {Event} */ event) => event.preventDefault() },
    el(
      "p", { class: "b-row" }, el("span", { class: "b-promise" }, t("no sound, no camera")),
      el("button", { type: "button", id: "b-tongue", lang: spoken() === "id" ? "en" : "id", click: () => {
        speak(spoken() === "id" ? "en" : "id");
        render();
        judge(true);
      } }, spoken() === "id" ? "English" : "Bahasa Indonesia"),
    ),
    el("h1", {}, t("before the session")),
    ...running(),
    fields(t("group and session"), group(sheet), "b-two"),
    fields(t("settings"), settings(), "b-two"),
    fields(t("seats and attendance"), [seating.whole, seats(sheet)]),
    fields(t("what is coded"), families()),
    fields(t("summary"), [
      el("p", { id: "b-summary" }), el("ul", { id: "b-cautions" }), el("p", { id: "b-say", role: "alert" }),
      el("button", { type: "button", id: "b-begin", click: () => judge(false) }, t("begin")),
    ]),
  );
  place.replaceChildren(form);
  seating.render();
  summary();
  timer = setTimeout(() => judge(true), 0);
}

/** @param {string} title @param {Node[]} inside @param {string} [name] */
function fields(title, inside, name = "") {
  return el("fieldset", { class: name }, el("legend", {}, title), ...inside);
}

function running() {
  if (!offer.running.length) return [];
  return [fields(t("still open: go on with"), [el("p", { class: "b-row" }, ...offer.running.map((/** @type {any} */ one) =>
    el("button", { type: "button", "data-running": one.session, click: () => go(one.session) }, `${one.session} · ${moment(one.held)}`)))])];
}

/** @param {any} sheet */
function group(sheet) {
  const options = [...offer.groups.map((/** @type {string} */ name) => [name, name]), ["", t("a new group")]];
  const chosen = select(options, draft.founding ? "" : draft.group, (name) => {
    sessionStorage.removeItem(DRAFT);
    tried = false;
    load(null, name);
  });
  const minutes = input("planned", { type: "number", min: 1, max: 1440, inputmode: "numeric" });
  const number = input("number", { type: "number", min: 1, max: 9999, inputmode: "numeric" });
  return [
    field(draft.founding ? "which" : "group", t("group"), chosen, sheet.problem || ""),
    ...(draft.founding ? [field("group", t("name of the new group"), input("group", { maxlength: 31 }), t("a to z, digits, - and _; no name of a person"))] : []),
    field("session", t("name of the session"), input("session", { maxlength: 31 })),
    field("number", t("number"), number),
    field("planned", t("planned length in minutes"), minutes),
    field("observer", t("who records"), input("observer", { maxlength: 64 }), t("a sign, no name")),
  ];
}

function settings() {
  shows.length = 0;
  return offer.choices.map((/** @type {any} */ choice) => {
    const values = choice.values.map((/** @type {any} */ v) => [v.id, label(v.label)]);
    const hint = el("span");
    const show = () => {
      const often = choice.usual.find((/** @type {any} */ u) => holds(u.when));
      const value = often && choice.values.find((/** @type {any} */ v) => v.id === often.value);
      hint.textContent = value ? t("usually: {value}", { value: label(value.label) }) : "";
    };
    const made = field(choice.id, label(choice.label), select([["", t("not said")], ...values], draft.settings[choice.id] || "", (word) => {
      draft.settings[choice.id] = word || null;
      for (const one of shows) one();
      keep();
    }));
    made.lastChild.prepend(hint, " ");
    shows.push(show);
    show();
    return made;
  });
}
/** @type {(() => void)[]} */
const shows = [];

/** Whether a condition of the codebook, `setting == inpatient`, holds. @param {string} when */
function holds(when) {
  const [name, value] = when.split(" == ");
  return !when || (value !== undefined && draft.settings[name] === value);
}

/** @param {any} sheet */
function seats(sheet) {
  const how = sheet.members.length ? t("Consent is entered with: tk group consent {group} SEAT", { group: draft.group }) : "";
  return el("small", {}, how, " ", el("strong", { "data-field": "seats" }));
}

function families() {
  /** @param {string[]} chosen */
  const preset = (chosen) => {
    draft.families = chosen;
    for (const box of place.querySelectorAll("[data-family]")) {
      const one = /** @type {HTMLInputElement} */ (box);
      one.checked = chosen.includes(one.dataset.family || "");
    }
    keep();
  };
  const all = offer.families.map((/** @type {any} */ f) => f.id);
  const boxes = offer.families.map((/** @type {any} */ f) => {
    const box = el("input", { type: "checkbox", "data-family": f.id, change: () => {
      draft.families = all.filter((/** @type {string} */ id) => (id === f.id ? box.checked : draft.families.includes(id)));
      keep();
    } });
    box.checked = draft.families.includes(f.id);
    return el("label", {}, box, el("kbd", {}, f.key), el("span", {}, label(f.label)));
  });
  return [
    el("p", { class: "b-note" }, t("Who speaks, silence and phases are always recorded. What is not ticked counts as not coded, never as zero.")),
    el(
      "p", { class: "b-row" },
      el("button", { type: "button", id: "b-all", click: () => preset(all) }, t("all")),
      el("button", { type: "button", id: "b-few", click: () => preset(offer.favoured[draft.settings.setting] || offer.favoured.outpatient) }, t("those of the first tiles")),
      el("button", { type: "button", id: "b-none", click: () => preset([]) }, t("no family")),
    ),
    el("div", { id: "b-families" }, ...boxes),
    el("strong", { "data-field": "families" }),
  ];
}

function summary() {
  const here = draft.seats.filter((/** @type {any} */ s) => !s.absent);
  const gone = draft.seats.filter((/** @type {any} */ s) => s.absent);
  const signs = (/** @type {any[]} */ of) => of.map((s) => s.seat).join(", ") || "–";
  const unsaid = here.filter((/** @type {any} */ s) => s.role === "member" && (seating.people.find((p) => p.seat === s.seat)?.allows ?? null) === null);
  const count = draft.families.filter((/** @type {string} */ id) => offer.families.some((/** @type {any} */ f) => f.id === id)).length;
  const said = [
    `${draft.group || "?"}/${draft.session || "?"}, ${t("meeting {number}", { number: draft.number ?? "?" })}.`,
    t("Present: {seats}.", { seats: signs(here) }),
    ...(gone.length ? [t("Absent: {seats}.", { seats: signs(gone) })] : []),
    t("{count} of {all} families are coded.", { count, all: offer.families.length }),
    ...(unsaid.length ? [t("No consent on record: {seats}.", { seats: signs(unsaid) })] : []),
  ];
  part("b-summary").textContent = said.join(" ");
}
