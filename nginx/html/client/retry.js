// Retries of transient errors, with pauses that are reported.

import { OzonR2Error } from "./errors.js";
import { sleep } from "./signals.js";

const MAX_ATTEMPTS = 5;
/** Milliseconds before the second attempt; doubled before each further one, and jittered by half. */
const BASE_DELAY = 500;
/** Seconds; an error with a longer Retry-After is not retried. */
const MAX_RETRY_AFTER = 60;
/** Milliseconds between two attempts while the browser reports that it is offline, in which it may be wrong. */
const OFFLINE_DELAY = 15_000;
/** NETWORK is the client's, RequestTimeout (with the status 400) the bucket's. */
const TRANSIENT_CODES = ["NETWORK", "RequestTimeout"];
/** Codes of the backend that are final, although their status is transient. */
const FINAL_CODES = ["INTERNAL", "OZON_METHOD_RETIRED"];

/** @type {(error: OzonR2Error & Record<string, any>) => boolean} */
const isTransient = ({ code, status, retryAfter = 0 }) =>
  retryAfter <= MAX_RETRY_AFTER &&
  !FINAL_CODES.includes(code) &&
  (TRANSIENT_CODES.includes(code) || status >= 500 || status === 408 || status === 429);

const isOffline = () => globalThis.navigator?.onLine === false;

/** @typedef {import("../ozon-r2.js").Wait} Wait */

export class Retries {
  #onWait;
  // Of the calls that wait.
  /** @type {Set<Wait>} */
  #waits = new Set();
  /** @type {Wait | null} */
  #reported = null;

  /** @param {(wait: Wait | null) => void} [onWait] */
  constructor(onWait) {
    this.#onWait = onWait;
  }

  /**
   * Repeats `attempt` while it fails with a transient error, at most `maxAttempts` times after the last call of
   * `renew`. Attempts that fail while the browser is offline don't count.
   *
   * @template T
   * @param {(renew: () => void) => Promise<T>} attempt
   * @param {AbortSignal} [signal]
   * @returns {Promise<T>}
   */
  async run(attempt, signal, maxAttempts = MAX_ATTEMPTS) {
    let failures = 0;
    const renew = () => void (failures = 0);
    /** @type {Wait | undefined} */
    let wait;
    const setWait = (/** @type {Wait | undefined} */ next) => {
      if (wait) this.#waits.delete(wait);
      if (next) this.#waits.add(next);
      wait = next;
      this.#report();
    };
    try {
      for (;;) {
        signal?.throwIfAborted();
        try {
          return await attempt(renew);
        } catch (/** @type {any} */ error) {
          signal?.throwIfAborted();
          if (!(error instanceof OzonR2Error) || !isTransient(error)) throw error;
          const { code, retryAfter = 0 } = /** @type {any} */ (error);
          if (code === "NETWORK" && isOffline()) {
            setWait({ reason: "offline", until: null });
            await sleep(OFFLINE_DELAY, signal, "online");
          } else {
            failures += 1;
            if (failures >= maxAttempts) throw error;
            const delay = Math.max(BASE_DELAY * 2 ** (failures - 1) * (0.5 + Math.random()), retryAfter * 1000);
            setWait({ reason: "retry", until: Date.now() + delay });
            await sleep(delay, signal);
          }
          if (wait?.reason === "retry" || !isOffline()) setWait(undefined);
        }
      }
    } finally {
      setWait(undefined);
    }
  }

  // Reports the wait that ends first, or null, if that has changed.
  #report() {
    const [first = null] = [...this.#waits].sort((a, b) => (a.until ?? 0) - (b.until ?? 0));
    const isSame = first?.reason === this.#reported?.reason && first?.until === this.#reported?.until;
    this.#reported = first;
    if (!isSame) this.#onWait?.(first && { ...first });
  }
}
