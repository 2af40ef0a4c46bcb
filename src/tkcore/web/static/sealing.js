/**
 * What waits on this device's disk is sealed: to the server's public key, whose other half is on the server alone.
 *
 * A tablet can be lost while taps wait on it, and what a browser has once written stays in its files after it was
 * deleted. A key that is kept beside the taps would protect them from nobody who has the device, be it marked as not
 * extractable or not: the browser can use it, so its files hold it. So each page agrees on a key with the server (ECDH)
 * which is in no file of this device. It is in the memory of the page and of the service worker: a page that is loaded
 * again asks the worker, and can read what waits. When the browser was ended in between nobody here can; then number,
 * order and what takes back what are seen, taking back still works, and the words come back with the server.
 *
 * Sealing is at once, without a promise: a tap must be on the disk before anything else happens to the page, and
 * WebCrypto answers later. Therefore the key stream (AES-CTR) is made ahead and only laid over the words here; Poly1305,
 * with 32 bytes of that stream for its key, tells whether they were changed. No piece of the stream is used twice.
 */

const BLOCK = 16;
/** Key stream made ahead at a time: some hundred taps. */
const AHEAD = 1 << 17;
const INFO = "tkcore queue 1";
const P = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;
/** A worker that says nothing has none. */
const PATIENCE = 500;

/** @param {string} said */
const utf8 = (said) => new TextEncoder().encode(said);
/** @param {Uint8Array} bytes */
const text = (bytes) => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
/** @param {string} said */
const bytes = (said) => Uint8Array.from(atob(said), (c) => c.charCodeAt(0));

/** Agree on a key with the server. @param {{name: string, key: string}} queue @returns {Promise<Seal>} */
export async function seal({ name, key }) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const { subtle } = crypto;
  const pair = await subtle.generateKey(curve, false, ["deriveBits"]);
  const server = await subtle.importKey("raw", bytes(key), curve, false, []);
  const shared = await subtle.deriveBits({ name: "ECDH", public: server }, pair.privateKey, 256);
  const own = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  const base = await subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: own, info: utf8(INFO) };
  const agreed = await subtle.deriveKey(how, base, { name: "AES-CTR", length: 256 }, false, ["encrypt"]);
  const made = new Seal(name, text(own), agreed);
  await made.fill();
  // at the first visit there is no worker yet; where it is refused there never is
  navigator.serviceWorker?.ready.then(() => made.hold());
  return made;
}

export class Seal {
  /** @param {string} name of the session @param {string} own the page's public key @param {CryptoKey} key */
  constructor(name, own, key) {
    this.name = name;
    this.own = own;
    this.key = key;
    /** @type {{block: number, bytes: Uint8Array}[]} */
    this.ahead = [];
    this.block = 0;
    /** @type {Promise<void> | null} */
    this.filling = null;
  }

  /** Make key stream. */
  fill() {
    this.filling ||= this.#fill();
    return this.filling;
  }

  async #fill() {
    const block = this.block;
    this.block += AHEAD / BLOCK;
    this.ahead.push({ block, bytes: await stream(this.key, block, AHEAD) });
    this.filling = null;
  }

  /** Seal what is said under an entry's id; null: there is no key stream just now. @param {string} id @param {any} said */
  close(id, said) {
    const plain = utf8(JSON.stringify(said));
    const needed = Math.ceil((32 + plain.length) / BLOCK) * BLOCK;
    while (this.ahead.length && this.ahead[0].bytes.length < needed) this.ahead.shift();
    const first = this.ahead[0];
    if (!first || this.ahead.length < 2) this.fill();
    if (!first) return null;
    const { block } = first;
    const pad = first.bytes.subarray(0, needed);
    first.bytes = first.bytes.subarray(needed);
    first.block += needed / BLOCK;
    const box = new Uint8Array(16 + plain.length);
    plain.forEach((byte, i) => (box[16 + i] = byte ^ pad[32 + i]));
    box.set(tag(pad, beside(this.name, id), box.subarray(16)));
    return `${this.own}.${block}.${text(box)}`;
  }

  /** Let the worker hold the key for a page that comes after this one; at once, this page may be going away. */
  hold() {
    navigator.serviceWorker?.controller?.postMessage({ hold: this.own, key: this.key });
  }

  /** Open what this page or one before it has sealed; null: nobody here can. @param {string} id @param {string} sealed */
  async open(id, sealed) {
    const [own, block, box] = sealed.split(".");
    const key = own === this.own ? this.key : await held(own);
    if (!key) return null;
    const shut = bytes(box);
    const inside = shut.subarray(16);
    const pad = await stream(key, Number(block), 32 + inside.length);
    if (text(tag(pad, beside(this.name, id), inside)) !== text(shut.subarray(0, 16))) return null;
    return JSON.parse(new TextDecoder().decode(inside.map((byte, i) => byte ^ pad[32 + i])));
  }
}

/** @param {CryptoKey} key @param {number} block @param {number} length */
async function stream(key, block, length) {
  const counter = new Uint8Array(BLOCK);
  new DataView(counter.buffer).setBigUint64(8, BigInt(block));
  return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, key, new Uint8Array(length)));
}

/** What a seal belongs to: it opens nowhere else. @param {string} name @param {string} id */
function beside(name, id) {
  return utf8(`${name} ${id} `);
}

/** Poly1305. @param {Uint8Array} pad @param {Uint8Array} head @param {Uint8Array} inside */
function tag(pad, head, inside) {
  const all = new Uint8Array(head.length + inside.length);
  all.set(head);
  all.set(inside, head.length);
  const r = number(pad.subarray(0, 16)) & CLAMP;
  let sum = 0n;
  for (let i = 0; i < all.length; i += 16) {
    const part = all.subarray(i, i + 16);
    sum = ((sum + number(part) + (1n << BigInt(8 * part.length))) * r) % P;
  }
  sum += number(pad.subarray(16, 32));
  return Uint8Array.from({ length: 16 }, (_, i) => Number((sum >> BigInt(8 * i)) & 255n));
}

/** The lowest byte first. @param {Uint8Array} part */
function number(part) {
  return part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** @type {Map<string, Promise<CryptoKey | null>>} */
const asked = new Map();

/** The key of an earlier page, if the worker still has it. @param {string} own */
function held(own) {
  const known = asked.get(own) || ask(own);
  asked.set(own, known);
  return known;
}

/** @param {string} own @returns {Promise<CryptoKey | null>} */
async function ask(own) {
  const found = (await navigator.serviceWorker?.getRegistration().catch(() => undefined))?.active;
  if (!found) return null;
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(() => resolve(null), PATIENCE);
    found.postMessage({ ask: own }, [port2]);
  });
}
