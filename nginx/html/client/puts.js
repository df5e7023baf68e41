// PUTs of objects and parts to presigned URLs.

import { fetchOK } from "./calls.js";
import { networkError, responseError } from "./errors.js";
import { checkReadable } from "./files.js";
import { childSignal, limiter } from "./signals.js";

/** Milliseconds before the first byte is sent: the browser may have no free connection, because of another page. */
const START_TIMEOUT = 300_000;
/** Milliseconds without progress while bytes are sent. */
const STALL_TIMEOUT = 60_000;
/** Bytes per second of the slowest line on which a PUT succeeds. */
const MIN_RATE = 30_000;

/** @typedef {{upload_url: string, headers?: Record<string, string>}} Signed  where and how to PUT an object */
/** @typedef {(bytes: number) => void} OnBytes  receives how many bytes of a body have been sent */

export class Puts {
  #retries;
  #limit;
  // The bytes of the PUTs that run.
  #bytes = 0;
  // Functions that begin the time for a response again, of the PUTs that wait for theirs.
  /** @type {Set<() => void>} */
  #renewals = new Set();

  /**
   * @param {import("./retry.js").Retries} retries
   * @param {number} concurrency  PUTs at the same time; the others wait, and their time doesn't count
   */
  constructor(retries, concurrency) {
    this.#retries = retries;
    this.#limit = limiter(concurrency);
  }

  /**
   * Stores a blob, with retries. Each retry uses a new URL: the old one may have expired, and because R2 then rejects
   * the preflight, the browser reports only a network error.
   *
   * @param {() => Promise<Blob>} read  called for each attempt, when it begins. The type of the blob, if it has one, is
   *   the Content-Type unless the headers have another.
   * @param {Signed} signed
   * @param {(used: Signed) => Promise<Signed>} signAgain
   * @param {OnBytes} onBytes
   * @param {AbortSignal} [signal]
   * @returns {Promise<string | undefined>}  the ETag without quotes, if the bucket's CORS rule exposes it
   */
  send(read, signed, signAgain, onBytes, signal) {
    let isUsed = false;
    const attempt = async () => {
      if (isUsed) signed = await signAgain(signed);
      isUsed = true;
      return this.#limit(async () => this.#put(await read(), signed, onBytes, signal), signal);
    };
    const retryOnce403 = (/** @type {any} */ error) => {
      if (error.status !== 403 && error.code !== "ExpiredRequest") throw error;
      return attempt();
    };
    return this.#retries.run(() => attempt().catch(retryOnce403), signal);
  }

  /** @type {(blob: Blob, signed: Signed, onBytes: OnBytes, signal?: AbortSignal) => Promise<string | undefined>} */
  async #put(blob, signed, onBytes, signal) {
    signal?.throwIfAborted();
    onBytes(0);
    this.#bytes += blob.size;
    for (const renew of this.#renewals) renew();
    try {
      // fetch() doesn't report the progress of a request; it is used where XMLHttpRequest doesn't exist.
      const put = globalThis.XMLHttpRequest ? this.#putByXHR : this.#putByFetch;
      const etag = await put.call(this, blob, signed, onBytes, signal);
      onBytes(blob.size);
      return etag?.replace(/"/g, "");
    } catch (/** @type {any} */ error) {
      if (error.code === "NETWORK") await checkReadable(blob);
      throw error;
    } finally {
      this.#bytes -= blob.size;
    }
  }

  /** @type {(blob: Blob, signed: Signed, onBytes: OnBytes, signal?: AbortSignal) => Promise<string | null>} */
  async #putByXHR(blob, { upload_url, headers = {} }, onBytes, signal) {
    const child = childSignal(signal, START_TIMEOUT);
    const awaitResponse = () => {
      child.touch(this.#responseTimeout);
      this.#renewals.add(awaitResponse);
    };
    try {
      const request = new XMLHttpRequest();
      child.signal.addEventListener("abort", () => request.abort());
      request.open("PUT", upload_url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded }) => {
        if (loaded < blob.size) child.touch(STALL_TIMEOUT);
        else awaitResponse();
        onBytes(loaded);
      };
      request.upload.onload = awaitResponse;
      await new Promise((resolve, reject) => {
        request.onload = resolve;
        request.onerror = request.onabort = () => reject(networkError(child.signal.reason));
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

  /** @type {(blob: Blob, signed: Signed, _: OnBytes, signal?: AbortSignal) => Promise<string | null>} */
  async #putByFetch(blob, { upload_url, headers }, _, signal) {
    const child = childSignal(signal, START_TIMEOUT + this.#responseTimeout);
    try {
      const request = { method: "PUT", headers, body: blob, signal: child.signal };
      return (await fetchOK(upload_url, request)).headers.get("ETag");
    } finally {
      child.abort();
    }
  }

  /**
   * Milliseconds for the response after the last byte was sent and the last PUT has begun. A proxy or an antivirus
   * program takes all bytes at once and forwards them at the speed of the line, which the PUTs share.
   */
  get #responseTimeout() {
    return STALL_TIMEOUT + (this.#bytes / MIN_RATE) * 1000;
  }
}
