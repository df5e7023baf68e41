// A multipart upload: created or resumed, several parts at the same time, signed in batches, then completed or aborted.

import { childSignal, foreignResponse, isText } from "./control.js";
import { deleteUpload, digest, loadUpload, readBytes, saveUpload } from "./files.js";

/** Parts sent at the same time. */
const CONCURRENCY = 4;
/** Milliseconds for the request that aborts an upload, and before it for the end of one that creates or resumes it. */
const ABORT_TIMEOUT = 4000;
/** Parts of one upload that R2 accepts. */
const MAX_PARTS = 10_000;
/** Parts signed in one request. */
const BATCH_SIZE = 100;
/** The next batch is requested when fewer URLs than this are left. */
const MIN_URLS = 20;

export class MultipartUpload {
  #services;
  #options;
  /** @type {import("./types.js").UploadState | undefined} */
  #state;
  // Bytes sent, by part number.
  /** @type {Map<number, number>} */
  #sent = new Map();
  // The ETags of the parts that are stored with the bytes of this file, by part number.
  /** @type {Map<number, string | undefined>} */
  #etags = new Map();

  /**
   * @param {import("./types.js").Services} services
   * @param {import("./types.js").MultipartOptions} options
   */
  constructor(services, options) {
    this.#services = services;
    this.#options = options;
  }

