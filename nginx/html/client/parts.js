// An upload in parts: begun or resumed, four parts at once, their signatures fetched in batches, completed or aborted.
// It outlives a reload in IndexedDB (database and store: below). Without IndexedDB or crypto.subtle (a page by plain http
// that isn't localhost) nothing is kept, and so nothing resumed.

import { bounded, putSigned, retrying } from "./calls.js";

const AT_ONCE = 4;
/** Parts signed in one call, and how few URLs ahead bring the next call about. */
const BATCH = 100,
  AHEAD = 20;
/** Milliseconds that giving an upload up may take. */
const ABORT_WITHIN = 10_000;
const DATABASE = "ozon-r2",
  STORE = "uploads";

/** @typedef {{part_number: number, upload_url: string}} Part */
/**
 * Of an upload under way; `digests`: SHA-256 of the bytes of each part that the bucket took, by its number, so that a part of
 * a file that has changed since is sent again.
 *
 * @typedef {{uploadId: string, size: number, partSize: number, digests: Record<number, string>}} Begun
 */

export class PartedUpload {
  #backend;
  #what;
  /** @type {Begun | undefined} */
  #begun;
  // Bytes sent, by part.
  /** @type {Map<number, number>} */
  #sent = new Map();

  /**
   * @param {import("./calls.js").Backend} backend
   * @param {{file: Blob, path: string, type?: string, key: string, signal?: AbortSignal, onBytes: (bytes: number) => void}} what
   *   key: what the upload is remembered under
   */
  constructor(backend, what) {
    this.#backend = backend;
    this.#what = what;
  }

  /** @returns {Promise<import("../ozon-r2").Uploaded>} */
  async run() {
    const { file, path, key, signal } = this.#what;
    try {
      const { urls, left, resumed } = await this.#begin();
      await this.#send(urls, left);
      const { public_url } = await this.#post("complete", { size: file.size });
      await inStore("readwrite", (store) => store.delete(key));
      return { r2_path: path, public_url, size: file.size, resumed };
    } catch (error) {
      if (signal?.aborted) await this.#abort();
      throw error;
    }
  }

