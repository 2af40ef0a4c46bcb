/** Further devices: a link for one more, and what is said on one that does not trust this machine's certificate yet. */

import * as link from "./link.js";
import { t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

/** The browser refuses the offline page: that is said, with the way to it. @param {HTMLElement} place */
export function bare(place) {
  if (location.protocol === "https:") place.setAttribute("href", "/install");
  place.hidden = false;
}

/** Put a button below, by which one more device gets its link. @param {HTMLElement} place */
export function invite(place) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.device = "";
  button.textContent = t("one more device");
  const shown = document.createElement("div");
  shown.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      shown.replaceChildren(...parts(await link.invite()));
    } catch {
      shown.textContent = t("no link now: there is no connection");
    }
  });
  place.append(button, shown);
}

/** @param {{url: string, picture: {size: number, path: string}}} invitation */
function parts({ url, picture }) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${picture.size} ${picture.size}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", t("the link as a picture for a camera"));
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", picture.path);
  svg.append(path);
  const note = document.createElement("p");
  note.textContent = t("Scan or open it on the other device. It lets one in, once.");
  const said = document.createElement("code");
  said.textContent = url;
  return [note, svg, said];
}
