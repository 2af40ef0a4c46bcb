/** The page's language: English is the source, looked up in what /api/words gave. */

const KEPT = "tkcore.language";

/** @type {Record<string, Record<string, string>>} */
let both = { en: {}, id: {} };
let language = "id";

/** @param {Record<string, Record<string, string>>} words */
export function learn(words) {
  both = words;
}

/** Choose the language: what this device chose before, else the workspace's. @param {string} configured */
export function begin(configured) {
  speak(localStorage.getItem(KEPT) || configured, false);
}

/** @param {string} to */
export function speak(to, keep = true) {
  language = to === "en" ? "en" : "id";
  document.documentElement.lang = language;
  if (keep) localStorage.setItem(KEPT, language);
}

export function spoken() {
  return language;
}

/**
 * @param {string} source the English text, `{name}` stands for a value
 * @param {Record<string, string | number>} [values]
 */
export function t(source, values = {}) {
  const said = both[language]?.[source] || source;
  return said.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? number(values[name]) : whole));
}

/** @param {string | number} value */
function number(value) {
  return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : value;
}

/** @param {number} part of 1 */
export function percent(part) {
  return new Intl.NumberFormat(language, { style: "percent" }).format(part);
}

/** A time or a length as clock.js writes it, as the language does: `0.12.04` in Indonesian. @param {string} said */
export function timed(said) {
  return language === "id" ? said.replaceAll(":", ".") : said;
}

/** @param {Date} now */
export function timeOfDay(now) {
  return new Intl.DateTimeFormat(language === "id" ? "id" : "en-GB", { hour: "2-digit", minute: "2-digit" }).format(now);
}

/** When something was, as the language writes it. @param {string} said ISO 8601 */
export function moment(said) {
  const time = new Date(said);
  // whoever opened the session may have written it in a form that no browser reads
  if (Number.isNaN(time.getTime())) return said;
  return new Intl.DateTimeFormat(language === "id" ? "id" : "en-GB", { dateStyle: "medium", timeStyle: "short" }).format(time);
}

/** @param {{id: string, en: string}} label */
export function label(label) {
  return label[language === "en" ? "en" : "id"];
}
