/** Who records this session: the list, the lead's passing on, links for further devices. Loaded when it is asked for. */

import * as link from "./link.js";
import { press } from "./press.js";
import { t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
/** @type {Record<string, string>} */
const ROLES = { co_therapist: "co-therapist", observer: "observer", from_video: "from a recording" };

/** @param {HTMLElement} place @param {import("./capture.js").Capture} capture @param {() => void} close */
export function list(place, capture, close) {
  const { state } = capture;
  const leads = capture.leads();
  const passing = state.codes.find((/** @type {any} */ code) => code.event === "lead.passed");
  const rows = document.createElement("ul");
  for (const one of state.observers) {
    const row = element("li");
    const said = [one.observer, t(ROLES[one.role] || "observer")];
    if (one.observer === state.lead) said.push(`★ ${t("leads")}`);
    if (one.observer === state.observer) said.push(t("this device"));
    row.append(element("span", said.join(" · ")));
    if (leads && passing && one.observer !== state.observer)
      row.append(
        button(t("pass the lead to {observer}", { observer: one.observer }), capture, (at) => {
          capture.enqueue(`!${passing.key}=${one.observer}`, at, {});
          close();
        }),
      );
    rows.append(row);
  }
  const links = element("div");
  links.className = "links";
  const shown = element("div");
  shown.setAttribute("role", "status");
  const next = free(state.observers);
  /** @param {string} words @param {any} who */
  const invites = (words, who) => links.append(button(words, capture, () => invite(shown, who.observer || state.observer, who)));
  if (leads) {
    invites(t("a link for a further observer"), { observer: next, role: "observer" });
    invites(t("a link for a further co-therapist"), { observer: next, role: "co_therapist" });
  }
  invites(t("a link for one more device of {observer}", { observer: state.observer }), {});
  place.replaceChildren(
    element("h2", t("observers")),
    element("p", state.blind ? t("observers are not shown each other's marks") : t("The other's marks are faint: ◌")),
    element("p", leads ? t("you lead: the phases and the end are yours") : t("{observer} leads: phases are not yours", { observer: state.lead })),
    rows, links, shown, button(t("close"), capture, close),
  );
}

/** A sign nobody has yet. @param {any[]} observers */
function free(observers) {
  let number = observers.length + 1;
  while (observers.some((one) => one.observer === `obs${number}`)) number++;
  return `obs${number}`;
}

/** @param {HTMLElement} place @param {string} observer @param {any} who */
async function invite(place, observer, who) {
  try {
    const { url, picture } = await link.invite(who);
    const shown = element("p", url);
    shown.className = "url";
    place.replaceChildren(element("p", t("{observer} opens this on another device; it lets one in, once", { observer })), shown, drawn(picture, observer));
  } catch {
    place.replaceChildren(element("p", t("there is no link: is the server there?")));
  }
}

/** @param {{size: number, path: string}} picture @param {string} observer */
function drawn(picture, observer) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${picture.size} ${picture.size}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", t("QR code of the link for {observer}", { observer }));
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", picture.path);
  svg.append(path);
  return svg;
}

/** @param {string} words @param {import("./capture.js").Capture} capture @param {(at: number) => void} act */
function button(words, capture, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  press(made, { act, now: () => capture.clock.tap() });
  return made;
}

/** @param {string} name @param {string} [words] @returns {HTMLElement} */
function element(name, words = "") {
  const made = document.createElement(name);
  made.textContent = words;
  return made;
}
