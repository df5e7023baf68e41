// Abort signals, timeouts, pauses and limited concurrency. A function with a signal rejects with its reason when it
// aborts.

/** The reason of a child signal that has timed out. */
export const TIMED_OUT = new DOMException("Timed out", "TimeoutError");

/**
 * A signal that aborts with its parent, by `abort()`, or by a timeout, which begins again at each `touch()`; `touch(0)`
 * ends it. Call `abort()` when the work has ended: it removes the timer and the parent's listener.
 *
 * AbortSignal.any() would do a part of this, but needs Chromium 116, Firefox 124 or Safari 17.4.
 *
 * @param {AbortSignal} [parent]
 * @param {number} [timeout]  milliseconds
 */
export function childSignal(parent, timeout) {
  const controller = new AbortController();
  const { signal } = controller;
  /** @type {any} */
  let timer;
  const abort = (/** @type {unknown} */ reason = parent?.reason) => {
    clearTimeout(timer);
    controller.abort(reason);
  };
  const touch = (newTimeout = timeout) => {
    clearTimeout(timer);
    timeout = newTimeout;
    if (timeout && !signal.aborted) timer = setTimeout(abort, timeout, TIMED_OUT);
  };
  parent?.addEventListener("abort", () => abort(), { signal });
  if (parent?.aborted) abort();
  touch();
  return { signal, touch, abort: () => abort() };
}

/**
 * The promise, rejected at once when the signal aborts. The work behind the promise isn't ended by this.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
export function abortable(promise, signal) {
  if (!signal) return promise;
  const child = childSignal(signal);
  return new Promise((resolve, reject) => {
    promise.then(resolve, reject);
    if (signal.aborted) reject(signal.reason);
    child.signal.addEventListener("abort", () => reject(signal.reason));
  }).finally(child.abort);
}

/**
 * Ends after a time, or at an event of the window.
 *
 * @param {number} milliseconds
 * @param {AbortSignal} [signal]
 * @param {string} [event]
 */
export async function sleep(milliseconds, signal, event) {
  const child = childSignal(signal);
  /** @type {any} */
  let timer;
  const slept = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
    if (event) globalThis.addEventListener?.(event, resolve, { signal: child.signal });
  });
  await abortable(slept, signal).finally(() => {
    clearTimeout(timer);
    child.abort();
  });
}

/** @typedef {<T>(work: () => T | Promise<T>, signal?: AbortSignal) => Promise<T>} Limit */

/**
 * Returns a function that runs the work it is given, in order, at most `limit` at the same time. The signal ends the
 * wait for the turn.
 *
 * @param {number} limit
 * @returns {Limit}
 */
export function limiter(limit) {
  let free = limit;
  /** @type {Set<(value?: unknown) => void>} */
  const queue = new Set();
  const release = () => {
    const [next] = queue;
    if (!next) free += 1;
    queue.delete(next);
    next?.();
  };
  /** @type {(signal?: AbortSignal) => Promise<void>} */
  const acquire = async (signal) => {
    signal?.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    /** @type {any} */
    let begin;
    const turn = new Promise((resolve) => queue.add((begin = resolve)));
    await abortable(turn, signal).catch((error) => {
      if (!queue.delete(begin)) release(); // the turn came together with the abort
      throw error;
    });
  };
  return async (work, signal) => {
    await acquire(signal);
    try {
      return await work();
    } finally {
      release();
    }
  };
}
