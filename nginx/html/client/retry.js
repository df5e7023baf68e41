// Retries, pauses, timeouts and limited concurrency. A function with a signal rejects with its reason when it aborts.

/** Milliseconds before the second attempt; doubled before each further one, and jittered by half. */
const BASE_DELAY = 500;
/** Seconds; an error with a longer Retry-After is not retried. */
const MAX_RETRY_AFTER = 60;
const TRANSIENT_STATUSES = [408, 429, 500, 502, 503, 504];
/** Codes of the backend that are final, although their status is transient. */
const FINAL_CODES = ["INTERNAL", "OZON_METHOD_RETIRED"];

/** @type {(error: any) => boolean} */
const isTransient = ({ code, status, retryAfter = 0 }) =>
  retryAfter <= MAX_RETRY_AFTER &&
  !FINAL_CODES.includes(code) &&
  (code === "NETWORK" || TRANSIENT_STATUSES.includes(status));

/**
 * Repeats `attempt` while it fails with a transient error, at most `maxAttempts` times. Attempts that fail while the
 * browser is offline don't count; the next one is made when it is online again.
 *
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
export async function withRetry(attempt, signal, maxAttempts = 5) {
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (/** @type {any} */ error) {
      signal?.throwIfAborted();
      if (!isTransient(error)) throw error;
      if (globalThis.navigator?.onLine === false) {
        await abortable((resolve) => addEventListener("online", resolve, { once: true }), signal);
        continue;
      }
      failures += 1;
      if (failures >= maxAttempts) throw error;
      const delay = BASE_DELAY * 2 ** (failures - 1) * (0.5 + Math.random());
      await sleep(Math.max(delay, (error.retryAfter ?? 0) * 1000), signal);
    }
  }
}

/** @type {(milliseconds: number, signal?: AbortSignal) => Promise<void>} */
export function sleep(milliseconds, signal) {
  /** @type {any} */
  let timer;
  return abortable((resolve) => (timer = setTimeout(resolve, milliseconds)), signal).finally(() => clearTimeout(timer));
}

/** @type {(start: (resolve: (value: any) => void) => unknown, signal?: AbortSignal) => Promise<void>} */
function abortable(start, signal) {
  const child = childSignal(signal);
  return new Promise((resolve, reject) => {
    child.signal.throwIfAborted();
    child.signal.addEventListener("abort", () => reject(child.signal.reason));
    start(resolve);
  }).finally(child.abort);
}

/**
 * A signal that aborts with its parent, by `abort()`, or `timeout` milliseconds after the last `touch()`.
 * Call `abort()` when the work has ended: it removes the timer and the parent's listener.
 *
 * AbortSignal.any() would do a part of this, but needs Chromium 116, Firefox 124 or Safari 17.4. Everything else that
 * the client uses exists in Chromium 100, Firefox 97 and Safari 15.4.
 *
 * @param {AbortSignal} [parent]
 * @param {number} [timeout]
 */
export function childSignal(parent, timeout) {
  const controller = new AbortController();
  const { signal } = controller;
  /** @type {any} */
  let timer;
  const abort = () => {
    clearTimeout(timer);
    controller.abort(parent?.reason);
  };
  const touch = () => {
    clearTimeout(timer);
    if (timeout && !signal.aborted) timer = setTimeout(abort, timeout);
  };
  parent?.addEventListener("abort", abort, { signal });
  if (parent?.aborted) abort();
  touch();
  return { signal, touch, abort };
}

/**
 * Returns a function that runs the work it is given, in order, at most `limit` at the same time.
 *
 * @param {number} limit
 */
export function limiter(limit) {
  let free = limit;
  /** @type {(() => void)[]} */
  const queue = [];
  /** @type {<T>(work: () => Promise<T>) => Promise<T>} */
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise((resolve) => queue.push(() => resolve(undefined)));
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
}
