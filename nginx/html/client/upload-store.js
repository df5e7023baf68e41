// The state of multipart uploads in IndexedDB, from which they are resumed after a reload. Without IndexedDB or
// crypto.subtle (on plain http, except from localhost) nothing is stored, and nothing is resumed.

const DATABASE = "ozon-r2";
const STORE = "uploads";

/**
 * `digests`: the SHA-256 of each part that the bucket has stored, by part number. A part of the file that has changed
 * since then is sent again.
 *
 * @typedef {{uploadId: string, size: number, partSize: number, digests: Record<number, string>}} UploadState
 */

/** @type {(key: string) => Promise<UploadState | undefined>} */
export function loadUpload(key) {
  return withStore("readonly", (store) => store.get(key));
}

/** @type {(key: string, state: UploadState) => Promise<unknown>} */
export function saveUpload(key, state) {
  return withStore("readwrite", (store) => store.put(state, key));
}

/** @type {(key: string) => Promise<unknown>} */
export function deleteUpload(key) {
  return withStore("readwrite", (store) => store.delete(key));
}

// SHA-256 in hex; undefined where crypto.subtle doesn't exist.
/** @type {(blob: Blob) => Promise<string | undefined>} */
export async function digest(blob) {
  if (!globalThis.crypto?.subtle) return undefined;
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T | undefined>}
 */
async function withStore(mode, work) {
  if (!globalThis.indexedDB || !globalThis.crypto?.subtle) return undefined;
  let database;
  try {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    database = await resultOf(request);
    return await resultOf(work(database.transaction(STORE, mode).objectStore(STORE)));
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
function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
