// HTTP calls: POST to the backend's endpoints.

import { badResponse, parseObject, responseError, throwNetworkError } from "./errors.js";
import { TIMED_OUT, childSignal } from "./signals.js";

/** Milliseconds without a byte of a streamed response; the backend sends one every 10 s. */
const STALL_TIMEOUT = 60_000;
/** Milliseconds for a list in one piece, of which nothing arrives before it is complete. */
const LIST_TIMEOUT = 600_000;

/** @typedef {Record<string, any>} Json */

export class Backend {
  #baseURL;
  #apiKey;
  #retries;

  /**
   * @param {string} baseURL
   * @param {string | undefined} apiKey
   * @param {import("./retry.js").Retries} retries
   */
  constructor(baseURL, apiKey, retries) {
    this.#baseURL = baseURL.replace(/\/+$/, "");
    this.#apiKey = apiKey;
    this.#retries = retries;
  }

  /** @type {(path: string, body: Json, signal?: AbortSignal) => Promise<Json>} */
  post(path, body, signal) {
    return this.#retries.run(() => this.postOnce(path, body, signal), signal);
  }

  /**
   * @param {string} path
   * @param {Json} body
   * @param {AbortSignal} [signal]
   * @returns {Promise<Json>}
   */
  async postOnce(path, body, signal) {
    const response = await this.#send(path, body, "application/json", signal);
    return parseObject(await response.text().catch(throwNetworkError), response);
  }

  /**
   * The objects of an NDJSON response. If the response is a list in one piece, because `isStreamed` is false or a proxy
   * has dropped the Accept header, they are made from its items. One attempt: only the caller knows what to request
   * again after a failure. The `cause` of an error is TIMED_OUT if the response took too long.
   *
   * @param {string} path
   * @param {Json} body
   * @param {boolean} isStreamed
   * @param {AbortSignal} [signal]
   * @returns {AsyncGenerator<Json, void>}
   */
  async *stream(path, body, isStreamed, signal) {
    const child = childSignal(signal, isStreamed ? STALL_TIMEOUT : LIST_TIMEOUT);
    const fail = (/** @type {any} */ error) =>
      throwNetworkError(child.signal.reason === TIMED_OUT ? TIMED_OUT : error);
    try {
      const accept = isStreamed ? "application/x-ndjson" : "application/json";
      const response = await this.#send(path, body, accept, child.signal).catch((error) => {
        throw error.code === "NETWORK" ? fail(error.cause) : error;
      });
      const type = response.headers.get("Content-Type") ?? "";
      if (type.startsWith("application/json")) {
        child.touch(LIST_TIMEOUT);
        yield* itemsOf(parseObject(await response.text().catch(fail), response), response);
        return;
      }
      if (!type.startsWith("application/x-ndjson")) throw badResponse(response);
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      const decoder = new TextDecoder();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read().catch(fail);
        if (done) return;
        child.touch();
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = /** @type {string} */ (lines.pop());
        for (const line of lines) if (line.trim()) yield parseObject(line, response);
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

/** @type {(list: Json, response: Response) => Generator<Json, void>} */
function* itemsOf({ data }, response) {
  if (!Array.isArray(data?.items)) throw badResponse(response);
  for (const [index, item] of data.items.entries()) yield { ...item, type: "item", index };
  yield { type: "done" };
}

/** @type {(url: string, request: RequestInit) => Promise<Response>} */
export async function fetchOK(url, request) {
  const response = await fetch(url, request).catch(throwNetworkError);
  if (response.ok) return response;
  const text = await response.text().catch(throwNetworkError);
  throw responseError(response.status, text, (name) => response.headers.get(name));
}
