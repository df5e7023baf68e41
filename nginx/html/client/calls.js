// HTTP calls: POST to the backend's endpoints, and PUT to presigned URLs.

import {
  TIMED_OUT, badResponse, childSignal, foreignResponse, limiter, networkError, responseError, throwNetworkError,
} from "./control.js";
import { checkReadable } from "./files.js";

/** Milliseconds without progress of a PUT, or a byte of a streamed response (the backend sends one every 5 s). */
const STALL_TIMEOUT = 60_000;
/** Milliseconds for a push's response. It takes at most 10 minutes, if OZON_PUSH_TIMEOUT is that long. */
const PUSH_TIMEOUT = 900_000;
/** Milliseconds for another response, for which nginx waits 60 s, or 240 s if it completes an upload. */
const POST_TIMEOUT = 65_000;
const COMPLETE_TIMEOUT = 300_000;
/** Milliseconds for a list in one piece, of which nothing arrives before it is complete. */
const LIST_TIMEOUT = 600_000;
/** Characters of a line of a streamed response. The backend's have at most some kilobytes for each image. */
const MAX_LINE = 4_000_000;
/** Milliseconds before the first byte of a PUT is sent: other pages may use all connections. */
const START_TIMEOUT = 300_000;
/** A PUT that fails while others succeed has one more attempt, after the pause of the fourth. */
const RENEWED_FAILURES = 3;
/** Bytes per second of the slowest line on which a PUT succeeds. */
const MIN_RATE = 30_000;

export class Backend {
  #baseURL;
  #apiKey;
  #retries;

  /**
   * @param {string} baseURL
   * @param {string | undefined} apiKey
   * @param {import("./types.js").Retries} retries
   */
  constructor(baseURL, apiKey, retries) {
    this.#baseURL = baseURL.replace(/\/+$/, "");
    this.#apiKey = apiKey;
    this.#retries = retries;
  }

  /** @type {import("./types.js").Backend["post"]} */
  post(path, body, signal) {
    return this.#retries.run(() => this.postOnce(path, body, signal), signal);
  }

  /** @type {import("./types.js").Backend["post"]} */
  async postOnce(path, body, signal) {
    const child = childSignal(signal, timeoutOf(path));
    try {
      const response = await this.#send(path, body, "application/json", child.signal);
      return parseObject(await response.text().catch(throwNetworkError), response);
    } finally {
      child.abort();
    }
  }

  /** @type {import("./types.js").Backend["stream"]} */
  async *stream(path, body, isStreamed, signal) {
    const child = childSignal(signal, isStreamed ? STALL_TIMEOUT : LIST_TIMEOUT);
    try {
      const response = await this.#send(path, body, isStreamed ? NDJSON : "application/json", child.signal);
      const type = response.headers.get("Content-Type") ?? "";
      if (type.startsWith("application/json")) {
        child.touch(LIST_TIMEOUT);
        const { data } = parseObject(await response.text().catch(throwNetworkError), response);
        if (!Array.isArray(data?.items)) throw badResponse(response);
        for (const [index, item] of data.items.entries()) yield { ...item, type: "item", index };
        yield { type: "done" };
        return;
      }
      if (!type.startsWith(NDJSON)) throw badResponse(response);
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      const decoder = new TextDecoder();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read().catch(throwNetworkError);
        if (done) return;
        child.touch();
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = /** @type {string} */ (lines.pop());
        if (rest.length > MAX_LINE) throw badResponse(response);
        for (const line of lines) if (line.trim()) yield parseObject(line, response);
      }
    } catch (error) {
      throw child.signal.reason === TIMED_OUT ? networkError(TIMED_OUT) : error;
    } finally {
      child.abort();
    }
  }

  /** @type {(path: string, body: object, accept: string, signal?: AbortSignal) => Promise<Response>} */
  #send(path, body, accept, signal) {
    const headers = new Headers({ "Content-Type": "application/json", Accept: accept });
    if (this.#apiKey) headers.set("X-API-Key", this.#apiKey);
    return fetchOK(this.#baseURL + path, { method: "POST", headers, body: JSON.stringify(body), signal });
  }
}

const NDJSON = "application/x-ndjson";

/** @param {string} path */
function timeoutOf(path) {
  if (path.includes("/ozon/push-")) return PUSH_TIMEOUT;
  return path.endsWith("/complete") ? COMPLETE_TIMEOUT : POST_TIMEOUT;
}

/** @type {(text: string, response: Response) => import("./types.js").Json} */
function parseObject(text, response) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badResponse(response, cause);
  }
  if (typeof value !== "object" || value === null) throw badResponse(response);
  return value;
}

/** @type {(url: string, request: RequestInit) => Promise<Response>} */
async function fetchOK(url, request) {
  const response = await fetch(url, request).catch(throwNetworkError);
  if (response.ok) return response;
  const text = await response.text().catch(throwNetworkError);
  throw responseError(response.status, text, (name) => response.headers.get(name));
}

