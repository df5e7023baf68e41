// The errors that the client throws; signals, pauses and limits; and the retries of transient errors.

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

export class OzonR2Error extends Error {
  /**
   * @param {string} message
   * @param {import("./types.js").ErrorFields} fields
   */
  constructor(message, { code, status = 0, errors = [], requestId = "", detail, retryAfter, cause }) {
    super(message, { cause });
    Object.assign(this, { name: "OzonR2Error", code, status, errors, requestId, detail, retryAfter });
  }
}

/** @type {(cause?: unknown) => any} */
export const networkError = (cause) =>
  new OzonR2Error("No response: network error, or origin not allowed", { code: "NETWORK", cause });

/** @type {(cause: unknown) => never} */
export function throwNetworkError(cause) {
  throw networkError(cause);
}

/** The error of a successful response whose JSON has other fields than the backend's. */
export const foreignResponse = (fields = {}) =>
  new OzonR2Error("The response is not from the backend", { code: "BAD_ANSWER", status: 200, ...fields });

/** @type {(response: Response, cause?: unknown) => any} */
export const badResponse = ({ status, headers }, cause) =>
  foreignResponse({ status, requestId: headers.get("X-Request-Id") ?? "", cause });

/**
 * The faults in a response, without elements of another form: a proxy's JSON may have `errors` of its own.
 *
 * @returns {import("../ozon-r2.js").FieldFault[]}
 */
export const faultsIn = (/** @type {any} */ value) =>
  [value].flat().filter((fault) => isText(fault?.field) && isText(fault.reason));

/** @type {(value: unknown) => boolean} */
export const isText = (value) => typeof value === "string";

/** @type {import("./types.js").ResponseError} */
export function responseError(status, text, header = () => null) {
  /** @type {any} */
  let body;
  try {
    body = JSON.parse(text);
  } catch {}
  const code = (isText(body?.code) && body.code) || /<Code>(\w+)</.exec(text)?.[1] || `HTTP_${status}`;
  const after = header("Retry-After") ?? ""; // seconds or a date
  const fields = {
    code,
    status,
    errors: faultsIn(body?.errors),
    requestId: body?.request_id ?? header("X-Request-Id") ?? "",
    detail: body?.detail,
    retryAfter: Math.max(0, Number(after) || Math.ceil((Date.parse(after) - Date.now()) / 1000)) || undefined,
  };
  return /** @type {any} */ (new OzonR2Error(isText(body?.error) ? body.error : code, fields));
}

export const TIMED_OUT = new DOMException("Timed out", "TimeoutError");

/** @type {import("./types.js").ChildSignal} */
export const childSignal = (parent, timeout) => {
  const controller = new AbortController();
  const { signal } = controller;
  /** @type {any} */
  let timer;
  const abort = (reason = parent?.reason) => {
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
};

/** @type {import("./types.js").Abortable} */
export const abortable = (promise, signal) => {
  if (!signal) return promise;
  const child = childSignal(signal);
  const result = new Promise((resolve, reject) => {
    promise.then(resolve, reject);
    if (signal.aborted) reject(signal.reason);
    child.signal.addEventListener("abort", () => reject(signal.reason));
  });
  return /** @type {typeof promise} */ (result).finally(child.abort);
};

/** @type {import("./types.js").Sleep} */
export const sleep = async (milliseconds, signal, event) => {
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
};

// Returns a function that runs the work it is given, in order, at most `limit` at the same time.
/** @type {(limit: number) => import("./types.js").Limit} */
export function limiter(limit) {
  let free = limit;
  /** @type {((value?: unknown) => void)[]} */
  const queue = [];
  /** @type {import("./types.js").Limit} */
  const run = async (work, signal) => {
    if (free > 0) free -= 1;
    else await new Promise((resolve) => queue.push(resolve));
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
  return (work, signal) => abortable(run(work, signal), signal);
}

/** @typedef {import("../ozon-r2.js").Wait} Wait */

/** @type {(error: any) => boolean} */
export const isTransient = ({ code, status, retryAfter = 0 }) =>
  retryAfter <= MAX_RETRY_AFTER &&
  !FINAL_CODES.includes(code) &&
  (TRANSIENT_CODES.includes(code) || status >= 500 || status === 408 || status === 429);

/**
 * An error of a listener is reported by the browser, and doesn't end the call that waits.
 *
 * @type {(listener: (wait: Wait | null) => void, wait: Wait | null) => void}
 */
function report(listener, wait) {
  try {
    listener(wait);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

const isOffline = () => globalThis.navigator?.onLine === false;

export class Retries {
  // The listeners of waits.
  /** @type {Set<(wait: Wait | null) => void>} */
  #listeners = new Set();
  // Of the calls that wait; the first is reported.
  /** @type {Set<Wait>} */
  #waits = new Set();

  /** @param {import("./types.js").OnWait} onWait */
  constructor(onWait) {
    if (onWait) this.#listeners.add(onWait);
  }

  /** @type {import("../ozon-r2.js").OzonR2["addWaitListener"]} */
  addWaitListener(listener, options) {
    const { signal } = options ?? {};
    if (signal?.aborted) return;
    // Not `listener` itself, so that the end of one signal doesn't remove it for another.
    const call = (/** @type {Wait | null} */ wait) => listener(wait);
    this.#listeners.add(call);
    signal?.addEventListener("abort", () => this.#listeners.delete(call));
  }

  /** @type {import("./types.js").Retries["run"]} */
  async run(attempt, signal, maxAttempts = MAX_ATTEMPTS) {
    let failures = 0;
    /** @type {Wait | undefined} */
    let wait;
    const setWait = (/** @type {typeof wait} */ next) => {
      const [before = null] = this.#waits;
      if (wait) this.#waits.delete(wait);
      if (next) this.#waits.add(next);
      wait = next;
      const [after = null] = this.#waits;
      if (after !== before) for (const listener of this.#listeners) report(listener, after);
    };
    try {
      for (;;) {
        signal?.throwIfAborted();
        try {
          return await attempt((most = 0) => void (failures = Math.min(failures, most)));
        } catch (/** @type {any} */ error) {
          signal?.throwIfAborted();
          const { code, retryAfter = 0 } = error ?? {};
          if (!(error instanceof OzonR2Error && isTransient(error))) throw error;
          const waitsForNetwork = code === "NETWORK" && isOffline();
          if (!waitsForNetwork && (failures += 1) >= maxAttempts) throw error;
          // Retry-After is the same for all calls that were refused together; they don't come again together.
          const delay = waitsForNetwork
            ? OFFLINE_DELAY
            : retryAfter * 1000 + BASE_DELAY * 2 ** (failures - 1) * (0.5 + Math.random());
          if (!waitsForNetwork) setWait({ reason: "retry", until: Date.now() + delay });
          else if (wait?.reason !== "offline") setWait({ reason: "offline", until: null });
          await sleep(delay, signal, waitsForNetwork ? "online" : undefined);
          if (!waitsForNetwork || !isOffline()) setWait(undefined);
        }
      }
    } finally {
      setWait(undefined);
    }
  }
}
