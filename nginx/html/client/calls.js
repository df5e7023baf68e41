// Calls: POST to the backend's endpoints and PUT to presigned URLs; what their errors are, which of them are temporary, and
// what is done about those. All that waits ends when its signal aborts, with its reason.

/** Milliseconds before the second try; doubled before each further one, and jittered by half. */
const FIRST_PAUSE = 500;
/** Seconds; a server that asks for a longer pause is not waited for. */
const LONGEST_PAUSE = 60;
const TEMPORARY = [408, 429, 500, 502, 503, 504];
/** Milliseconds without a byte of a streamed answer (the backend sends one every 10 s), or without progress of a PUT. */
const SILENCE = 60_000;

/** @typedef {Record<string, any>} Json */
/** @typedef {{upload_url: string, headers?: Record<string, string>}} Signed */
/** @typedef {(bytes: number) => void} OnBytes  how many of a body's bytes have been sent */

export class Backend {
  #base;
  #key;

  /**
   * @param {string} baseURL
   * @param {string} [apiKey]
   */
  constructor(baseURL, apiKey) {
    this.#base = baseURL.replace(/\/+$/, "");
    this.#key = apiKey;
  }

  /**
   * @param {string} path
   * @param {Json} body
   * @param {AbortSignal} [signal]
   * @returns {Promise<Json>}
   */
  post(path, body, signal) {
    return retrying(() => this.postOnce(path, body, signal), signal);
  }

  /**
   * @param {string} path
   * @param {Json} body
   * @param {AbortSignal} [signal]
   * @returns {Promise<Json>}
   */
  async postOnce(path, body, signal) {
    const response = await this.#send(path, body, "application/json", signal);
    const text = await response.text().catch(asNetworkError);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw badAnswer(response, cause);
    }
  }

  /**
   * A call that is answered line by line. One attempt: what to ask again after a break is the caller's to know.
   *
   * @param {string} path
   * @param {Json} body
   * @param {AbortSignal} [signal]
   * @returns {AsyncGenerator<Json, void>}
   */
  async *lines(path, body, signal) {
    const call = bounded(signal, SILENCE);
    try {
      const response = await this.#send(path, body, "application/x-ndjson", call.signal);
      if (!response.headers.get("Content-Type")?.startsWith("application/x-ndjson")) throw badAnswer(response);
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      const decoder = new TextDecoder();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read().catch(asNetworkError);
        if (done) return;
        call.heard();
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = /** @type {string} */ (lines.pop());
        for (const line of lines) if (line) yield JSON.parse(line);
      }
    } finally {
      call.end();
    }
  }

  /** @type {(path: string, body: Json, accept: string, signal?: AbortSignal) => Promise<Response>} */
  async #send(path, body, accept, signal) {
    const headers = new Headers({ "Content-Type": "application/json", Accept: accept });
    if (this.#key) headers.set("X-API-Key", this.#key);
    const request = { method: "POST", headers, body: JSON.stringify(body), signal };
    const response = await fetch(this.#base + path, request).catch(asNetworkError);
    if (response.ok) return response;
    const text = await response.text().catch(asNetworkError);
    throw answerError(response.status, text, (name) => response.headers.get(name));
  }
}

/**
 * Stores the blob, trying again where that may help. A URL that failed isn't used again: at R2 an expired one looks to a
 * browser like a network error, since its preflight is refused already.
 *
 * @param {Blob} blob  its type, if it has one, goes along as Content-Type, unless `headers` has another
 * @param {Signed} signed
 * @param {(spent: Signed) => Promise<Signed>} signAgain
 * @param {OnBytes} onBytes
 * @param {AbortSignal} [signal]
 */
export function putSigned(blob, signed, signAgain, onBytes, signal) {
  let isSpent = false;
  const attempt = async () => {
    if (isSpent) signed = await signAgain(signed);
    isSpent = true;
    await put(blob, signed, onBytes, signal);
  };
  const orOnceMore = (/** @type {any} */ error) => {
    if (error.status !== 403 && error.code !== "ExpiredRequest") throw error;
    return attempt();
  };
  return retrying(() => attempt().catch(orOnceMore), signal);
}

// By XMLHttpRequest, since fetch tells no progress of what is sent; by fetch where there is none.
/** @type {(blob: Blob, signed: Signed, onBytes: OnBytes, signal?: AbortSignal) => Promise<void>} */
const put = async (blob, { upload_url, headers = {} }, onBytes, signal) => {
  signal?.throwIfAborted();
  onBytes(0);
  const work = bounded(signal, SILENCE);
  try {
    if (globalThis.XMLHttpRequest) {
      const request = new XMLHttpRequest();
      work.signal.addEventListener("abort", () => request.abort());
      request.open("PUT", upload_url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded }) => {
        work.heard();
        onBytes(loaded);
      };
      await new Promise((resolve, reject) => {
        request.onload = resolve;
        request.onerror = request.onabort = () => reject(networkError());
        request.send(blob);
      });
      if (request.status > 299) throw answerError(request.status, request.responseText);
    } else {
      const response = await fetch(upload_url, { method: "PUT", headers, body: blob, signal }).catch(asNetworkError);
      if (!response.ok) throw answerError(response.status, await response.text(), (name) => response.headers.get(name));
    }
  } finally {
    work.end();
  }
  onBytes(blob.size);
};

/** @type {(cause: unknown) => never} */
function asNetworkError(cause) {
  throw networkError(cause);
}

/** @type {(response: Response, cause?: unknown) => OzonR2Error} */
const badAnswer = ({ status, headers }, cause) => {
  const requestId = headers.get("X-Request-Id") ?? "";
  return new OzonR2Error("The answer is not the backend's", { code: "BAD_ANSWER", status, requestId, cause });
};

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
export const waiting = (milliseconds, signal) => {
  /** @type {any} */
  let timer;
  return until((over) => (timer = setTimeout(over, milliseconds)), signal).finally(() => clearTimeout(timer));
};

/** @type {(begin: (end: (value: any) => void) => unknown, signal?: AbortSignal) => Promise<void>} */
const until = (begin, signal) => {
  const work = bounded(signal);
  return new Promise((resolve, reject) => {
    const abort = () => reject(work.signal.reason);
    if (work.signal.aborted) abort();
    work.signal.addEventListener("abort", abort);
    begin(resolve);
  }).finally(work.end);
};

/**
 * A signal that aborts when the given one does, when the work is ended, or `silence` milliseconds after `heard` was called
 * last.
 *
 * @param {AbortSignal} [signal]
 * @param {number} [silence]
 */
export function bounded(signal, silence) {
  const controller = new AbortController();
  const { signal: both } = controller;
  const abort = () => controller.abort(signal?.reason);
  /** @type {any} */
  let timer;
  const heard = () => {
    clearTimeout(timer);
    if (silence && !both.aborted) timer = setTimeout(abort, silence);
  };
  both.addEventListener("abort", heard);
  signal?.addEventListener("abort", abort, { signal: both });
  if (signal?.aborted) abort();
  heard();
  return { signal: both, heard, end: abort };
}
