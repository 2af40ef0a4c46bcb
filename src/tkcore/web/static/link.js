/** The way to the server: enter, ask, post, listen. Knows no queue and no screen. */

/** The server is not there, or does not answer in time. */
export class Away extends Error {}
/** The server does not know this browser (any more): a new link is needed. */
export class Locked extends Error {}
/** No session is open yet. */
export class Before extends Error {}
/** The server took the request for a wrong one. */
export class Wrong extends Error {}

const PATIENCE = 10_000;
/** The server sends a sign of life each 5 s. */
const SILENT = 15_000;

/** @param {string} path @param {RequestInit} [options] */
async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      cache: "no-store", credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(PATIENCE), ...options,
    });
  } catch {
    throw new Away(path);
  }
  if (response.status === 401 || response.status === 403) throw new Locked(path);
  if (response.status === 409 && path === "/api/state") throw new Before(path);
  if (response.status === 400 || response.status === 413 || response.status === 422) throw new Wrong(path);
  if (!response.ok) throw new Away(`${path} ${response.status}`);
  return response;
}

/** @param {string} path @param {any} body @returns {Promise<any>} */
async function post(path, body) {
  const response = await ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Tkcore": "1" },
    body: JSON.stringify(body),
  });
  return read(response);
}

/** @param {Response} response */
async function read(response) {
  try {
    return await response.json();
  } catch {
    throw new Away("the answer broke off");
  }
}

/**
 * Exchange the address's token, which is good once and stays in no history, for a cookie.
 * @returns {Promise<boolean>} whether there is a new one; else the old one may be good
 */
export async function enter() {
  const token = location.hash.slice(1);
  if (!token) return false;
  history.replaceState(null, "", location.pathname);
  try {
    await ask("/api/enter", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Tkcore": "1" },
      body: JSON.stringify({ token }),
    });
    return true;
  } catch {
    return false;
  }
}

/** End the session; what was ended is answered alike. */
export function close() {
  return post("/api/close", {});
}

/** What proves the log of an ended session. */
export async function receipt() {
  return read(await ask("/api/receipt"));
}

/** Everything as it is, and when that came here. */
export async function state() {
  const said = await read(await ask("/api/state"));
  return { ...said, came: performance.now() };
}

export async function review() {
  return read(await ask("/api/review"));
}

export async function words() {
  return read(await ask("/api/words"));
}

/**
 * @param {{session: string, observer: string, language: string, entries: {id: string}[]}} sent
 * @returns {Promise<{answers: any[], now?: number}>}
 */
export function entries(sent) {
  return post("/api/entries", sent);
}

/** @param {{alert: string, seat: string | null, act: string}} said */
export function alert(said) {
  return post("/api/alerts", said);
}

/** Ask for a link for one more device. @param {{observer?: string, role?: string}} who @returns {Promise<any>} */
export function invite(who) {
  return post("/api/invite", who);
}

/**
 * Listen to the records stored after `after` until the way breaks. Read by hand, because the signs of life are
 * comments, which an EventSource hides.
 * @param {number} after
 * @param {{opened: () => void, record: (record: any) => void, aside: (data: any) => void}} tell
 * @param {AbortSignal} stop
 */
export async function listen(after, tell, stop) {
  const cut = new AbortController();
  const end = () => cut.abort();
  stop.addEventListener("abort", end);
  let alarm = setTimeout(end, SILENT);
  try {
    const response = await ask("/api/events", {
      headers: { Accept: "text/event-stream", "Last-Event-ID": String(after) }, signal: cut.signal,
    });
    if (!response.body) throw new Away("no body");
    tell.opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(alarm);
      alarm = setTimeout(end, SILENT);
      const parts = (rest + value.replaceAll("\r\n", "\n")).split("\n\n");
      rest = parts.pop() || "";
      for (const part of parts) {
        const data = part.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
        if (!data.length) continue;
        const what = JSON.parse(data.join("\n"));
        if (part.startsWith("event: alert\n")) tell.aside(what);
        else tell.record(what);
      }
    }
  } catch (error) {
    if (error instanceof Locked) throw error;
    throw new Away("events");
  } finally {
    clearTimeout(alarm);
    cut.abort();
    stop.removeEventListener("abort", end);
  }
}
