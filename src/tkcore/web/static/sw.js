// Gives the page when there is no server. What is fetched while there is one is kept; data are never kept here.
// Holds in memory, never on the disk, the keys with which pages have sealed what waits: for the page that comes next.

const CACHE = "tkcore-page-1";
const PAGE = [
  "/", "/static/acts.css", "/static/alerts.css", "/static/alerts.js", "/static/app.css", "/static/app.js",
  "/static/bare.js", "/static/before.css", "/static/before.js", "/static/book.js", "/static/capture.js",
  "/static/circle.js", "/static/clock.js", "/static/correcting.js", "/static/device.js", "/static/ending.js",
  "/static/entries.js", "/static/favourites.js", "/static/finding.js", "/static/guide.js", "/static/icon.svg",
  "/static/keys.js", "/static/keyset.js", "/static/link.js", "/static/look.js", "/static/looks.js",
  "/static/notes.js", "/static/observers.js", "/static/offering.js", "/static/others.css", "/static/others.js",
  "/static/pad.js", "/static/patient.js", "/static/press.js", "/static/queue.js", "/static/review.css",
  "/static/review.js", "/static/room.css", "/static/sealing.js", "/static/seating.js", "/static/sending.js",
  "/static/settings.js", "/static/start.js", "/static/strip.js", "/static/taps.js", "/static/waiting.js", "/static/words.js",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(PAGE)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const ours = url.origin === location.origin && event.request.method === "GET";
  if (ours && (url.pathname === "/" || url.pathname.startsWith("/static/")))
    event.respondWith(fresh(event.request, url.pathname));
});

/** @param {Request} request @param {string} path */
async function fresh(request, path) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    // a full disk is no reason to give an older page
    if (answer.ok) await cache.put(path, answer.clone()).catch(() => undefined);
    return answer;
  } catch (error) {
    const kept = await cache.match(path);
    if (kept) return kept;
    throw error;
  }
}

/** @type {Map<string, CryptoKey>} */
const keys = new Map();
self.addEventListener("message", ({ data, ports }) => {
  if (data.hold) keys.set(data.hold, data.key);
  if (data.ask) ports[0].postMessage(keys.get(data.ask) || null);
});
