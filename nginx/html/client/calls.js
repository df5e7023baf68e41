// HTTP calls: POST to the backend's endpoints and PUT to presigned URLs.

import { badResponse, networkError, responseError, throwNetworkError } from "./errors.js";
import { childSignal, withRetry } from "./retry.js";

/** Milliseconds without progress of a PUT, or a byte of a streamed response (the backend sends one every 10 s). */
const STALL_TIMEOUT = 60_000;

/** @typedef {Record<string, any>} Json */
/** @typedef {{upload_url: string, headers?: Record<string, string>}} Signed  where and how to PUT an object */
/** @typedef {(bytes: number) => void} OnBytes  receives how many bytes of a body have been sent */

export class Backend {
  #baseURL;
  #apiKey;

  /**
   * @param {string} baseURL
   * @param {string} [apiKey]
   */
  constructor(baseURL, apiKey) {
    this.#baseURL = baseURL.replace(/\/+$/, "");
    this.#apiKey = apiKey;
  }

  /** @type {(path: string, body: Json, signal?: AbortSignal) => Promise<Json>} */
  post(path, body, signal) {
    return withRetry(() => this.postOnce(path, body, signal), signal);
  }

  /**
   * @param {string} path
   * @param {Json} body
   * @param {AbortSignal} [signal]
   * @returns {Promise<Json>}
   */
  async postOnce(path, body, signal) {
    const response = await this.#send(path, body, "application/json", signal);
    const text = await response.text().catch(throwNetworkError);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw badResponse(response, cause);
    }
  }

  // The objects of an NDJSON response. One attempt: only the caller knows what to request again after a failure.
  /** @type {(path: string, body: Json, signal?: AbortSignal) => AsyncGenerator<Json, void>} */
  async *stream(path, body, signal) {
    const child = childSignal(signal, STALL_TIMEOUT);
    try {
      const response = await this.#send(path, body, "application/x-ndjson", child.signal);
      if (!response.headers.get("Content-Type")?.startsWith("application/x-ndjson")) throw badResponse(response);
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      const decoder = new TextDecoder();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read().catch(throwNetworkError);
        if (done) return;
        child.touch();
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = /** @type {string} */ (lines.pop());
        for (const line of lines) if (line) yield JSON.parse(line);
      }
    } finally {
      child.abort();
    }
  }

  /** @type {(path: string, body: Json, accept: string, signal?: AbortSignal) => Promise<Response>} */
  #send(path, body, accept, signal) {
    const headers = new Headers({ "Content-Type": "application/json", Accept: accept });
    if (this.#apiKey) headers.set("X-API-Key", this.#apiKey);
    return fetchOK(this.#baseURL + path, { method: "POST", headers, body: JSON.stringify(body), signal });
  }
}

/**
 * Stores the blob, with retries. Each retry uses a new URL: the old one may have expired, and because R2 then rejects
 * the preflight, the browser reports only a network error.
 *
 * @param {Blob} blob  its type, if it has one, is the Content-Type unless `headers` has another
 * @param {Signed} signed
 * @param {(used: Signed) => Promise<Signed>} signAgain
 * @param {OnBytes} onBytes
 * @param {AbortSignal} [signal]
 */
export function putSigned(blob, signed, signAgain, onBytes, signal) {
  let isUsed = false;
  const attempt = async () => {
    if (isUsed) signed = await signAgain(signed);
    isUsed = true;
    await put(blob, signed, onBytes, signal);
  };
  const retryOnce403 = (/** @type {any} */ error) => {
    if (error.status !== 403 && error.code !== "ExpiredRequest") throw error;
    return attempt();
  };
  return withRetry(() => attempt().catch(retryOnce403), signal);
}

/** @typedef {(blob: Blob, signed: Signed, onBytes: OnBytes, signal?: AbortSignal) => Promise<void>} Put */

/** @type {Put} */
async function put(blob, signed, onBytes, signal) {
  signal?.throwIfAborted();
  onBytes(0);
  // fetch() doesn't report the progress of a request; it is used where XMLHttpRequest doesn't exist.
  await (globalThis.XMLHttpRequest ? putByXHR : putByFetch)(blob, signed, onBytes, signal);
  onBytes(blob.size);
}

/** @type {Put} */
async function putByXHR(blob, { upload_url, headers = {} }, onBytes, signal) {
  const child = childSignal(signal, STALL_TIMEOUT);
  try {
    const request = new XMLHttpRequest();
    child.signal.addEventListener("abort", () => request.abort());
    request.open("PUT", upload_url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => {
      child.touch();
      onBytes(loaded);
    };
    await new Promise((resolve, reject) => {
      request.onload = resolve;
      request.onerror = request.onabort = () => reject(networkError());
      request.send(blob);
    });
    if (request.status > 299) throw responseError(request.status, request.responseText);
  } finally {
    child.abort();
  }
}

/** @type {Put} */
async function putByFetch(blob, { upload_url, headers }, _, signal) {
  await fetchOK(upload_url, { method: "PUT", headers, body: blob, signal });
}

/** @type {(url: string, request: RequestInit) => Promise<Response>} */
async function fetchOK(url, request) {
  const response = await fetch(url, request).catch(throwNetworkError);
  if (response.ok) return response;
  const text = await response.text().catch(throwNetworkError);
  throw responseError(response.status, text, (name) => response.headers.get(name));
}
