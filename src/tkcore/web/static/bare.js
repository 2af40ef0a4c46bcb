/** What is said on a device that does not trust this machine's certificate yet. */

/** The browser refuses the offline page: that is said, with the way to it. @param {HTMLElement} place */
export function bare(place) {
  if (location.protocol === "https:") place.setAttribute("href", "/install");
  place.hidden = false;
}
