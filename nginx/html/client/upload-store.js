// The state of multipart uploads in IndexedDB, from which they are resumed after a reload. Without IndexedDB or
// crypto.subtle (on plain http, except from localhost) nothing is stored, and nothing is resumed.

import { sleep } from "./signals.js";

const DATABASE = "ozon-r2";
const STORE = "uploads";
/** Milliseconds after which an IndexedDB that doesn't respond is no longer used by this page. */
const TIMEOUT = 3000;

let isUnavailable = false;

/**
 * `parts`: the SHA-256 of the bytes that were sent, and the ETag with which the bucket has stored them, by part number.
 * A part of the file that has changed since then is sent again.
 *
 * @typedef {{digest: string, etag?: string}} PartState
 * @typedef {{uploadId: string, size: number, partSize: number, parts: Record<number, PartState>}} UploadState
 */

/** @type {(key: string) => Promise<UploadState | undefined>} */
export async function loadUpload(key) {
  const state = await withStore("readonly", (store) => store.get(key));
  return state?.parts && state;
}

/** @type {(key: string, state: UploadState) => Promise<unknown>} */
export function saveUpload(key, state) {
  return withStore("readwrite", (store) => store.put(state, key));
}

/** @type {(key: string) => Promise<unknown>} */
export function deleteUpload(key) {
  return withStore("readwrite", (store) => store.delete(key));
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T | undefined>}  undefined in a private window, without space, or after the timeout
 */
async function withStore(mode, work) {
  if (isUnavailable || !globalThis.indexedDB || !globalThis.crypto?.subtle) return undefined;
  const ended = new AbortController();
  const timeout = sleep(TIMEOUT, ended.signal).then(() => {
    isUnavailable = true;
    return undefined;
  });
  try {
    return await Promise.race([transact(mode, work), timeout]);
  } catch {
    return undefined;
  } finally {
    ended.abort();
  }
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 */
async function transact(mode, work) {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  const database = await resultOf(request);
  try {
    if (isUnavailable) throw new Error("too late");
    return await resultOf(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
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
