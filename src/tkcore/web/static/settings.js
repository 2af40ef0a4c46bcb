/** A place beside the recording for what each device decides for itself; it goes on meanwhile. */

import { t } from "./words.js";

/** @type {{title: string, made: HTMLElement | (() => HTMLElement | Promise<HTMLElement>)}[]} */
const sections = [];

/**
 * Give the settings one more part. What is made by a function is made anew at each opening and in each language.
 * @param {string} title in English
 * @param {HTMLElement | (() => HTMLElement | Promise<HTMLElement>)} made
 */
export function section(title, made) {
  sections.push({ title, made });
}

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Open or close them. @param {boolean} [shown] */
export async function settings(shown = Boolean(part("settings").hidden)) {
  const place = part("settings");
  place.hidden = !shown;
  part("set").setAttribute("aria-expanded", String(shown));
  if (shown) {
    await fill();
    place.focus();
  }
}

/** Write them in the language that is spoken. */
export async function fill() {
  const place = part("settings");
  if (place.hidden) return;
  place.setAttribute("aria-label", t("settings"));
  const parts = await Promise.all(
    sections.map(async ({ title, made }) => {
      const one = document.createElement("section");
      const head = document.createElement("h2");
      head.textContent = t(title);
      one.append(head, typeof made === "function" ? await made() : made);
      return one;
    }),
  );
  const away = document.createElement("button");
  away.type = "button";
  away.textContent = t("close");
  away.onclick = () => settings(false);
  place.replaceChildren(...parts, away);
}

/** Keys belong to what is being set while it has the focus; Esc leaves. @param {KeyboardEvent} event */
function key(event) {
  if (event.code === "Escape") settings(false).then(() => part("set").focus());
  event.stopPropagation();
}
part("settings").addEventListener("keydown", key);
