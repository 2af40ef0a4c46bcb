/** Taps wait here, on this device's disk, until the server has them on its own. */

const STORE = "queue";
const KEPT = "kept";

/**
 * @typedef {object} Item
 * @property {number} [n] its place in the queue
 * @property {string} name of the queue: a session of a workspace
 * @property {string} observer whose tap it is
 * @property {string} id
 * @property {string} sealed the line and its time
 * @property {number} tokens of the line
 * @property {number} [nth] which record of the entry it is about; `{seq+nth}` in the line is that one's number
 * @property {string} [after] the entry that must be answered before
 * @property {import("./waiting.js").More} more
 */

/** Open the queue; in a browser without a disk for pages it lives as long as the page. */
export async function open() {
  try {
    const base = await database();
    // ask not to be cleared when the disk gets full; a refusal changes nothing here
    navigator.storage?.persist?.().catch(() => undefined);
    return new Disk(base);
  } catch {
    return new Memory();
  }
}

/** @returns {Promise<IDBDatabase>} */
function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("tkcore", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore(STORE, { keyPath: "n", autoIncrement: true });
      asked.result.createObjectStore(KEPT);
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new Error("blocked"));
  });
}

class Disk {
  durable = true;

  /** @param {IDBDatabase} base */
  constructor(base) {
    this.base = base;
    /** @type {Item[]} what the disk has refused */
    this.spare = [];
    this.below = 0;
  }

  /**
   * @template T
   * @param {string} store
   * @param {(store: IDBObjectStore) => IDBRequest<T> | void} work
   * @param {IDBTransactionMode} [mode]
   * @returns {Promise<T | undefined>} once the whole is on the disk
   */
  #run(store, work, mode = "readwrite") {
    return new Promise((resolve, reject) => {
      const transaction = this.base.transaction(store, mode, { durability: "strict" });
      const asked = work(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(asked ? asked.result : undefined);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }

  /** @param {Item} item */
  async add(item) {
    try {
      await this.#run(STORE, (store) => store.add(item));
    } catch (error) {
      // it goes to the server all the same, as long as this page lives
      this.spare.push({ ...item, n: --this.below });
      throw error;
    }
  }

  /** @returns {Promise<Item[]>} in the order they came */
  async all() {
    return [...((await this.#run(STORE, (store) => store.getAll(), "readonly")) || []), ...this.spare];
  }

  /** @param {Item[]} items */
  async drop(items) {
    if (!items.length) return;
    const gone = new Set(items.map((item) => item.n));
    this.spare = this.spare.filter((item) => !gone.has(item.n));
    await this.#run(STORE, (store) => gone.forEach((n) => store.delete(/** @type {number} */ (n))));
  }

  /** @param {string} name @param {any} value */
  async keep(name, value) {
    await this.#run(KEPT, (store) => store.put(value, name));
  }

  /** @param {string} name @returns {Promise<any>} */
  kept(name) {
    return this.#run(KEPT, (store) => store.get(name), "readonly");
  }
}

class Memory {
  durable = false;
  #n = 0;
  /** @type {Item[]} */
  #items = [];
  /** @type {Map<string, any>} */
  #kept = new Map();

  /** @param {Item} item */
  async add(item) {
    this.#items.push({ ...item, n: ++this.#n });
  }

  async all() {
    return [...this.#items];
  }

  /** @param {Item[]} items */
  async drop(items) {
    const gone = new Set(items.map((item) => item.n));
    this.#items = this.#items.filter((item) => !gone.has(item.n));
  }

  /** @param {string} name @param {any} value */
  async keep(name, value) {
    this.#kept.set(name, value);
  }

  /** @param {string} name @returns {Promise<any>} */
  async kept(name) {
    return this.#kept.get(name);
  }
}

/** An id for an entry: 30 hex. */
export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(15))].map((b) => b.toString(16).padStart(2, "0")).join("");
}
