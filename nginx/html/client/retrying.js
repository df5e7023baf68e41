// The one error, which of them are temporary, and what is done about those. All that waits here ends when the signal
// aborts, with its reason.

/** Milliseconds before the second try; doubled before each further one, and jittered by half. */
const FIRST_PAUSE = 500;
/** Seconds; a server that asks for a longer pause is not waited for. */
const LONGEST_PAUSE = 60;
const TEMPORARY = [408, 429, 500, 502, 503, 504];

export class OzonR2Error extends Error {
  /**
   * @param {string} message
   * @param {{code: string, status?: number, errors?: import("../ozon-r2").FieldFault[], requestId?: string,
   *   detail?: string, retryAfter?: number, cause?: unknown}} about
   */
  constructor(message, { code, status = 0, errors = [], requestId = "", detail, retryAfter, cause }) {
    super(message, { cause });
    Object.assign(this, { name: "OzonR2Error", code, status, errors, requestId, detail, retryAfter });
  }
}

/** @param {unknown} [cause] */
export function networkError(cause) {
  return new OzonR2Error("No answer: the network, or an origin not allowed", { code: "NETWORK", cause });
}

/**
 * Of an answer that is no success: the backend's JSON, the bucket's XML, or what something between them sent.
 *
 * @param {number} status
 * @param {string} text
 * @param {(name: string) => string | null} [header]
 */
export function answerError(status, text, header = () => null) {
  let told;
  try {
    told = JSON.parse(text);
  } catch {}
  const code = told?.code ?? /<Code>(\w+)</.exec(text)?.[1] ?? `HTTP_${status}`;
  return new OzonR2Error(told?.error ?? code, {
    code,
    status,
    errors: told?.errors,
    requestId: told?.request_id ?? header("X-Request-Id") ?? "",
    detail: told?.detail,
    retryAfter: Number(header("Retry-After")) || undefined,
  });
}

/** @type {(error: any) => boolean} */
const isTemporary = ({ code, status, retryAfter = 0 }) =>
  retryAfter <= LONGEST_PAUSE &&
  !["INTERNAL", "OZON_METHOD_RETIRED"].includes(code) &&
  (code === "NETWORK" || TEMPORARY.includes(status));

/**
 * Tries until it succeeds, at most `tries` times, if errors are temporary. While the browser is offline it waits for the
 * network, and that doesn't count.
 *
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
export async function retrying(attempt, signal, tries = 5) {
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (/** @type {any} */ error) {
      signal?.throwIfAborted();
      if (!isTemporary(error)) throw error;
      if (globalThis.navigator?.onLine === false) {
        await until((online) => addEventListener("online", online, { once: true }), signal);
        continue;
      }
      failures += 1;
      if (failures >= tries) throw error;
      const pause = FIRST_PAUSE * 2 ** (failures - 1) * (0.5 + Math.random());
      await waiting(Math.max(pause, (error.retryAfter ?? 0) * 1000), signal);
    }
  }
}

/** @type {(milliseconds: number, signal?: AbortSignal) => Promise<void>} */
export const waiting = (milliseconds, signal) => until((over) => setTimeout(over, milliseconds), signal);

/** @type {(begin: (end: (value: any) => void) => unknown, signal?: AbortSignal) => Promise<void>} */
const until = (begin, signal) => {
  const wait = linked(signal);
  return new Promise((resolve, reject) => {
    const abort = () => reject(wait.signal.reason);
    if (wait.signal.aborted) abort();
    wait.signal.addEventListener("abort", abort);
    begin(resolve);
  }).finally(() => wait.abort());
};

/**
 * A controller that aborts when the signal does; to be aborted when its work is over.
 *
 * @param {AbortSignal} [signal]
 */
export function linked(signal) {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { signal: controller.signal });
  return controller;
}

/**
 * Runs what it is given, at most `count` at once, in the order given.
 *
 * @param {number} count
 */
export function limited(count) {
  /** @type {(() => void)[]} */
  const queue = [];
  /** @type {<T>(work: () => Promise<T>) => Promise<T>} */
  return async (work) => {
    if (count > 0) count -= 1;
    else await new Promise((resolve) => queue.push(() => resolve(undefined)));
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else count += 1;
    }
  };
}
