// One upload at a time writes a path: among all tabs of the browser, or within the page where navigator.locks doesn't
// exist (on plain http).

import { OzonR2Error } from "./errors.js";
import { childSignal, limiter } from "./signals.js";

/** Milliseconds to wait for another upload; longer than one that has been cancelled takes to end. */
const LOCK_TIMEOUT = 10_000;

/** @type {Map<string, import("./signals.js").Limit>} */
const limits = new Map();
/** The part of navigator.locks that is used here. */
const pageLocks = {
  /** @type {<T>(name: string, options: {signal: AbortSignal}, work: () => Promise<T>) => Promise<T>} */
  request(name, { signal }, work) {
    const limit = limits.get(name) ?? limiter(1);
    limits.set(name, limit);
    return limit(work, signal);
  },
};

/**
 * Runs the work when no other upload writes the path; throws BUSY if another one goes on for too long.
 *
 * @template T
 * @param {string} key  backend and path
 * @param {() => Promise<T>} work
 * @param {AbortSignal} [signal]  ends the wait
 * @returns {Promise<T>}
 */
export async function withPathLock(key, work, signal) {
  const child = childSignal(signal, LOCK_TIMEOUT);
  let isHeld = false;
  const begin = () => {
    isHeld = true;
    child.touch(0);
    return work();
  };
  const request = (/** @type {typeof pageLocks} */ locks) => locks.request(key, { signal: child.signal }, begin);
  try {
    const { locks } = globalThis.navigator ?? {};
    if (!locks) return await request(pageLocks);
    return await request(/** @type {any} */ (locks)).catch((error) => {
      if (isHeld || error?.name === "AbortError" || child.signal.aborted) throw error;
      return request(pageLocks); // the browser allows this page no storage
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (isHeld || !child.signal.aborted) throw error;
    throw new OzonR2Error("Another upload writes this path", { code: "BUSY", cause: error });
  } finally {
    child.abort();
  }
}
