/** How the page looks on this device, to be chosen; and what the device says of itself. */

import { percent, t } from "./words.js";

const KEPT = "tkcore.look";

/** Light and dark, "" is as the device does. */
export function looks() {
  const place = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.className = "unseen";
  legend.textContent = t("look");
  /** @type {[string, string][]} */
  const choices = [["", t("as the device")], ["dark", t("dark")], ["light", t("light")], ["dim", t("very dark")]];
  const now = document.documentElement.dataset.look || "";
  const options = choices.map(([look, words]) => {
    const option = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = "look";
    input.value = look;
    input.checked = look === now;
    input.onchange = () => choose(look);
    option.append(input, words);
    return option;
  });
  place.append(legend, ...options);
  return place;
}

/** @param {string} look */
function choose(look) {
  const { dataset } = document.documentElement;
  if (look) dataset.look = look;
  else delete dataset.look;
  try {
    localStorage.setItem(KEPT, look);
  } catch {
    // then it is good until the page is left
  }
}

/** @param {import("./device.js").Device} device */
export function says(device) {
  const list = document.createElement("ul");
  const lines = [device.screen === "on" ? t("the screen stays on") : t("the screen may turn off")];
  if (device.battery) lines.push(t(device.battery.charging ? "battery {level}, charging" : "battery {level}", { level: percent(device.battery.level) }));
  if (device.lasting !== null)
    lines.push(device.lasting ? t("what waits here lasts") : t("the browser may clear what waits here when its disk is full"));
  list.append(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  return list;
}
