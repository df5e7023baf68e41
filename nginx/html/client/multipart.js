// A multipart upload: created or resumed, several parts at the same time, signed in batches, then completed or aborted.

import { putSigned } from "./calls.js";
import { PartURLs } from "./part-urls.js";
import { childSignal, withRetry } from "./retry.js";
import { deleteUpload, digest, loadUpload, saveUpload } from "./upload-store.js";

/** Parts sent at the same time. */
const CONCURRENCY = 4;
/** Milliseconds for the request that aborts an upload. */
const ABORT_TIMEOUT = 10_000;

/** @typedef {import("./upload-store.js").UploadState} UploadState */

export class MultipartUpload {
  #backend;
  #options;
  /** @type {UploadState | undefined} */
  #state;
  // Bytes sent, by part number.
  /** @type {Map<number, number>} */
  #sent = new Map();

  /**
   * @param {import("./calls.js").Backend} backend
   * @param {{file: Blob, path: string, type?: string, key: string, signal?: AbortSignal,
   *   onBytes: (bytes: number) => void}} options
   *   key: identifies the upload in the browser's store
   */
  constructor(backend, options) {
    this.#backend = backend;
    this.#options = options;
  }

  /** @returns {Promise<import("../ozon-r2").Uploaded>} */
  async run() {
    const { file, path, key, signal } = this.#options;
    try {
      const { urls, remaining, resumed } = await this.#createOrResume();
      await this.#sendParts(urls, remaining);
      const { public_url } = await this.#post("complete", { size: file.size });
      await deleteUpload(key);
      return { r2_path: path, public_url, size: file.size, resumed };
    } catch (error) {
      if (signal?.aborted) await this.#abort();
      throw error;
    }
  }

  async #createOrResume() {
    const { file, path, type, key, signal } = this.#options;
    const size = file.size;
    this.#state = await loadUpload(key);
    if (this.#state && this.#state.size !== size) await this.#abort(); // another file
    const fields = { r2_path: path, size, content_type: type };
    /** @type {import("./calls.js").Json} */
    let data;
    if (this.#state) data = await this.#post("resume", { ...fields, part_size: this.#state.partSize });
    // Not aborted by the signal: without its ID, the new upload couldn't be aborted on the server.
    else data = (await withRetry(() => this.#backend.postOnce(route("create"), fields), signal)).data;
    if (data.restarted !== false) {
      this.#state = { uploadId: data.upload_id, size, partSize: data.part_size, digests: {} };
      await saveUpload(key, this.#state);
    }

    const remaining = new Set(Array.from({ length: data.part_count }, (_, index) => index + 1));
    let resumed = 0;
    for (const part of data.uploaded ?? []) {
      const stored = this.#state?.digests[part.part_number];
      if (!stored || stored !== (await digest(this.#slice(part.part_number)))) continue;
      remaining.delete(part.part_number);
      this.#sent.set(part.part_number, part.size);
      resumed += part.size;
    }
    this.#reportProgress();
    const sign = async (/** @type {number[]} */ part_numbers) =>
      (await this.#post("parts", { size, part_size: data.part_size, part_numbers })).parts;
    return { urls: new PartURLs(remaining, sign, data.parts ?? data.missing), remaining, resumed };
  }

  /** @type {(urls: PartURLs, remaining: Set<number>) => Promise<void>} */
  async #sendParts(urls, remaining) {
    const numbers = [...remaining].values();
    const child = childSignal(this.#options.signal);
    const worker = async () => {
      for (const number of numbers) await this.#sendPart(number, urls, child.signal);
    };
    const workers = Array.from({ length: CONCURRENCY }, worker);
    try {
      await Promise.all(workers);
    } finally {
      child.abort(); // when one worker has failed, the others end
      await Promise.allSettled(workers);
    }
  }

  /** @type {(number: number, urls: PartURLs, signal: AbortSignal) => Promise<void>} */
  async #sendPart(number, urls, signal) {
    const blob = this.#slice(number);
    const onBytes = (/** @type {number} */ bytes) => {
      this.#sent.set(number, bytes);
      this.#reportProgress();
    };
    const signed = await urls.get(number);
    await putSigned(blob, signed, ({ upload_url }) => urls.replace(number, upload_url), onBytes, signal);
    urls.delete(number);
    const hash = await digest(blob);
    if (!hash || !this.#state) return;
    this.#state.digests[number] = hash;
    await saveUpload(this.#options.key, this.#state);
  }

  /** Aborts the upload on the server too; if that fails, the bucket's lifecycle rule does it later. */
  async #abort() {
    if (!this.#state) return;
    const { path, key } = this.#options;
    const child = childSignal(undefined, ABORT_TIMEOUT);
    const body = { r2_path: path, upload_id: this.#state.uploadId };
    await this.#backend.post(route("abort"), body, child.signal).catch(() => {});
    child.abort();
    this.#state = undefined;
    await deleteUpload(key);
  }

  /** @param {number} number */
  #slice(number) {
    const { partSize = 0 } = this.#state ?? {};
    return this.#options.file.slice((number - 1) * partSize, number * partSize);
  }

  #reportProgress() {
    let sum = 0;
    for (const bytes of this.#sent.values()) sum += bytes;
    this.#options.onBytes(sum);
  }

  /** @type {(call: string, fields: object) => Promise<import("./calls.js").Json>} */
  async #post(call, fields) {
    const body = { r2_path: this.#options.path, upload_id: this.#state?.uploadId, ...fields };
    return (await this.#backend.post(route(call), body, this.#options.signal)).data;
  }
}

/** @param {string} call */
const route = (call) => `/api/v1/r2/multipart/${call}`;
