// The two kinds of calls: POST to the backend's endpoints, and PUT to presigned URLs.

import { OzonR2Error, answerError, linked, networkError, retrying } from "./retrying.js";

/** Milliseconds without a byte of a streamed answer (the backend sends one every 10 s), or of progress of a PUT. */
const SILENCE = 30_000;

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
    const call = linked(signal);
    const heard = watchdog(call);
    try {
      const response = await this.#send(path, body, "application/x-ndjson", call.signal);
      if (!response.headers.get("Content-Type")?.startsWith("application/x-ndjson")) throw badAnswer(response);
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      const decoder = new TextDecoder();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read().catch(asNetworkError);
        if (done) return;
        heard();
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = /** @type {string} */ (lines.pop());
        for (const line of lines) if (line) yield JSON.parse(line);
      }
    } finally {
      call.abort();
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
  const work = linked(signal);
  try {
    if (globalThis.XMLHttpRequest) {
      const request = new XMLHttpRequest();
      const moved = watchdog(work);
      work.signal.addEventListener("abort", () => request.abort());
      request.open("PUT", upload_url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded }) => {
        moved();
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
    work.abort();
  }
  onBytes(blob.size);
};

/**
 * Aborts the work when it has been silent for too long; to be called at each sign of life.
 *
 * @param {AbortController} work
 */
function watchdog(work) {
  let heard = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - heard > SILENCE) work.abort();
  }, 1000);
  work.signal.addEventListener("abort", () => clearInterval(timer));
  return () => {
    heard = Date.now();
  };
}

/** @type {(cause: unknown) => never} */
function asNetworkError(cause) {
  throw networkError(cause);
}

/** @type {(response: Response, cause?: unknown) => OzonR2Error} */
const badAnswer = ({ status, headers }, cause) => {
  const requestId = headers.get("X-Request-Id") ?? "";
  return new OzonR2Error("The answer is not the backend's", { code: "BAD_ANSWER", status, requestId, cause });
};