/** @typedef {import("./types.js").Signed} Signed */

/**
 * The headers of a PUT. If they or the URL aren't valid, the error has no cause, which could contain the URL.
 *
 * @type {(signed: Signed) => Headers}
 */
function checkedHeaders({ upload_url, headers }) {
  try {
    new URL(upload_url);
    return new Headers(headers);
  } catch {
    throw foreignResponse();
  }
}

export class Puts {
  #retries;
  #limit;
  // The bytes of the PUTs that run, and for those that wait for a response, functions that begin its time again.
  #bytes = 0;
  /** How many PUTs have succeeded. */
  #stored = 0;
  /** @type {Set<() => void>} */
  #renewals = new Set();

  /**
   * @param {import("./types.js").Retries} retries
   * @param {number} concurrency  PUTs at the same time; the time of the others hasn't begun
   */
  constructor(retries, concurrency) {
    this.#retries = retries;
    this.#limit = limiter(concurrency);
  }

  /** @type {import("./types.js").Puts["send"]} */
  send(read, unused, sign, onBytes, signal) {
    /** @type {Signed | undefined} */
    let used;
    let stored = this.#stored;
    let isSigned = false;
    const put = async () => {
      isSigned = false;
      const signed = (!used && unused) || (await sign(used));
      used = signed;
      isSigned = true;
      return this.#put(await read(), signed.upload_url, checkedHeaders(signed), onBytes, signal);
    };
    const attempt = () => this.#limit(put, signal);
    const retryOnce403 = (/** @type {any} */ error) => {
      if (!isSigned || (error.status !== 403 && error.code !== "ExpiredRequest")) throw error;
      return attempt();
    };
    return this.#retries.run(async (renew) => {
      try {
        return await attempt().catch(retryOnce403);
      } finally {
        if (this.#stored !== stored) renew(RENEWED_FAILURES);
        stored = this.#stored;
      }
    }, signal);
  }

  /** @type {(...put: Parameters<import("./types.js").Put>) => Promise<string | undefined>} */
  async #put(blob, url, headers, onBytes, signal) {
    signal?.throwIfAborted();
    onBytes(0);
    this.#bytes += blob.size;
    for (const renew of this.#renewals) renew();
    try {
      // fetch() doesn't report the progress of a request; it is used where XMLHttpRequest doesn't exist.
      const put = globalThis.XMLHttpRequest ? this.#putByXHR : this.#putByFetch;
      const etag = await put.call(this, blob, url, headers, onBytes, signal);
      onBytes(blob.size);
      this.#stored += 1;
      return etag?.replace(/"/g, "");
    } catch (/** @type {any} */ error) {
      if (error.code === "NETWORK") await checkReadable(blob);
      throw error;
    } finally {
      this.#bytes -= blob.size;
    }
  }

  /** @type {import("./types.js").Put} */
  async #putByXHR(blob, url, headers, onBytes, signal) {
    const child = childSignal(signal, START_TIMEOUT);
    const awaitResponse = () => {
      child.touch(this.#responseTimeout);
      this.#renewals.add(awaitResponse);
    };
    try {
      const request = new XMLHttpRequest();
      child.signal.addEventListener("abort", () => request.abort());
      request.open("PUT", url);
      for (const [name, value] of headers) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded }) => {
        if (loaded < blob.size) child.touch(STALL_TIMEOUT);
        else awaitResponse();
        onBytes(loaded);
      };
      request.upload.onload = awaitResponse;
      await new Promise((resolve, reject) => {
        request.onload = resolve;
        request.onerror = request.onabort = () => reject(networkError());
        request.send(blob);
      });
      // getResponseHeader() writes an error into the console if the header isn't exposed.
      const lines = request.getAllResponseHeaders();
      const header = (/** @type {string} */ name) => new RegExp(`^${name}: *(.*)$`, "im").exec(lines)?.[1] ?? null;
      if (request.status > 299) throw responseError(request.status, request.responseText, header);
      return header("ETag");
    } finally {
      this.#renewals.delete(awaitResponse);
      child.abort();
    }
  }

  /** @type {import("./types.js").Put} */
  async #putByFetch(blob, url, headers, _, signal) {
    const child = childSignal(signal, START_TIMEOUT + this.#responseTimeout);
    try {
      const request = { method: "PUT", headers, body: blob, signal: child.signal };
      return (await fetchOK(url, request)).headers.get("ETag");
    } finally {
      child.abort();
    }
  }

  // Milliseconds for the response after the last byte was sent and the last PUT has begun. A proxy or an antivirus
  // program takes all bytes at once and forwards them at the speed of the line, which the PUTs share.
  get #responseTimeout() {
    return STALL_TIMEOUT + (this.#bytes / MIN_RATE) * 1000;
  }
}
