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
  return said.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** @param {{id: string, en: string}} label */
export function label(label) {
  return label[language === "en" ? "en" : "id"];
}