  /** A new upload, or the remembered one and what is missing of it. */
  async #begin() {
    const { file, path, type, key, signal } = this.#what;
    const size = file.size;
    this.#begun = await inStore("readonly", (store) => store.get(key));
    if (this.#begun && this.#begun.size !== size) await this.#abort(); // another file
    const fields = { r2_path: path, size, content_type: type };
    /** @type {import("./calls.js").Json} */
    let data;
    if (this.#begun) data = await this.#post("resume", { ...fields, part_size: this.#begun.partSize });
    // Not broken off by the signal: what has been begun must be known, to be aborted.
    else data = (await retrying(() => this.#backend.postOnce(route("create"), fields), signal)).data;
    if (data.restarted !== false) {
      this.#begun = { uploadId: data.upload_id, size, partSize: data.part_size, digests: {} };
      await this.#remember();
    }

    const left = new Set(Array.from({ length: data.part_count }, (_, index) => index + 1));
    let resumed = 0;
    for (const part of data.uploaded ?? []) {
      const sum = this.#begun?.digests[part.part_number];
      if (!sum || sum !== (await digest(this.#slice(part.part_number)))) continue;
      left.delete(part.part_number);
      this.#sent.set(part.part_number, part.size);
      resumed += part.size;
    }
    this.#tell();
    const sign = async (/** @type {number[]} */ part_numbers) =>
      (await this.#post("parts", { size, part_size: data.part_size, part_numbers })).parts;
    return { urls: new PartURLs(left, sign, data.parts ?? data.missing), left, resumed };
  }

  /** @type {(urls: PartURLs, left: Set<number>) => Promise<void>} */
  async #send(urls, left) {
    const numbers = [...left].values();
    const work = bounded(this.#what.signal);
    const worker = async () => {
      for (const number of numbers) await this.#part(number, urls, work.signal);
    };
    const workers = Array.from({ length: AT_ONCE }, worker);
    try {
      await Promise.all(workers);
    } finally {
      work.end(); // where one failed the others end
      await Promise.allSettled(workers);
    }
  }

  /** @type {(number: number, urls: PartURLs, signal: AbortSignal) => Promise<void>} */
  async #part(number, urls, signal) {
    const blob = this.#slice(number);
    const onBytes = (/** @type {number} */ bytes) => {
      this.#sent.set(number, bytes);
      this.#tell();
    };
    await putSigned(blob, await urls.of(number), ({ upload_url }) => urls.again(number, upload_url), onBytes, signal);
    urls.done(number);
    const sum = await digest(blob);
    if (!sum || !this.#begun) return;
    this.#begun.digests[number] = sum;
    await this.#remember();
  }

  /** Gives the upload up, on the server too; where that fails, the bucket's lifecycle rule does it later. */
  async #abort() {
    if (!this.#begun) return;
    const { path, key } = this.#what;
    const work = bounded(undefined, ABORT_WITHIN);
    const body = { r2_path: path, upload_id: this.#begun.uploadId };
    await this.#backend.post(route("abort"), body, work.signal).catch(() => {});
    work.end();
    this.#begun = undefined;
    await inStore("readwrite", (store) => store.delete(key));
  }

  #remember() {
    return inStore("readwrite", (store) => store.put(this.#begun, this.#what.key));
  }

  /** @param {number} number */
  #slice(number) {
    const { partSize = 0 } = this.#begun ?? {};
    return this.#what.file.slice((number - 1) * partSize, number * partSize);
  }

  #tell() {
    let bytes = 0;
    for (const each of this.#sent.values()) bytes += each;
    this.#what.onBytes(bytes);
  }

  /** @type {(call: string, fields: object) => Promise<import("./calls.js").Json>} */
  async #post(call, fields) {
    const body = { r2_path: this.#what.path, upload_id: this.#begun?.uploadId, ...fields };
    return (await this.#backend.post(route(call), body, this.#what.signal)).data;
  }
}

/** The URLs of the parts in `left`, signed in batches before they are needed. */
class PartURLs {
  /** @type {Map<number, Part>} */
  #urls = new Map();
  #left;
  #sign;
  /** @type {Promise<void> | undefined} */
  #asking;

  /**
   * @param {Set<number>} left  in order
   * @param {(numbers: number[]) => Promise<Part[]>} sign
   * @param {Part[]} parts  signed already
   */
  constructor(left, sign, parts) {
    this.#left = left;
    this.#sign = sign;
    this.#add(parts);
  }

  /** @type {(number: number) => Promise<Part>} */
  async of(number) {
    for (;;) {
      const part = this.#urls.get(number);
      const ahead = [...this.#urls.keys()].filter((each) => each > number).length;
      const more = (!part || ahead < AHEAD) && this.#more();
      if (part) return part;
      await more;
    }
  }

  // Instead of a URL that failed: the others of its batch are no better.
  /** @type {(number: number, spent: string) => Promise<Part>} */
  again(number, spent) {
    if (this.#urls.get(number)?.upload_url === spent) this.#urls.clear();
    return this.of(number);
  }

  /** @param {number} number */
  done(number) {
    this.#left.delete(number);
    this.#urls.delete(number);
  }

  #more() {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    this.#asking.catch(() => {}); // told to whom it is needed by
    return this.#asking;
  }

  async #ask() {
    const numbers = [...this.#left].filter((number) => !this.#urls.has(number)).slice(0, BATCH);
    if (numbers.length > 0) this.#add(await this.#sign(numbers));
  }

  /** @param {Part[]} parts */
  #add(parts) {
    for (const part of parts) if (this.#left.has(part.part_number)) this.#urls.set(part.part_number, part);
  }
}

/** @param {string} call */
const route = (call) => `/api/v1/r2/multipart/${call}`;

/**
 * SHA-256, in hex.
 *
 * @param {Blob} blob
 */
async function digest(blob) {
  if (!globalThis.crypto?.subtle) return undefined;
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T | undefined>}  undefined where nothing can be kept
 */
async function inStore(mode, work) {
  if (!globalThis.indexedDB || !globalThis.crypto?.subtle) return undefined;
  let database;
  try {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    database = await result(opening);
    return await result(work(database.transaction(STORE, mode).objectStore(STORE)));
  } catch {
    return undefined; // a private window, or no space
  } finally {
    database?.close();
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