  /** @returns {Promise<import("../ozon-r2.js").Uploaded>} */
  async run() {
    const { file, path, key, signal } = this.#options;
    try {
      const { urls, remaining, resumed } = await this.#createOrResume();
      await this.#sendParts(urls, remaining);
      const { public_url } = await this.#post("complete", { size: file.size, parts: this.#claimedParts() });
      if (!isText(public_url)) throw foreignResponse();
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
    const { uploadId, partSize } = this.#state ?? {};
    const fields = { r2_path: path, upload_id: uploadId, size, part_size: partSize, content_type: type };
    const begin = () => this.#begin(uploadId ? "resume" : "create", fields);
    const { data } = await this.#services.retries.run(begin, signal);
    /** @type {import("./types.js").Json} */
    const { uploaded = [], parts = data?.missing } = data ?? {};
    if (!isUpload(data, size) || !areStored(uploaded) || !areSigned(parts)) throw foreignResponse();
    if (data.restarted !== false) {
      this.#state = { uploadId: data.upload_id, size, partSize: data.part_size, parts: {} };
      await saveUpload(key, this.#state);
    }
    signal?.throwIfAborted();

    const remaining = new Set(Array.from({ length: data.part_count }, (_, index) => index + 1));
    const resumed = await this.#verify(uploaded, remaining);
    /** @type {import("./types.js").SignParts} */
    const sign = async (part_numbers, isRetried) => {
      /** @type {import("./types.js").Part[]} */
      const signed = (await this.#post("parts", { size, part_size: data.part_size, part_numbers }, isRetried)).parts;
      const isAmong = (/** @type {number} */ number) => signed.some(({ part_number }) => part_number === number);
      if (!areSigned(signed) || !part_numbers.every(isAmong)) throw foreignResponse();
      return signed;
    };
    return { urls: new PartURLs(remaining, sign, parts), remaining, resumed };
  }

  // Goes on for a while after the signal has aborted: without its ID, a new upload couldn't be aborted on the server.
  // One that can't be resumed is replaced by a new one.
  /** @type {(call: "create" | "resume", fields: object) => Promise<import("./types.js").Json>} */
  async #begin(call, fields) {
    const child = childSignal();
    this.#options.signal?.addEventListener("abort", () => child.touch(ABORT_TIMEOUT), { signal: child.signal });
    try {
      return await this.#services.backend.postOnce(route(call), fields, child.signal);
    } finally {
      child.abort();
    }
  }

  // Removes the parts from `remaining` that are stored with the bytes that the file has now. Returns their bytes.
  /** @type {(stored: import("./types.js").StoredPart[], remaining: Set<number>) => Promise<number>} */
  async #verify(stored, remaining) {
    let [verified, resumed] = [0, 0];
    for (const { part_number: number, size, etag } of stored) {
      this.#options.onBytes(resumed, verified);
      const sent = this.#state?.parts[number];
      const tag = bare(etag);
      if (sent && (sent.etag ?? tag) === tag) {
        const hash = await digest(await readBytes(this.#slice(number)));
        this.#options.signal?.throwIfAborted();
        if (hash === sent.digest) {
          remaining.delete(number);
          this.#sent.set(number, size);
          this.#etags.set(number, tag);
          resumed += size;
        }
      }
      verified += size;
    }
    this.#reportProgress();
    return resumed;
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
    /** @type {string | undefined} */
    let hash;
    // The digest is that of the bytes that are sent, even if the file changes in the meantime.
    const read = async () => {
      const bytes = await readBytes(this.#slice(number));
      hash = await digest(bytes);
      return new Blob([bytes]);
    };
    const onBytes = (/** @type {number} */ bytes) => {
      this.#sent.set(number, bytes);
      this.#reportProgress();
    };
    const signed = await urls.get(number);
    const etag = await this.#services.puts.send(
      read, signed, (used) => urls.replace(number, used?.upload_url), onBytes, signal);
    urls.delete(number);
    this.#etags.set(number, etag);
    if (!hash || !this.#state) return;
    this.#state.parts[number] = { digest: hash, etag };
    await saveUpload(this.#options.key, this.#state);
  }

  // The parts of this file, so that nothing else is completed; undefined if the bucket doesn't expose the ETags.
  #claimedParts() {
    const parts = [...this.#etags].sort(([a], [b]) => a - b).map(([part_number, etag]) => ({ part_number, etag }));
    return parts.every(({ etag }) => etag) ? parts : undefined;
  }

  // Aborts the upload on the server too. If that fails, the stored state remains for the next upload to this path.
  async #abort() {
    if (!this.#state) return;
    const { path, key } = this.#options;
    const { uploadId } = this.#state;
    this.#state = undefined;
    const child = childSignal(undefined, ABORT_TIMEOUT);
    try {
      const body = { r2_path: path, upload_id: uploadId };
      await this.#services.backend.postOnce(route("abort"), body, child.signal);
      await deleteUpload(key);
    } catch {
      // Then the bucket's lifecycle rule deletes the parts.
    } finally {
      child.abort();
    }
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

  /** @type {(call: string, fields: object, isRetried?: boolean) => Promise<import("./types.js").Json>} */
  async #post(call, fields, isRetried = true) {
    const { path, signal } = this.#options;
    const body = { r2_path: path, upload_id: this.#state?.uploadId, ...fields };
    const { backend } = this.#services;
    return (await backend[isRetried ? "post" : "postOnce"](route(call), body, signal)).data ?? {};
  }
}

/** @param {string} call */
const route = (call) => `/api/v1/r2/multipart/${call}`;
/** @type {(data: any, size: number) => boolean} */
const isUpload = (data, size) =>
  isText(data?.upload_id) && Number.isSafeInteger(data.part_size) && data.part_size > 0 &&
  data.part_count <= MAX_PARTS && data.part_count === Math.ceil(size / data.part_size);
/** @type {(parts: any) => boolean} */
const areSigned = (parts) =>
  Array.isArray(parts) && parts.every((part) => part?.part_number > 0 && isText(part.upload_url));
/** @type {(parts: any) => boolean} */
const areStored = (parts) =>
  Array.isArray(parts) && parts.every((part) => part?.part_number > 0 && part.size > 0 && isText(part.etag));
/** @param {string} etag */
const bare = (etag) => etag.replace(/"/g, "");

/** The presigned URLs of the parts in `remaining`, requested in batches before they are needed. */
class PartURLs {
  /** @type {Map<number, import("./types.js").Part>} */
  #parts = new Map();
  #remaining;
  #sign;
  // The requests that run; the one of replace() isn't retried.
  /** @type {Promise<void> | undefined} */
  #request;
  /** @type {Promise<void> | undefined} */
  #replacement;

  /**
   * @param {Set<number>} remaining  in ascending order
   * @param {import("./types.js").SignParts} sign
   * @param {import("./types.js").Part[]} parts  already signed
   */
  constructor(remaining, sign, parts) {
    this.#remaining = remaining;
    this.#sign = sign;
    this.#add(parts);
  }

  /** @type {(number: number) => Promise<import("./types.js").Part>} */
  async get(number) {
    for (;;) {
      const part = this.#parts.get(number);
      const later = [...this.#parts.keys()].filter((each) => each > number).length;
      const request = (!part || later < MIN_URLS) && this.#signMore();
      if (part) return part;
      await request;
    }
  }

  // Another URL after `used` has failed; the rest of its batch expires with it and is dropped. One attempt: the PUT
  // that needs the URL is retried.
  /** @type {(number: number, used?: string) => Promise<import("./types.js").Part>} */
  async replace(number, used) {
    if (this.#parts.get(number)?.upload_url === used) this.#parts.clear();
    for (;;) {
      const part = this.#parts.get(number);
      if (part) return part;
      this.#replacement ??= this.#signBatch(false).finally(() => (this.#replacement = undefined));
      await this.#replacement;
    }
  }

  /** @param {number} number */
  delete(number) {
    this.#remaining.delete(number);
    this.#parts.delete(number);
  }

  #signMore() {
    this.#request ??= this.#signBatch(true).finally(() => (this.#request = undefined));
    this.#request.catch(() => {}); // thrown by get() when the URL is needed
    return this.#request;
  }

  /** @param {boolean} isRetried */
  async #signBatch(isRetried) {
    const numbers = [...this.#remaining].filter((number) => !this.#parts.has(number)).slice(0, BATCH_SIZE);
    if (numbers.length > 0) this.#add(await this.#sign(numbers, isRetried));
  }

  /** @param {import("./types.js").Part[]} parts */
  #add(parts) {
    for (const part of parts) if (this.#remaining.has(part.part_number)) this.#parts.set(part.part_number, part);
  }
}
