// Files: media types, digests, the lock of a path, and the state of multipart uploads in IndexedDB, from which they are
// resumed after a reload.

import { OzonR2Error, TIMED_OUT, abortable, childSignal, sleep } from "./control.js";

const DATABASE = "ozon-r2";
const STORE = "uploads";
/** How long the page waits for IndexedDB, in milliseconds. If it doesn't respond by then, the page stops using it. */
const STORE_TIMEOUT = 3000;
/** Milliseconds to wait for another upload. */
const LOCK_TIMEOUT = 10_000;
/** The media types of each image format, the registered one first, and its file extensions. */
const FORMATS = [
  ["image/jpeg image/jpg image/pjpeg", "jpg jpeg jpe jfif"],
  ["image/png image/x-png", "png"],
  ["image/webp", "webp"],
  ["image/gif", "gif"],
  ["image/avif image/avif-sequence", "avif avifs"],
  ["image/heic image/heif image/heic-sequence image/heif-sequence", "heic heif heics heifs hif"],
].map(([types, extensions]) => ({ types: types.split(" "), extensions: extensions.split(" ") }));
/** The types that browsers and CDNs give to files whose type they don't know. */
const UNKNOWN_TYPES = ["", "application/octet-stream", "binary/octet-stream"];

// In lower case, without parameters; "" if unknown.
/** @type {(type: string) => string} */
export function bareType(type) {
  const bare = type.split(";")[0].trim().toLowerCase();
  return UNKNOWN_TYPES.includes(bare) ? "" : bare;
}

/** @type {typeof import("../ozon-r2.js").mediaType} */
export function mediaType(type, name = "") {
  const bare = bareType(type);
  const extension = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const format = FORMATS.find(({ types, extensions }) =>
    bare ? types.includes(bare) : extensions.includes(extension));
  return format?.types[0] ?? "";
}

/** @type {typeof import("../ozon-r2.js").contentHash} */
export async function contentHash(blob) {
  return (await digest(await readBytes(blob)))?.slice(0, 8) ?? null;
}

// SHA-256 in hex; undefined where crypto.subtle doesn't exist (on plain http, except from localhost).
/** @type {(bytes: ArrayBuffer) => Promise<string | undefined>} */
export async function digest(bytes) {
  if (!globalThis.crypto?.subtle) return undefined;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @type {(blob: Blob) => Promise<ArrayBuffer>} */
export function readBytes(blob) {
  return blob.arrayBuffer().catch((cause) => {
    const message = "The file was changed, moved or deleted after it was chosen";
    throw new OzonR2Error(message, { code: "FILE_CHANGED", cause });
  });
}

// Throws FILE_CHANGED if the blob is a file that can't be read any more.
/** @type {(blob: Blob) => Promise<unknown>} */
export function checkReadable(blob) {
  return readBytes(blob.slice(0, 1));
}

let isUnavailable = false;

/** @type {(key: string) => Promise<import("./types.js").UploadState | undefined>} */
export async function loadUpload(key) {
  const state = await withStore("readonly", (store) => store.get(key));
  return state?.parts && state;
}

/** @type {(key: string, state: import("./types.js").UploadState) => Promise<unknown>} */
export function saveUpload(key, state) {
  return withStore("readwrite", (store) => store.put(state, key));
}

/** @type {(key: string) => Promise<unknown>} */
export function deleteUpload(key) {
  return withStore("readwrite", (store) => store.delete(key));
}

/** @type {import("./types.js").WithStore} */
async function withStore(mode, work) {
  if (isUnavailable || !globalThis.indexedDB || !globalThis.crypto?.subtle) return undefined;
  const { signal, abort } = childSignal();
  const timeout = sleep(STORE_TIMEOUT, signal).then(() => {
    isUnavailable = true;
    return undefined;
  });
  return Promise.race([transact(mode, work), timeout])
    .catch(() => undefined)
    .finally(abort);
}

/** @type {import("./types.js").WithStore} */
async function transact(mode, work) {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  const database = await resultOf(request);
  try {
    if (isUnavailable) return undefined; // too late
    return await resultOf(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

/** @type {<T>(request: IDBRequest<T>) => Promise<T>} */
function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

// The end of the last request for each lock that is held.
/** @type {Map<string, Promise<void>>} */
const ends = new Map();
// Does within the page what navigator.locks does, where that doesn't exist (on plain http).
const pageLocks = {
  request(/** @type {string} */ key, /** @type {any} */ { signal }, /** @type {() => Promise<any>} */ work) {
    const before = ends.get(key);
    const run = async () => {
      await before;
      signal.throwIfAborted();
      return work();
    };
    const result = run();
    const remove = () => {
      if (ends.get(key) === end) ends.delete(key);
    };
    const end = result.then(remove, remove);
    ends.set(key, end);
    return abortable(result, signal);
  },
};

/** @type {import("./types.js").WithLock} */
export async function withLock(key, work, signal) {
  const child = childSignal(signal, LOCK_TIMEOUT);
  let isHeld = false;
  const begin = () => {
    isHeld = true;
    child.touch(0);
    return work();
  };
  const request = (/** @type {any} */ locks) => locks.request(key, { signal: child.signal }, begin);
  try {
    return await request(globalThis.navigator?.locks ?? pageLocks).catch((/** @type {unknown} */ error) => {
      if (isHeld || child.signal.aborted) throw error;
      return request(pageLocks); // the browser allows this page no storage
    });
  } catch (cause) {
    if (isHeld || child.signal.reason !== TIMED_OUT) throw cause;
    throw new OzonR2Error("Another upload writes this path", { code: "BUSY", cause });
  } finally {
    child.abort();
  }
}
